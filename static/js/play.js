/** The play page: asks, sends, reveals, goes on. All truth is the server's; this only shows it. */

import { Problem, call } from "./api.js";
import { byId, element } from "./dom.js";
import { drawPassage, lastWords } from "./passage.js";
import { drawRace } from "./race.js";
import { revealBars, revealWords } from "./reveal.js";
import { showGap, showReveal } from "./scroll.js";

const SAY_SENDING_AFTER_MS = 400;

const game = byId("game");
const form = byId("guess-form");
const gap = byId("guess");
const nextButton = byId("next");
const race = byId("race");
const { apiUrl, nextUrl } = game.dataset;
const touch = matchMedia("(hover: none) and (pointer: coarse)");

let round = JSON.parse(byId("round-data").textContent);
const total = round.asked?.of ?? round.answers.length;
let sending = false;
let slow;

/** Show the round as it asks for the next word. */
function ask() {
  if (round.finished) {
    location.assign(nextUrl);
    return;
  }
  game.dataset.state = "asking";
  drawRace(race, round, total, true);
  drawPassage(byId("passage-text"), round, false);
  byId("context").textContent = `After: ${lastWords(round.text)}`;
  byId("reveal").hidden = true;
  byId("reveal-words").replaceChildren();
  gap.hidden = false;
  gap.value = "";
  byId("ask").hidden = false;
  drawSuggestions();
  say("");
  focusGap();
}

/** Show what the author wrote, and wait until the player has read it. */
function reveal(answer) {
  game.dataset.state = "revealed";
  drawRace(race, round, total, false);
  drawPassage(byId("passage-text"), round, true);
  gap.hidden = true;
  byId("ask").hidden = true;
  byId("reveal-words").replaceChildren(...revealWords(answer, round));
  byId("reveal-bars").replaceChildren(revealBars(answer));
  nextButton.textContent = round.finished ? "See the result" : `Next ${round.unit.slice(0, -1)}`;
  byId("reveal").hidden = false;
  nextButton.focus({ preventScroll: true });
  showReveal(document.querySelector(".asked.latest") ?? byId("passage"), nextButton, race);
}

function drawSuggestions() {
  const buttons = (round.asked.suggestions ?? []).map((text) => {
    const button = element("button", { type: "button", class: "button quiet" }, text);
    button.addEventListener("click", () => settle({ text }));
    return element("li", {}, button);
  });
  byId("suggestions").replaceChildren(...buttons);
  byId("suggestions").hidden = buttons.length === 0;
}

/** On a phone the keyboard would cover the suggestions, so there the player opens it. */
function focusGap() {
  if (!(touch.matches && round.asked.suggestions)) gap.focus({ preventScroll: true });
  showGap(gap, race);
}

/** Show a sentence beside the gap; an empty one takes it away. */
function say(sentence) {
  byId("guess-error").textContent = sentence;
  gap.setAttribute("aria-invalid", sentence ? "true" : "false");
}

/**
 * Send an answer for the asked position. The server gives the same answer to the same request, so
 * trying again after a failure is safe.
 * @param {{text: string} | {skip: true}} answer
 */
async function settle(answer) {
  if (sending || game.dataset.state !== "asking") return;
  let outcome;
  busy(true);
  try {
    const body = { position: round.asked.position, ...answer };
    outcome = await call("POST", `${apiUrl}/guesses`, body);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    busy(false);
    await recover(problem, answer);
    return;
  }
  busy(false);
  round = outcome.round;
  reveal(outcome.answer);
}

/** Say what failed. The text stays in the gap: nothing is lost, and Enter tries again. */
async function recover(problem, answer) {
  if (problem.status === 409 && (await catchUp())) return;
  const passing = [0, 409, 429].includes(problem.status) || problem.status >= 500;
  if (answer.text !== undefined) gap.value = answer.text;
  const again = answer.skip
    ? "Press Skip to try again."
    : "Your guess is still here; press Enter to try again.";
  say(passing ? `${problem.message} ${again}` : problem.message);
  focusGap();
}

/** The round went on elsewhere (another tab): show where it stands. Tells whether that worked. */
async function catchUp() {
  try {
    round = await call("GET", apiUrl);
  } catch {
    return false;
  }
  ask();
  if (!round.finished) say("This round went on in another tab. Here is where it stands.");
  return true;
}

/** Hold everything while an answer is on its way; say so only if that takes a while. */
function busy(now) {
  sending = now;
  clearTimeout(slow);
  byId("sending").textContent = "";
  if (now) slow = setTimeout(() => { byId("sending").textContent = "Sending"; }, SAY_SENDING_AFTER_MS);
  form.setAttribute("aria-busy", String(now));
  form.classList.toggle("busy", now);
  gap.readOnly = now;
  for (const button of form.querySelectorAll("button")) button.disabled = now;
}

function goOn() {
  if (game.dataset.state === "revealed") ask();
}

function insert(sign) {
  gap.setRangeText(sign, gap.selectionStart, gap.selectionEnd, "end");
  gap.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = gap.value.trim();
  if (text) settle({ text });
  else say("Type a guess, or skip.");
});
form.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.repeat) return;
  event.preventDefault();
  settle({ skip: true });
});
gap.addEventListener("input", () => say(""));
byId("skip").addEventListener("click", () => settle({ skip: true }));
document.getElementById("line-end")?.addEventListener("click", () => insert("\u23ce"));

nextButton.addEventListener("click", goOn);
// A held Enter guesses and would go on at once: the reveal is not to be missed.
nextButton.addEventListener("keydown", (event) => {
  if (event.repeat) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.repeat && event.target === document.body) goOn();
});
window.visualViewport?.addEventListener("resize", () => {
  if (document.activeElement === gap) showGap(gap, race);
});

ask();
