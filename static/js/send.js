/** How every page sends: one call at a time, announced, repeated once, failures reported. */

const PATIENCE_MS = 12_000;
const REPEAT_AFTER_MS = 700;
const TELL_SENDING = [[400, "Sending"]];

/** Why a call failed: `status` is 0 where no answer came, `message` is a sentence for people. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {boolean} wasRefused  whether no connection was made, so that repeating costs no wait
   */
  constructor(status, message, wasRefused = false) {
    super(message);
    this.status = status;
    this.wasRefused = wasRefused;
  }

  /** Whether the same request may well succeed later. */
  get isPassing() {
    return [0, 409, 429].includes(this.status) || this.status >= 500;
  }
}

/**
 * Show a sentence in its place on the page; an empty one takes it away.
 * @param {HTMLElement} place
 * @param {string} sentence
 * @param {HTMLElement} [field]  the field it is about, marked as wrong for screen readers
 */
export function report(place, sentence, field) {
  place.textContent = sentence;
  field?.setAttribute("aria-invalid", String(sentence !== ""));
}

/**
 * Return the function that an area of the page sends its calls through.
 * @param {HTMLElement} area  its buttons and its one-line fields are held while a call lasts
 * @param {HTMLElement[]} statuses  where a slow call is announced
 * @returns {(call: Call) => Promise<{answer: any} | null>}  null where another call is under way,
 *   or this one failed and was reported
 *
 * @typedef {object} Call  every call must be safe to repeat
 * @property {string} method
 * @property {string} url
 * @property {object} [body]
 * @property {HTMLElement} place  where a failure is reported, in place of the last one
 * @property {HTMLElement} [field]
 * @property {string} [kept]  added to a passing failure: what is not lost, and how to try again
 * @property {[number, string][]} [tell]  after how many milliseconds to say what
 * @property {number} [patienceMs]  how long to wait for the answer
 * @property {(problem: Problem) => Promise<boolean>} [recover]  tells whether it made up for the failure
 */
export function sender(area, statuses) {
  let isUnderWay = false;

  async function send(call) {
    if (isUnderWay) return null;
    isUnderWay = true;
    report(call.place, "", call.field);
    const release = hold(area);
    const silence = announce(statuses, call.tell ?? TELL_SENDING);
    try {
      return { answer: await insist(call) };
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (await call.recover?.(problem)) return null;
      const kept = problem.isPassing && call.kept ? ` ${call.kept}` : "";
      report(call.place, problem.message + kept, call.field);
      return null;
    } finally {
      silence();
      release();
      isUnderWay = false;
    }
  }

  return send;
}

/**
 * Call the JSON interface. Everything that goes wrong becomes a Problem, so that callers have one
 * kind of failure to show.
 * @param {string} method
 * @param {string} url
 * @param {object} [body]
 * @param {number} [patienceMs]
 * @returns {Promise<any>}  the parsed answer, or null where it is empty
 */
export async function exchange(method, url, body, patienceMs = PATIENCE_MS) {
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
  } catch (error) {
    throw new Problem(0, "The game could not be reached.", error.name !== "TimeoutError");
  }
  const answer = parsed(text);
  if (!response.ok) throw new Problem(response.status, sentence(response, answer));
  if (answer === undefined) throw new Problem(0, "The answer could not be read.");
  return answer;
}

/** Send; where the connection failed at once, as on a train, send the same again. */
async function insist({ method, url, body, patienceMs }) {
  try {
    return await exchange(method, url, body, patienceMs);
  } catch (problem) {
    if (!problem.wasRefused) throw problem;
  }
  await new Promise((resolve) => { setTimeout(resolve, REPEAT_AFTER_MS); });
  return exchange(method, url, body, patienceMs);
}

/** Hold whatever could send again. The focus is given back: a held button loses it. */
function hold(area) {
  const focused = document.activeElement;
  const buttons = [...area.querySelectorAll("button:enabled")];
  const fields = [...area.querySelectorAll("input[type=text]")];
  area.classList.add("busy");
  for (const button of buttons) button.disabled = true;
  for (const field of fields) field.readOnly = true;
  return () => {
    area.classList.remove("busy");
    for (const button of buttons) button.disabled = false;
    for (const field of fields) field.readOnly = false;
    if (document.activeElement === document.body) focused?.focus({ preventScroll: true });
  };
}

function announce(statuses, tell) {
  const say = (text) => { for (const status of statuses) status.textContent = text; };
  const timers = tell.map(([ms, text]) => setTimeout(() => say(text), ms));
  return () => {
    for (const timer of timers) clearTimeout(timer);
    say("");
  };
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
