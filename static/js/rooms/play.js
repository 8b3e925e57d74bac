/** A player's page: join, answer, see. The server decides everything; this only shows it. */

import { byId, emblem } from "../dom.js";
import { keep, recall } from "../memory.js";
import { report, sender } from "../send.js";
import { clock } from "./clock.js";
import { choiceSentence, raceList, revealTable } from "./reveal.js";
import { drawText } from "./text.js";
import { watch } from "./watch.js";

const TYPED = "perplexed-room-typed";

const page = byId("room");
const gap = byId("guess");
const urls = page.dataset;
const send = sender(page, [...page.querySelectorAll(".sending")]);
const watching = watch(urls.roomUrl, show, (sentence) => { byId("lost").textContent = sentence; });
const showClock = clock(byId("clock"), () => setTimeout(watching.askNow, 1_700));

let room = JSON.parse(byId("room-data").textContent);
let shown = "";

function show(now) {
  room = now;
  const step = `${room.state} ${room.asked?.index ?? ""} ${room.you?.answered ?? ""}`;
  const isNew = step !== shown;
  shown = step;
  page.dataset.state = room.you ? room.state : "joining";
  showClock(room);
  byId("join").hidden = Boolean(room.you) || room.state === "finished";
  byId("playing").hidden = !room.you;
  if (!room.you) return;
  byId("who").replaceChildren(emblem(room.you.emblem, urls.emblemUrl), room.you.name);
  byId("progress").textContent = room.asked ? `Word ${room.asked.index + 1} of ${room.asked.of}` : "";
  byId("says").textContent = saying();
  byId("passage").hidden = room.state === "waiting" || room.state === "finished";
  drawText(byId("text"), room);
  drawAsking(isNew);
  drawReveal(isNew);
  byId("over").hidden = room.state !== "finished";
}

/** What the player has to know now, in a sentence. */
function saying() {
  const { state, you } = room;
  if (state === "waiting") return "You are in. The first word comes when the host begins.";
  if (state === "finished") return ending();
  if (state === "asking") {
    if (room.paused) return "The host has paused the room.";
    if (!you.answered) return "What comes next?";
    return you.text === null ? "You skipped. Wait for the others." : `You said “${you.text}”. Wait for the others.`;
  }
  const said = you.text === null
    ? you.answered ? "You skipped" : "You said nothing"
    : `You said “${you.text}”${you.word_right ? ", and had it" : ""}`;
  return `The author wrote “${room.reveal.target}”. ${said}.`;
}

function ending() {
  const place = room.scores.findIndex((score) => score.seat === room.you.seat) + 1;
  const { right, points } = room.you;
  const words = room.race.words;
  const yours = `You had ${right} of ${words}, ${points.toFixed(1)} points`;
  return `The room is over. ${yours}: place ${place} of ${room.players}.`;
}

function drawAsking(isNew) {
  const asks = room.state === "asking" && !room.you.answered;
  byId("answer-form").hidden = !asks;
  gap.hidden = !asks;
  byId("blank").hidden = room.state !== "asking" || asks;
  byId("send").disabled = room.paused;
  byId("skip").disabled = room.paused;
  if (!isNew || room.state !== "asking") return;
  report(byId("answer-error"), "", gap);
  if (asks) {
    gap.value = typedHere();
    gap.focus({ preventScroll: true });
  }
  (asks ? gap : byId("blank")).scrollIntoView({ block: "center" });
}

function drawReveal(isNew) {
  byId("reveal").hidden = !room.reveal;
  if (!room.reveal) return;
  byId("choices").textContent = choiceSentence(room);
  byId("bars").replaceChildren(revealTable(room));
  byId("race").replaceChildren(raceList(room, urls.emblemUrl));
  if (isNew) byId("says").scrollIntoView({ block: "start" });
}

/** A half-typed word survives a reload. */
function rememberTyped() {
  keep(TYPED, { code: room.code, index: room.asked.index, text: gap.value });
}

function typedHere() {
  const typed = recall(TYPED);
  return typed?.code === room.code && typed.index === room.asked.index ? typed.text : "";
}

async function answer(text) {
  const sent = await send({
    method: "POST",
    url: urls.answersUrl,
    body: { text, index: room.asked.index },
    place: byId("answer-error"),
    field: gap,
    kept: "Your word is still here; send it again.",
    recover: async (problem) => {
      if (problem.status !== 409) return false;
      watching.askNow();
      return false;
    },
  });
  if (!sent) return;
  keep(TYPED, null);
  watching.take(sent.answer);
}

async function join() {
  const name = byId("name").value.trim();
  const sent = await send({
    method: "POST",
    url: urls.playersUrl,
    body: { name: name || null, shown: isOwn() && byId("shown").checked },
    place: byId("join-error"),
    field: byId("name"),
    kept: "Please try again.",
  });
  if (sent) watching.take(sent.answer);
}

/** Whether the name is one's own: then the others see it only if one agrees. */
function isOwn() {
  return byId("name").value.trim() !== "" && byId("name").value.trim() !== urls.offered;
}

byId("join").addEventListener("submit", (event) => {
  event.preventDefault();
  join();
});
byId("name").addEventListener("input", () => { byId("agree").hidden = !isOwn(); });
byId("answer-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = gap.value.trim();
  if (text) answer(text);
  else report(byId("answer-error"), "Type a word, or skip.", gap);
});
byId("skip").addEventListener("click", () => answer(""));
gap.addEventListener("input", () => {
  report(byId("answer-error"), "", gap);
  rememberTyped();
});
gap.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.repeat) return;
  event.preventDefault();
  byId("answer-form").requestSubmit();
});

show(room);
