/** The page for a player's own text: sends it, colours what comes back, begins a round on it. */

import { showDetail } from "./detail.js";
import { byId, element } from "./dom.js";
import { mountLive } from "./inside/live.js";
import { keep, recall } from "./memory.js";
import { report, sender } from "./send.js";
import { drawTokens } from "./surprise.js";

const DRAFT = "perplexed-draft";
const PATIENCE_MS = 30_000;
const TELL_READING = [
  [400, "Reading …"],
  [4_000, "Still reading. The first text takes longest: the model has to be loaded."],
];
const KEPT = "Your text is still here; please try again.";

const form = byId("text-form");
const field = byId("text");
const longest = Number(form.dataset.longest);
const { scoreUrl, startUrl, roundUrlOf } = form.dataset;
const send = sender(byId("main"), [byId("sending")]);

let scored;
let chosen = 0; // the position of the token that is looked at
const forgetInside = mountLive(
  byId("why-cards").firstElementChild, () => ({ text: scored.text, position: chosen }),
);

/** Characters as the server counts them: by code point, not as JavaScript's `length` does. */
function lengthOf(text) {
  return [...text.replaceAll("\r\n", "\n").trim()].length;
}

function countCharacters() {
  const count = lengthOf(field.value);
  const most = longest.toLocaleString("en");
  byId("text-count").textContent = count
    ? `${count.toLocaleString("en")} of ${most} characters`
    : `At most ${most} characters`;
  byId("text-count").classList.toggle("too-many", count > longest);
}

/** What is wrong without asking the server: above all a text too long to be sent at all. */
function problemOf(text) {
  const count = lengthOf(text);
  if (!count) return "Type or paste a text first.";
  if (count <= longest) return "";
  const [has, most] = [count, longest].map((number) => number.toLocaleString("en"));
  return `The text has ${has} characters; 1 to ${most} are allowed.`;
}

async function read() {
  const place = byId("text-error");
  const problem = problemOf(field.value);
  report(place, problem, field);
  if (problem) {
    field.focus();
    return;
  }
  const sent = await send({
    method: "POST",
    url: scoreUrl,
    body: { text: field.value },
    place,
    field,
    kept: KEPT,
    tell: TELL_READING,
    patienceMs: PATIENCE_MS,
  });
  if (sent) show(sent.answer);
}

function show(answer) {
  scored = answer;
  const label = scored.model.label;
  const { totals } = scored;
  byId("scored-title").textContent = `How surprised ${label} was`;
  byId("scored-lead").textContent =
    `${counted(totals.words, "word")}, ${counted(totals.tokens, "token")}: on average ` +
    `${label} was as unsure as if choosing among ${rounded(totals.perplexity)} equally likely tokens.`;
  byId("totals").replaceChildren(
    figure("Bits in total", Math.round(totals.bits).toLocaleString("en")),
    figure("Bits a word", totals.bits_per_word.toFixed(1)),
    figure("Bits a character", totals.bits_per_character.toFixed(2)),
    figure("Perplexity", rounded(totals.perplexity)),
  );
  byId("scored").hidden = false;
  drawTokens(byId("tokens"), scored.tokens, (token) => look(token, label));
  byId("play").disabled = Boolean(scored.why_no_round);
  report(byId("play-error"), "");
  byId("play").setAttribute("aria-describedby", "play-hint");
  if (scored.why_no_round) byId("play-hint").textContent = scored.why_no_round;
  else byId("play-hint").textContent = byId("play-hint").dataset.text;
  byId("scored-title").focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("scored").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

/** Show what a token cost; its position counts every piece of the tokens that share characters. */
function look(token, label) {
  showDetail(token, label);
  const before = scored.tokens.slice(0, scored.tokens.indexOf(token));
  const position = before.reduce((sum, one) => sum + one.pieces, 0);
  if (position === chosen) return;
  chosen = position;
  forgetInside();
  byId("why-first").hidden = position > 0;
  for (const id of ["why-cards", "why-form"]) byId(id).hidden = position === 0;
}

function figure(name, value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function rounded(value) {
  return value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

async function play() {
  const sent = await send({
    method: "POST",
    url: startUrl,
    body: { text: scored.text },
    place: byId("play-error"),
    kept: KEPT,
    patienceMs: PATIENCE_MS,
  });
  if (sent) location.assign(roundUrlOf.replace("ROUND", sent.answer.id));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  read();
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
  event.preventDefault();
  read();
});
field.addEventListener("input", () => {
  report(byId("text-error"), "", field);
  countCharacters();
  keep(DRAFT, field.value);
});
byId("play").addEventListener("click", play);
byId("why-form").addEventListener("submit", ({ target }) => {
  target.elements.text.value = scored.text;
  target.elements.position.value = String(chosen);
});

byId("play-hint").dataset.text = byId("play-hint").textContent;
field.value ||= recall(DRAFT) ?? "";
if (field.value) keep(DRAFT, field.value); // it may have been typed before this script came
countCharacters();
byId("read").disabled = false; // before this, the browser itself would send the form and lose the text
