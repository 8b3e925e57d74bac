const PATIENCE_MS = 12_000;

/** Why a call failed: `status` is 0 where no answer came, `message` is a sentence for people. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Call the JSON interface. Everything that goes wrong becomes a Problem, so that callers have one
 * kind of failure to show.
 * @param {string} method
 * @param {string} url
 * @param {object} [body]
 * @param {number} [patienceMs]  how long to wait for the answer
 * @returns {Promise<any>}  the parsed answer, or null where it is empty
 */
export async function call(method, url, body, patienceMs = PATIENCE_MS) {
  let response;
  let text;
  try {
    response = await fetch(url, {
      method,
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    });
    text = await response.text();
  } catch {
    throw new Problem(0, "The game could not be reached.");
  }
  const answer = parsed(text);
  if (!response.ok) throw new Problem(response.status, sentence(response, answer));
  if (answer === undefined) throw new Problem(0, "The answer could not be read.");
  return answer;
}

function parsed(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentence(response, problem) {
  if (response.status === 429) {
    const seconds = Number(response.headers.get("Retry-After"));
    const wait = seconds > 0 ? `${seconds} second${seconds === 1 ? "" : "s"}` : "a moment";
    return `That was quick. Please wait ${wait}.`;
  }
  if (response.status === 503 && problem?.detail) return problem.detail;
  if (response.status >= 500) return "Something went wrong on our side.";
  return problem?.errors?.[0]?.message ?? problem?.detail ?? problem?.title ?? "That did not work.";
}
