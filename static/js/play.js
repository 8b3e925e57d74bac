/** The play page: asks, sends, reveals, goes on. The server decides everything; this only shows it. */

import { byId, element } from "./dom.js";
import { opening } from "./home/opening.js";
import { keep, recall } from "./memory.js";
import { drawPassage, lastWords } from "./passage.js";
import { hasPoints, rise, sums } from "./play/points.js";
import { drawRace } from "./race.js";
import { revealBars, revealWords } from "./reveal.js";
import { showBelow, showGap } from "./scroll.js";
import { Problem, exchange, report, sender } from "./send.js";

const TYPED = "perplexed-typed";
const REVEALED = "perplexed-revealed";

const game = byId("game");
const form = byId("guess-form");
const gap = byId("guess");
const nextButton = byId("next");
const race = byId("race");
const send = sender(form, [...form.querySelectorAll(".sending")]);
const touch = matchMedia("(hover: none) and (pointer: coarse)");

let round = JSON.parse(byId("round-data").textContent);
const total = round.asked?.of ?? round.answers.length;
let panel = null; // where a bet or a duel is answered, while one is open
// What one mode alone needs is loaded for it alone.
const { betBars, betWords, openBet } = round.mode === "bet" ? await import("./bet.js") : {};
const { duelBars, duelWords, openDuel } = round.mode === "duel" ? await import("./duel.js") : {};
const begin = round.id ? null : opening(game, round);

/** Show the round as it asks for the next word. */
function ask() {
  if (round.finished) {
    location.assign(game.dataset.nextUrl);
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
    gap.value = typedHere();
    drawSuggestions();
    drawTries();
    focusGap();
  } else {
    showBelow(byId("blank"), form.querySelector(".panel:not([hidden])"), race);
  }
}

/** Open the panel for a bet or a duel, if that is what the round waits for. */
function openPanel() {
  for (const id of ["bet", "duel"]) {
    const node = document.getElementById(id);
    if (node) node.hidden = true;
  }
  panel = null;
  if (round.asked.options) panel = openBet(byId("bet"), round.asked, round);
  else if (round.asked.pair) panel = openDuel(byId("duel"), round.asked);
}

/**
 * Show what the author wrote, and wait until the player has read it.
 * @param {object} answer
 * @param {boolean} isNew  whether it came just now, and not before a reload
 */
function reveal(answer, isNew) {
  game.dataset.state = "revealed";
  game.classList.remove("opening");
  keep(REVEALED, { round: round.id, answers: round.answers.length });
  say("");
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
  drawSums();
  nextButton.textContent = round.finished ? "See the result" : `Next ${round.unit.slice(0, -1)}`;
  byId("reveal").hidden = false;
  nextButton.focus({ preventScroll: true });
  const latest = document.querySelector(".asked.latest");
  showBelow(latest ?? byId("passage"), byId("reveal"), race);
  if (isNew && hasPoints(round)) rise(latest, race.querySelector(".points"), answer.points.you);
}

function drawSums() {
  document.getElementById("sums")?.replaceChildren(...sums(round));
}

/** The reveal of each mode: its sentences and its bars. */
function drawn(answer) {
  if (round.mode === "duel") return [duelWords(answer, round), duelBars(answer, round)];
  if (round.mode === "bet") return [betWords(answer, round), betBars(answer, round)];
  return [revealWords(answer, round), revealBars(answer, true)];
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
  const buttons = (round.asked.suggestions ?? []).map((text, index) => {
    const digit = String(index + 1);
    const key = element("kbd", { "aria-hidden": "true", class: "keys" }, digit);
    const attributes = { type: "button", class: "button quiet", "aria-keyshortcuts": digit };
    const button = element("button", attributes, key, text);
    button.addEventListener("click", () => settle({ text }));
    return element("li", {}, button);
  });
  byId("suggestions").replaceChildren(...buttons);
  byId("suggestions").hidden = buttons.length === 0;
}

/** A digit takes a suggestion while the gap is empty; after a space or a letter it is typed. */
function pickSuggestion(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (game.dataset.state !== "asking" || panel || gap.value || !/^[1-9]$/.test(event.key)) return;
  const button = byId("suggestions").querySelectorAll("button")[Number(event.key) - 1];
  if (!button) return;
  event.preventDefault();
  button.click();
}

/** On a phone the keyboard would cover the suggestions, so the player opens it themselves. */
function focusGap() {
  if (!(touch.matches && round.asked.suggestions)) gap.focus({ preventScroll: true });
  showGap(gap, race);
}

function say(sentence) {
  report(byId("guess-error"), sentence, gap);
}

