/** A revealed word: what the room said beside what the model expected, and the race. */

import { element, emblem } from "../dom.js";
import { percent } from "../format.js";

const ANSWERS_SHOWN = 6; // with what comes below them they fit a projector beside the passage
const CANDIDATES_SHOWN = 2;

/**
 * Two columns of bars on one scale: the room's answers, most frequent first, and what the model gave
 * the same words; then words that only the model expected, and who said nothing.
 * @param {any} room
 * @returns {HTMLElement}
 */
export function revealTable(room) {
  const { reveal, model } = room;
  const said = reveal.answers.reduce((sum, answer) => sum + answer.count, 0);
  const all = Math.max(1, said + reveal.silent);
  const rows = rowsOf(reveal, all);
  const largest = Math.max(0.01, ...rows.flatMap((row) => [row.share ?? 0, row.probability ?? 0]));
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "Word"),
    element("th", { scope: "col", class: "who-you", colspan: "2" }, "The room"),
    element("th", { scope: "col", class: "who-model", colspan: "2" }, model.label),
  );
  const caption = element("caption", { class: "sr" }, "The room’s answers and the model’s");
  const body = element("tbody", {}, ...rows.map((row) => tableRow(row, largest)));
  return element("table", { class: "both-sides" }, caption, element("thead", {}, head), body);
}

function rowsOf(reveal, all) {
  const shown = reveal.answers.slice(0, ANSWERS_SHOWN);
  const rows = shown.map((answer) => ({
    word: answer.text,
    count: answer.count,
    share: answer.count / all,
    probability: answer.probability,
    isTarget: answer.right,
  }));
  const seen = new Set(reveal.answers.map((answer) => answer.text.toLowerCase()));
  const hasTarget = rows.some((row) => row.isTarget);
  if (!hasTarget) {
    const answer = reveal.answers.find((its) => its.right);
    rows.push({
      word: reveal.target,
      count: answer?.count ?? 0,
      share: (answer?.count ?? 0) / all,
      probability: reveal.target_probability,
      isTarget: true,
    });
  }
  seen.add(reveal.target.toLowerCase());
  for (const { token, probability } of reveal.candidates.slice(0, CANDIDATES_SHOWN)) {
    if (!seen.has(token.toLowerCase())) rows.push({ word: token, count: 0, share: 0, probability });
    seen.add(token.toLowerCase());
  }
  const others = reveal.answers.slice(ANSWERS_SHOWN).filter((answer) => !answer.right);
  const count = others.reduce((sum, answer) => sum + answer.count, 0);
  if (count > 0) rows.push({ note: `${others.length} other words`, count, share: count / all });
  if (reveal.silent > 0) {
    rows.push({ note: "said nothing", count: reveal.silent, share: reveal.silent / all });
  }
  return rows;
}

function tableRow(row, largest) {
  const name = element("th", { scope: "row" }, row.word ?? row.note);
  if (row.isTarget) {
    name.append(
      element("span", { class: "arrow", "aria-hidden": "true" }, " ←"),
      element("span", { class: "sr" }, ", the author’s word"),
    );
  }
  const kind = [row.isTarget ? "is-target" : "", row.note ? "is-note" : ""].join(" ").trim();
  return element(
    "tr",
    { class: kind || false },
    name,
    bar("you", row.share, largest),
    element("td", { class: "num" }, String(row.count)),
    bar("model", row.probability, largest),
    element("td", { class: "num" }, row.note ? "" : probability(row.probability)),
  );
}

function probability(value) {
  return value === null || value === undefined ? "–" : percent(value);
}

function bar(side, share, largest) {
  const fill = element("span", { class: `fill ${side}` });
  fill.style.width = `${(100 * (share ?? 0)) / largest}%`;
  return element("td", { class: "bar-cell", "aria-hidden": "true" }, share ? fill : "");
}

/**
 * The race: you where you play, the room, the best three, the model; most points first.
 * @param {any} room
 * @param {string} emblemUrl  where emblems are, with SEED in the seed's place
 * @returns {HTMLElement}
 */
export function raceList(room, emblemUrl) {
  const { race, model, you } = room;
  const rows = [
    { name: "The room", side: "you", ...race.room },
    { name: model.label, side: "model", ...race.model },
    ...room.scores.slice(0, 3).filter((score) => score.seat !== you?.seat),
    ...(you ? [{ ...you, name: `You, ${you.name}`, mine: true }] : []),
  ].sort((one, other) => other.points - one.points);
  const items = rows.map((row) => element(
    "tr",
    { class: row.side ?? (row.mine ? "mine" : false) },
    element(
      "th",
      { scope: "row" },
      ...(row.emblem ? [emblem(row.emblem, emblemUrl), " "] : []),
      row.name,
    ),
    element("td", { class: "num" }, `${row.right} of ${race.words}`),
    element("td", { class: "num points" }, row.points.toFixed(1)),
  ));
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "The race"),
    element("th", { scope: "col", class: "num" }, "Right"),
    element("th", { scope: "col", class: "num" }, "Points"),
  );
  return element(
    "table",
    { class: "standings" },
    element("thead", {}, head),
    element("tbody", {}, ...items),
  );
}

/**
 * What the room chose, in a sentence.
 * @param {any} room
 * @returns {string}
 */
export function choiceSentence({ reveal, model }) {
  const { crowd } = reveal;
  const room = crowd.text === null
    ? "The room said nothing"
    : `The room said “${crowd.text}”${crowd.right ? ", and was right" : ""}`;
  const theirs = `${model.label} “${reveal.model.text}”${reveal.model.right ? ", and was right" : ""}`;
  return `${room}; ${theirs}.`;
}
