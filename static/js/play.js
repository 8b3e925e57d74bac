/** The play page: asks, sends, reveals, goes on. All truth is the server's; this only shows it. */

import { Problem, call } from "./api.js";
import { betBars, betWords, openBet } from "./bet.js";
import { byId, element } from "./dom.js";
import { duelBars, duelWords, openDuel } from "./duel.js";
import { drawPassage, lastWords } from "./passage.js";
import { drawRace } from "./race.js";
import { revealBars, revealWords } from "./reveal.js";
import { showBelow, showGap } from "./scroll.js";

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
let panel = null; // what a bet or a duel is made with, while one is open

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
  say("");
  openPanel();
  const typing = panel === null;
  gap.hidden = !typing;
  byId("ask").hidden = !typing;
  byId("blank").hidden = typing;
  if (typing) {
    gap.value = "";
    drawSuggestions();
    drawTries();
    focusGap();
  } else {
    showBelow(byId("blank"), form.querySelector(".panel:not([hidden])"), race);
  }
}

/** Open what a bet or a duel is made with, if that is what the round waits for. */
function openPanel() {
  for (const id of ["bet", "duel"]) {
    const node = document.getElementById(id);
    if (node) node.hidden = true;
  }
  panel = null;
  if (round.asked.options) panel = openBet(byId("bet"), round.asked, round);
  else if (round.asked.pair) panel = openDuel(byId("duel"), round.asked);
}

/** Show what the author wrote, and wait until the player has read it. */
function reveal(answer) {
  game.dataset.state = "revealed";
  drawRace(race, round, total, false);
  drawPassage(byId("passage-text"), round, true);
  gap.hidden = true;
  byId("blank").hidden = true;
  byId("ask").hidden = true;
  byId("tried").textContent = "";
  if (panel) panel.close();
  panel = null;
  const [words, bars] = drawn(answer);
  byId("reveal-words").replaceChildren(...words);
  byId("reveal-bars").replaceChildren(bars);
  nextButton.textContent = round.finished ? "See the result" : `Next ${round.unit.slice(0, -1)}`;
  byId("reveal").hidden = false;
  nextButton.focus({ preventScroll: true });
  showBelow(document.querySelector(".asked.latest") ?? byId("passage"), byId("reveal"), race);
}

/** The reveal of each mode: its sentences and its bars. */
function drawn(answer) {
  if (round.mode === "duel") return [duelWords(answer, round), duelBars(answer, round)];
  if (round.mode === "bet") return [betWords(answer, round), betBars(answer, round)];
  return [revealWords(answer, round), revealBars(answer)];
}

/** In mode tries: what was tried here, and how many tries are left. */
function drawTries() {
  const { tries, tries_left: left } = round.asked;
  if (left === null || tries.length === 0) {
    byId("tried").textContent = "";
    return;
  }
  const words = tries.map((text) => `“${text}”`).join(", ");
  byId("tried").textContent = `Not ${words}. ${left} ${left === 1 ? "try" : "tries"} left.`;
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
  const tries = round.asked.tries_left === null ? {} : { attempt: round.asked.tries.length + 1 };
  await send("guesses", { position: round.asked.position, ...tries, ...answer }, answer);
}

/**
 * Send the bet or the judgement as it stands in its panel. One that nobody has touched takes a
 * second Enter: the first may have been meant for what came before.
 */
async function settlePanel() {
  if (panel.untouched()) {
    say(panel.kind === "bets"
      ? "Nothing is staked yet. Enter again leaves it all on “something else”."
      : "You lean to neither side yet. Enter again says even.");
    return;
  }
  await send(panel.kind, { position: round.asked.position, ...panel.answer() }, {});
}

async function send(kind, body, answer) {
  if (sending || game.dataset.state !== "asking") return;
  let outcome;
  busy(true);
  try {
    outcome = await call("POST", `${apiUrl}/${kind}`, body);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    busy(false);
    await recover(problem, answer);
    return;
  }
  busy(false);
  round = outcome.round;
  if (outcome.answer) reveal(outcome.answer);
  else ask();
}

/** Say what failed. The text stays in the gap: nothing is lost, and Enter tries again. */
async function recover(problem, answer) {
  if (problem.status === 409 && (await catchUp())) return;
  const passing = [0, 409, 429].includes(problem.status) || problem.status >= 500;
  if (answer.text !== undefined) gap.value = answer.text;
  const kept = panel ? "Nothing is lost" : "Your guess is still here";
  const again = answer.skip ? "Press Skip to try again." : `${kept}; press Enter to try again.`;
  say(passing ? `${problem.message} ${again}` : problem.message);
  if (!panel) focusGap();
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
  saySending("");
  if (now) slow = setTimeout(() => saySending("Sending"), SAY_SENDING_AFTER_MS);
  form.setAttribute("aria-busy", String(now));
  form.classList.toggle("busy", now);
  gap.readOnly = now;
  for (const button of form.querySelectorAll("button")) button.disabled = now;
}

function saySending(text) {
  for (const node of form.querySelectorAll(".sending")) node.textContent = text;
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
  if (panel) {
    settlePanel();
    return;
  }
  const text = gap.value.trim();
  if (text) settle({ text });
  else say("Type a guess, or skip.");
});
form.addEventListener("keydown", (event) => {
  if (panel || event.key !== "Escape" || event.isComposing || event.repeat) return;
  event.preventDefault();
  settle({ skip: true });
});
form.addEventListener("input", () => say(""));
byId("skip").addEventListener("click", () => settle({ skip: true }));
document.getElementById("line-end")?.addEventListener("click", () => insert("\u23ce"));

nextButton.addEventListener("click", goOn);
// A held Enter guesses and would go on at once: the reveal is not to be missed.
nextButton.addEventListener("keydown", (event) => {
  if (event.repeat) event.preventDefault();
});
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.type !== "range") return;
  event.preventDefault(); // browsers differ in whether Enter on a slider sends its form
  if (panel && !event.repeat) settlePanel();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.repeat && event.target === document.body) goOn();
});
window.visualViewport?.addEventListener("resize", () => {
  if (document.activeElement === gap) showGap(gap, race);
});

ask();
