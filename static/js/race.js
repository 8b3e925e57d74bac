import { element } from "./dom.js";

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
      ? `After ${answered} of ${total}: you have ${you}, ${label} has ${model}.${bits(round)}`
      : `Nothing guessed yet. There are ${total} to guess.`,
  );
  node.replaceChildren(
    element("span", { class: "who-you" }, "You"),
    pips("you", round.answers.map((answer) => answer.right), total, asking),
    element("span", { class: "number" }, figure(you, answered, round.score.you_bits)),
    element("span", { class: "who-model" }, label),
    pips("model", round.answers.map((answer) => answer.model_right), total, asking),
    element("span", { class: "number" }, figure(model, answered, round.score.model_bits)),
  );
}

/** Bets and duels are won by bits, the fewer the better; the pips still show who was right. */
function figure(right, answered, meanBits) {
  return meanBits === null ? `${right} of ${answered}` : `${meanBits.toFixed(1)} bits`;
}

function bits({ score, model }) {
  if (score.you_bits === null) return "";
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
  if (index < marks.length) return marks[index] ? "hit" : "miss";
  return asking && index === marks.length ? "now" : "";
}
