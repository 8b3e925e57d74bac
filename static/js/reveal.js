import { element } from "./dom.js";
import { oneIn, ordinal, percent } from "./format.js";
import { nearness } from "./play/near.js";
import { hasPoints, pointed } from "./play/points.js";

const LEAST_SAID = 0.005; // half a percent

/**
 * Say in two sentences what the author wrote, what the player said and what the model thought.
 * @param {object} answer
 * @param {object} round
 * @returns {HTMLElement[]}
 */
export function revealWords(answer, round) {
  const name = (text, who) => named(text, who, round.unit);
  return [
    element("p", { class: "verdict-words" }, ...verdict(answer, name), ...seen(answer, round)),
    element("p", { class: "expectation" }, ...expectation(answer, round, name)),
  ];
}

/** A word that is mentioned; a token may be a full stop, so it gets a background of its own. */
function named(text, who, unit) {
  const classes = [who, unit === "tokens" ? "literal" : ""].filter(Boolean).join(" ");
  return element("b", { class: classes || false }, text);
}

function verdict(answer, name) {
  const target = name(answer.target, "");
  const missed = answer.right ? answer.tries.slice(0, -1) : answer.tries;
  const tried = listed(missed.map((text) => name(text, "who-you")));
  if (answer.right) {
    const before = missed.length > 0 ? [" First you tried ", ...tried, "."] : [];
    return ["You had it: ", name(answer.target, "who-you"), ".", ...before];
  }
  if (answer.skipped) {
    const before = missed.length > 0 ? ["tried ", ...tried, ", then "] : [];
    return ["The author wrote ", target, ". You ", ...before, "skipped."];
  }
  if (missed.length > 1) return ["The author wrote ", target, ". You tried ", ...tried, "."];
  const guess = name(answer.guess, "who-you");
  return ["The author wrote ", target, ". You said ", guess, "."];
}

/** "a", "a and b", "a, b and c". */
function listed(nodes) {
  return nodes.flatMap((node, index) => {
    if (index === 0) return [node];
    return [index === nodes.length - 1 ? " and " : ", ", node];
  });
}

/** A hit that the model missed is worth a sentence of its own. */
function seen(answer, round) {
  if (!answer.right || answer.model_right) return [];
  return [` You saw it; ${round.model.label} had it ${ordinal(answer.target_rank)}.`];
}

function expectation(answer, round, name) {
  const near = round.unit === "words" ? nearness(answer) : "";
  const { label } = round.model;
  const gave = percent(answer.target_probability);
  const choice = `its ${ordinal(answer.target_rank)} choice`;
  if (answer.right) {
    const told = answer.model_right ? `, ${choice}.` : ".";
    if (!hasPoints(round)) return [`${label} gave it ${gave}${told}`];
    const points = element("b", { class: "who-you" }, `+${pointed(answer.points.you)}`);
    return [points, `, ${label} gave it ${gave}${told}`];
  }
  return [near && `${near} `, ...missed(answer, label, name, gave, choice)];
}

function missed(answer, label, name, gave, choice) {
  const first = [`${label} gave `, name(answer.target, ""), ` ${gave}, ${choice}`];
  if (answer.skipped) return [...first, "."];
  const guess = name(answer.guess, "who-you");
  if (!answer.guess_is_token) {
    const why = ` is more than one token to ${label}, so it has no single probability.`;
    return [...first, ". Your ", guess, why];
  }
  if (answer.guess_probability !== null) {
    const placed = ` ${percent(answer.guess_probability)}, its ${ordinal(answer.guess_rank)}.`;
    return [...first, ", and your ", guess, placed];
  }
  return [...first, ", and your ", guess, ` below ${oneIn(answer.guess_probability_below)}.`];
}

/**
 * The model's candidates as bars, scaled to the largest; the player's word and the author's word
 * each have a row wherever they rank, if their probability is known.
 * @param {object} answer
 * @param {boolean} whole  whether to say what all other words have, so that it adds up to 100 %
 * @returns {HTMLElement}  a description list: word, bar, probability
 */
export function revealBars(answer, whole = false) {
  const rows = barRows(answer);
  const largest = Math.max(...rows.map((row) => row.probability));
  const list = element("dl", { class: "bars" });
  for (const row of rows) list.append(...barRow(row, largest));
  if (whole) list.append(...remainder(answer, rows, largest));
  return list;
}

/** What the rows leave: beginnings of longer words, which are no words, and all other words. */
function remainder(answer, rows, largest) {
  const shown = rows.reduce((sum, row) => sum + row.probability, 0);
  const rest = [
    ["beginnings of longer words", answer.beginnings],
    ["everything else", 1 - shown - answer.beginnings],
  ];
  return rest
    .filter(([, probability]) => probability >= LEAST_SAID)
    .flatMap(([token, probability]) => barRow({ token, probability, isRest: true }, largest));
}

function barRows(answer) {
  const rows = answer.candidates.map((candidate) => ({
    token: candidate.token,
    probability: candidate.probability,
    isTarget: candidate.is_target,
    isGuess: candidate.is_guess,
  }));
  const shown = rows.length;
  let target = rows.find((row) => row.isTarget ?? row.token === answer.target);
  if (!target) {
    target = { token: answer.target, probability: answer.target_probability };
    rows.push(target);
  }
  target.isTarget = true;
  if (answer.right) {
    target.isGuess = true;
  } else if (answer.guess_probability !== null && !rows.some((row) => row.isGuess)) {
    rows.push({ token: answer.guess, probability: answer.guess_probability, isGuess: true });
  }
  rows.sort((one, other) => other.probability - one.probability);
  if (rows.length > shown) rows[shown].isApart = true;
  return rows;
}

function barRow(row, largest) {
  const classes = [
    row.isTarget ? "is-target" : "",
    row.isGuess ? "is-guess" : "",
    row.isApart ? "apart" : "",
    row.isRest ? "rest" : "",
  ].filter(Boolean).join(" ");
  const word = element("dt", { class: classes }, row.token);
  if (row.isTarget) {
    word.append(
      element("span", { class: "arrow", "aria-hidden": "true" }, " ←"),
      element("span", { class: "sr" }, ", the author’s word"),
    );
  }
  if (row.isGuess) word.append(element("span", { class: "sr" }, ", your word"));
  const bar = element("dd", { class: classes, "aria-hidden": "true" });
  // The bars compare words; what is no word is often more than any, and has its number alone.
  if (!row.isRest) {
    const fill = element("span", { class: "fill" });
    fill.style.width = `${(100 * row.probability) / largest}%`;
    bar.append(fill);
  }
  return [
    word,
    bar,
    element("dd", { class: `share-of ${classes}`.trimEnd() }, percent(row.probability)),
  ];
}