/** A half-typed word survives a reload, also one typed while the round was being begun. */
function rememberTyped() {
  keep(TYPED, { shown: round.text, position: round.asked.position, text: gap.value });
}

function typedHere() {
  const typed = recall(TYPED);
  const isHere = typed?.shown === round.text && typed.position === round.asked.position;
  return isHere ? typed.text : "";
}

/**
 * Send a guess for the asked position.
 * @param {{text: string} | {skip: true}} guess
 */
async function settle(guess) {
  const attempt = round.asked.tries_left === null ? {} : { attempt: round.asked.tries.length + 1 };
  const kept = guess.skip
    ? "Press Skip to try again."
    : "Your guess is still here; press Enter to try again.";
  if (await answer("guessesUrl", { position: round.asked.position, ...attempt, ...guess }, kept)) return;
  if (!round.asked || panel) return; // the round went on in another tab
  if (guess.text !== undefined && byId("guess-error").textContent) {
    gap.value = guess.text;
    rememberTyped();
  }
  focusGap();
}

/**
 * Send the bet or the judgement as it stands in its panel. An untouched one takes a second Enter:
 * the first may have been meant for what came before.
 */
async function settlePanel() {
  if (panel.untouched()) {
    say(panel.kind === "bets"
      ? "Nothing is staked yet. Press Enter again to leave it all on “something else”."
      : "You lean to neither side yet. Press Enter again to say even.");
    return;
  }
  const address = panel.kind === "bets" ? "betsUrl" : "judgementsUrl";
  const body = { position: round.asked.position, ...panel.answer() };
  await answer(address, body, "Nothing is lost; press Enter to try again.");
}

/**
 * Send an answer to the asked position, and show what it leads to. Tells whether it arrived.
 * @param {string} address  the name of the address in the page's data, which has the round's id only
 *   once the round has begun
 */
async function answer(address, body, kept) {
  if (game.dataset.state !== "asking" || !(await isBegun(kept))) return false;
  const url = game.dataset[address];
  const recover = (problem) => problem.status === 409 && catchUp();
  const place = byId("guess-error");
  const sent = await send({ method: "POST", url, body, place, field: gap, kept, recover });
  if (!sent) return false;
  keep(TYPED, null);
  round = sent.answer.round;
  if (sent.answer.answer) reveal(sent.answer.answer, true);
  else ask();
  return true;
}

/** On the first page the round begins with the first letter. Tells whether it may be answered. */
async function isBegun(kept) {
  if (round.id) return true;
  const shown = round.text;
  try {
    adopt(await begin());
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    say(`${problem.message} ${kept}`);
    return false;
  }
  return round.text === shown;
}

/** The round has begun: mostly it is the one that was shown, and its player goes on typing. */
function adopt(begun) {
  if (round.id) return;
  round = begun.round;
  document.getElementById("around")?.remove();
  if (begun.isOther) {
    gap.value = "";
    ask();
    say("That passage is taken; here is another. Nothing was guessed.");
  } else {
    rememberTyped();
  }
}

/** The round went on elsewhere (another tab): show where it stands. Tells whether that worked. */
async function catchUp() {
  try {
    round = await exchange("GET", game.dataset.roundUrl);
  } catch {
    return false;
  }
  ask();
  if (!round.finished) say("This round went on in another tab. Here is where it stands.");
  return true;
}

function goOn() {
  if (game.dataset.state !== "revealed") return;
  keep(REVEALED, null);
  ask();
}

function insert(sign) {
  gap.setRangeText(sign, gap.selectionStart, gap.selectionEnd, "end");
  gap.focus();
  rememberTyped();
}

/** Begin where the player left off: a reveal they had not moved on from is shown again. */
function resume() {
  const revealed = recall(REVEALED);
  const isHere = revealed?.round === round.id && revealed.answers === round.answers.length;
  if (isHere && round.answers.length > 0) {
    reveal(round.answers.at(-1), false);
    return;
  }
  const early = gap.value; // typed on the first page before this script came
  ask();
  if (early && !gap.hidden && !gap.value) gap.value = early;
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
form.addEventListener("input", (event) => {
  say("");
  if (event.target !== gap) return;
  rememberTyped();
  if (!round.id) begin().then(adopt, () => {}); // what fails is said when the guess is sent
});
document.addEventListener("keydown", pickSuggestion);
byId("skip").addEventListener("click", () => settle({ skip: true }));
document.getElementById("line-end")?.addEventListener("click", () => insert("\u23ce"));

nextButton.addEventListener("click", goOn);
// A held Enter guesses and would go on at once; the reveal must not be missed.
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

resume();
