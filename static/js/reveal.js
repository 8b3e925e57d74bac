import { element } from "./dom.js";
import { oneIn, ordinal, percent } from "./format.js";

/**
 * Say in two sentences what the author wrote, what the player said and what the model thought.
 * @param {object} answer
 * @param {object} round
 * @returns {HTMLElement[]}
 */
export function revealWords(answer, round) {
  const name = (text, who) => named(text, who, round.unit);
  return [
    element("p", { class: "verdict-words" }, ...verdict(answer, name)),
    element("p", { class: "expectation" }, ...expectation(answer, round.model.label, name)),
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

function expectation(answer, label, name) {
  const gave = percent(answer.target_probability);
  const choice = `its ${ordinal(answer.target_rank)} choice`;
  if (answer.right) return [`${label} gave it ${gave}, ${choice}.`];
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
 * @returns {HTMLElement}  a description list: word, bar, probability
 */
export function revealBars(answer) {
  const rows = barRows(answer);
  const largest = Math.max(...rows.map((row) => row.probability));
  const list = element("dl", { class: "bars" });
  for (const row of rows) list.append(...barRow(row, largest));
  return list;
}

function barRows(answer) {
  const rows = answer.candidates.map(({ token, probability }) => ({ token, probability }));
  const shown = rows.length;
  let target = rows.find((row) => row.token === answer.target);
  if (!target) {
    target = { token: answer.target, probability: answer.target_probability };
    rows.push(target);
  }
  target.isTarget = true;
  if (answer.right) {
    target.isGuess = true;
  } else if (answer.guess_probability !== null) {
    // By rank, since the guess may differ from its token in case or in a leading space.
    if (answer.guess_rank > shown) {
      rows.push({ token: answer.guess, probability: answer.guess_probability, isGuess: true });
    } else {
      rows[answer.guess_rank - 1].isGuess = true;
    }
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
  ].filter(Boolean).join(" ");
  const word = element("dt", { class: classes }, row.token);
  if (row.isTarget) {
    word.append(
      element("span", { class: "arrow", "aria-hidden": "true" }, " ←"),
      element("span", { class: "sr" }, ", the author’s word"),
    );
  }
  if (row.isGuess) word.append(element("span", { class: "sr" }, ", your word"));
  const fill = element("span", { class: "fill" });
  fill.style.width = `${(100 * row.probability) / largest}%`;
  return [
    word,
    element("dd", { class: classes, "aria-hidden": "true" }, fill),
    element("dd", { class: `share-of ${classes}`.trimEnd() }, percent(row.probability)),
  ];
}
