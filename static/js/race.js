import { element } from "./dom.js";
import { signed } from "./format.js";
import { hasPoints, pointed } from "./play/points.js";

/**
 * Draw the race: a row of pips for each side, so that what happened is seen without reading.
 * @param {HTMLElement} node  has role="img"; its label is the same in a sentence
 * @param {object} round
 * @param {number} total  how many positions the round asks
 * @param {boolean} asking  whether a position waits for an answer now
 */
export function drawRace(node, round, total, asking) {
  const { answered, you, model } = round.score;
  const label = round.model.label;
  node.setAttribute(
    "aria-label",
    answered
      ? `After ${answered} of ${total}: you have ${you}, ${label} has ${model}.${bits(round)}${worth(round)}`
      : `Nothing guessed yet. There are ${total} to guess.`,
  );
  node.replaceChildren(
    element("span", { class: "who-you" }, "You"),
    pips("you", round.answers.map((answer) => yours(answer)), total, asking),
    figures(round, "you", figure(round, "you", you)),
    element("span", { class: "who-model" }, label),
    pips("model", round.answers.map((answer) => (answer.model_right ? "hit" : "miss")), total, asking),
    figures(round, "model", figure(round, "model", model)),
  );
}

/** A side's points, where there are any, and how many it has right. */
function figures(round, side, count) {
  const node = element("span", { class: "number" });
  if (hasPoints(round)) {
    const points = element("b", { class: "points" }, pointed(round.score.points[side]));
    node.append(points, element("span", { class: "points-unit" }, " points"), " ");
  }
  node.append(element("span", { class: "count" }, count));
  return node;
}

function worth(round) {
  if (!hasPoints(round)) return "";
  const { you, model } = round.score.points;
  return ` You have ${pointed(you)} points, ${round.model.label} has ${pointed(model)}.`;
}

/** A hit that the model missed has a ring. */
function yours(answer) {
  if (!answer.right) return "miss";
  return answer.model_right ? "hit" : "hit seen";
}

/** Bets cost bits and duels earn some, a word or a pair; the pips still show who was right. */
function figure(round, side, right) {
  if (round.mode === "duel" && round.answers.length > 0) return `${signed(earned(round, side))} bits`;
  const cost = round.score[`${side}_bits`];
  return cost === null ? `${right} of ${round.score.answered}` : `${cost.toFixed(1)} bits`;
}

/** What a side earned so far, a pair. */
function earned({ answers }, side) {
  const pays = answers.map((answer) => (side === "you" ? answer.pay_bits : answer.model_pay_bits));
  return pays.reduce((sum, pay) => sum + pay, 0) / pays.length;
}

function bits(round) {
  const { score, model } = round;
  if (score.you_bits === null) return "";
  if (round.mode === "duel") {
    const [yours, theirs] = ["you", "model"].map((side) => signed(earned(round, side)));
    return ` Earned a pair: you ${yours} bits, ${model.label} ${theirs}; more is better.`;
  }
  const [yours, theirs] = [score.you_bits, score.model_bits].map((mean) => mean.toFixed(1));
  return ` Mean cost: you ${yours} bits, ${model.label} ${theirs}; less is better.`;
}

function pips(side, marks, total, asking) {
  const row = element("span", { class: `pips ${side}` });
  for (let index = 0; index < total; index += 1) {
    row.append(element("span", { class: `pip ${state(marks, index, asking)}`.trimEnd() }));
  }
  return row;
}

function state(marks, index, asking) {
  if (index < marks.length) return marks[index];
  return asking && index === marks.length ? "now" : "";
}
