/** The page for a text of one's own: sends it, colours what comes back, begins a round on it. */

import { Problem, call } from "./api.js";
import { byId, element } from "./dom.js";
import { showDetail } from "./detail.js";
import { drawTokens } from "./surprise.js";

const DRAFT = "perplexed-draft";
const PATIENCE_MS = 30_000;
const SAY_READING_AFTER_MS = 400;
const SAY_LOADING_AFTER_MS = 4_000;

const form = byId("text-form");
const field = byId("text");
const longest = Number(form.dataset.longest);
const { scoreUrl, roundUrl } = form.dataset;

let scored;
let sending = false;
let timers = [];

/** Characters as the server counts them: an emoji's parts are several, whatever JavaScript thinks. */
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

/** Show a sentence below the field; an empty one takes it away. */
function say(sentence) {
  byId("text-error").textContent = sentence;
  field.setAttribute("aria-invalid", sentence ? "true" : "false");
}

/** What can be seen without asking: above all a text too long to be sent at all. */
function problemOf(text) {
  const count = lengthOf(text);
  if (!count) return "Type or paste a text first.";
  if (count <= longest) return "";
  const [has, most] = [count, longest].map((number) => number.toLocaleString("en"));
  return `The text has ${has} characters; 1 to ${most} are allowed.`;
}

/** Hold the buttons while something is on its way, and say so if that takes a while. */
function busy(now, { slowly = "", verySlowly = "" } = {}) {
  sending = now;
  for (const timer of timers) clearTimeout(timer);
  const status = byId("sending");
  const sayLater = (sentence, ms) => setTimeout(() => { status.textContent = sentence; }, ms);
  status.textContent = "";
  timers = now ? [sayLater(slowly, SAY_READING_AFTER_MS), sayLater(verySlowly, SAY_LOADING_AFTER_MS)] : [];
  form.setAttribute("aria-busy", String(now));
  byId("read").disabled = now;
  byId("play").disabled = now || Boolean(scored?.why_no_round);
}

/**
 * Send the text; every failure is a sentence in `place`, and the text stays where it is.
 * @returns {Promise<any | null>}  the answer, or null where there is none
 */
async function send(url, text, place, sentences) {
  if (sending) return null;
  busy(true, sentences);
  try {
    return await call("POST", url, { text }, PATIENCE_MS);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    place(problem.status === 422 ? problem.message : `${problem.message} Your text is still here.`);
    return null;
  } finally {
    busy(false);
  }
}

async function read() {
  const problem = problemOf(field.value);
  say(problem);
  if (problem) {
    field.focus();
    return;
  }
  const answer = await send(scoreUrl, field.value, say, {
    slowly: "Reading …",
    verySlowly: "Still reading. The first text takes longest: the model has to be loaded.",
  });
  if (answer) show(answer);
}

function show(answer) {
  scored = answer;
  const label = scored.model.label;
  const { totals } = scored;
  byId("scored-title").textContent = `How surprised ${label} was`;
  byId("scored-lead").textContent =
    `${counted(totals.words, "word")}, ${counted(totals.tokens, "token")}: on average ` +
    `${label} was as unsure as between ${rounded(totals.perplexity)} equally likely tokens.`;
  byId("totals").replaceChildren(
    figure("Bits in all", Math.round(totals.bits).toLocaleString("en")),
    figure("Bits a word", totals.bits_per_word.toFixed(1)),
    figure("Bits a character", totals.bits_per_character.toFixed(2)),
    figure("Perplexity", rounded(totals.perplexity)),
  );
  byId("scored").hidden = false;
  drawTokens(byId("tokens"), scored.tokens, (token) => showDetail(token, label));
  byId("play").disabled = Boolean(scored.why_no_round);
  byId("play-error").textContent = "";
  byId("play").setAttribute("aria-describedby", "play-hint");
  if (scored.why_no_round) byId("play-hint").textContent = scored.why_no_round;
  else byId("play-hint").textContent = byId("play-hint").dataset.text;
  byId("scored-title").focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("scored").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
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
  const place = (sentence) => { byId("play-error").textContent = sentence; };
  place("");
  const round = await send(roundUrl, scored.text, place, { slowly: "", verySlowly: "" });
  if (round) location.assign(`/rounds/${round.id}`);
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
  say("");
  countCharacters();
  sessionStorage.setItem(DRAFT, field.value);
});
byId("play").addEventListener("click", play);

byId("play-hint").dataset.text = byId("play-hint").textContent;
field.value ||= sessionStorage.getItem(DRAFT) ?? "";
countCharacters();
