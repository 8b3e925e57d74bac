/** The host's page: what a projector shows, and the host's moves. The server decides everything. */

import { byId, element, emblem } from "../dom.js";
import { sender } from "../send.js";
import { clock } from "./clock.js";
import { choiceSentence, raceList, revealTable } from "./reveal.js";
import { drawText } from "./text.js";
import { watch } from "./watch.js";

const slide = byId("slide");
const main = byId("main-move");
const pauseButton = byId("pause");
const urls = slide.dataset;
const send = sender(byId("moves"), [byId("sending")]);
const watching = watch(urls.roomUrl, show, (sentence) => { byId("lost").textContent = sentence; });
const showClock = clock(byId("clock"), () => setTimeout(watching.askNow, 1_700));

let room = JSON.parse(byId("room-data").textContent);
let shownState = "";

const LENGTHS = [[240, "short"], [500, "middle"]]; // in characters: the less text, the larger

const MOVES = {
  waiting: ["Begin", "nextUrl"],
  asking: ["Reveal", "revealUrl"],
  revealed: ["Next word", "nextUrl"],
};

function show(now) {
  room = now;
  slide.dataset.state = room.state;
  slide.dataset.length = LENGTHS.find(([most]) => room.text.length <= most)?.[1] ?? "long";
  showClock(room);
  byId("joined").textContent = count(room.players, "player");
  byId("answered").textContent = `${room.answered} of ${room.players}`;
  byId("progress").textContent = room.asked ? `Word ${room.asked.index + 1} of ${room.asked.of}` : "";
  drawNames();
  drawText(byId("text"), room);
  byId("gap").hidden = room.state !== "asking";
  drawReveal();
  drawMoves();
  if (room.state === "finished" && shownState !== "finished" && shownState) {
    location.assign(urls.endUrl);
  }
  if (room.state !== shownState) settle();
  shownState = room.state;
}

function count(n, noun) {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** Who has joined; a name of somebody's own can be hidden. */
function drawNames() {
  const names = [...room.scores].sort((one, other) => one.seat - other.seat).map((score) => {
    const picture = emblem(score.emblem, urls.emblemUrl);
    if (!score.own) return element("li", {}, picture, score.name);
    const label = `Hide the name ${score.name}`;
    const button = element("button", { type: "button", class: "chip", title: label }, picture, score.name);
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => move(urls.nameUrl.replace("SEAT", score.seat), {
      hidden: true,
    }));
    return element("li", {}, button);
  });
  byId("names").replaceChildren(...names);
}

function drawReveal() {
  byId("reveal").hidden = !room.reveal;
  if (!room.reveal) return;
  byId("choices").textContent = choiceSentence(room);
  byId("bars").replaceChildren(revealTable(room));
  byId("race").replaceChildren(raceList(room, urls.emblemUrl));
}

function drawMoves() {
  const [name] = MOVES[room.state] ?? [""];
  const isLast = room.state === "revealed" && room.asked.index + 1 === room.asked.of;
  main.textContent = isLast ? "See how it ended" : name;
  main.hidden = room.state === "finished";
  pauseButton.hidden = room.state !== "asking";
  pauseButton.textContent = room.paused ? "Go on" : "Pause";
  byId("end").hidden = room.state === "finished";
  byId("ended").hidden = room.state !== "finished";
}

/** Where the room goes on: the newest text in sight, the next move under Enter. */
function settle() {
  const text = byId("passage");
  text.scrollTop = text.scrollHeight;
  byId("confirm-end").hidden = true;
  byId("who-is-here").open = room.state === "waiting";
  if (!main.hidden) main.focus({ preventScroll: true });
}

async function move(url, body = {}) {
  const sent = await send({
    method: "POST",
    url,
    body,
    place: byId("move-error"),
    kept: "Nothing is lost; press again.",
    recover: async (problem) => {
      if (problem.status !== 409) return false;
      watching.askNow();
      return true;
    },
  });
  if (sent) watching.take(sent.answer);
  if (!main.hidden && document.activeElement === document.body) main.focus({ preventScroll: true });
}

main.addEventListener("click", () => move(urls[MOVES[room.state][1]]));
main.addEventListener("keydown", (event) => {
  if (event.repeat) event.preventDefault(); // a held Enter would run through the room
});
pauseButton.addEventListener("click", () => move(urls.pauseUrl, { paused: !room.paused }));
byId("end").addEventListener("click", () => {
  byId("confirm-end").hidden = false;
  byId("really-end").focus();
});
byId("keep-on").addEventListener("click", settle);
byId("really-end").addEventListener("click", () => move(urls.endUrlApi));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "p" && !pauseButton.hidden) pauseButton.click();
});

show(room);
