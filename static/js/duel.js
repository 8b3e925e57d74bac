/** A duel: how far a player leans towards one of two tokens. */

import { byId, element } from "./dom.js";
import { percent, signed } from "./format.js";
import { pairedBars } from "./paired.js";

/**
 * Open the panel for the asked pair.
 * @param {HTMLElement} node
 * @param {object} asked  with `pair` and `steps`: the shares that the second token may get
 * @returns {{kind: string, answer: () => object, untouched: () => boolean, close: () => void}}
 */
export function openDuel(node, asked) {
  const [first, second] = asked.pair;
  const slider = byId("share");
  slider.max = String(asked.steps.length - 1);
  slider.value = String((asked.steps.length - 1) / 2);
  byId("first").textContent = first;
  byId("second").textContent = second;
  let touched = false;
  const ofSecond = () => asked.steps[Number(slider.value)];

  function show() {
    const share = ofSecond();
    byId("first-share").textContent = whole(1 - share);
    byId("second-share").textContent = whole(share);
    const leaning = share === 0.5 ? "even" : share > 0.5 ? second : first;
    const words = leaning === "even" ? "even" : `${whole(Math.max(share, 1 - share))} for ${leaning}`;
    slider.setAttribute("aria-valuetext", words);
  }

  slider.oninput = () => {
    touched = true;
    show();
  };
  show();
  node.hidden = false;
  slider.focus({ preventScroll: true });
  return {
    kind: "judgements",
    answer: () => ({ first: 1 - ofSecond() }),
    untouched: () => {
      const untouched = !touched;
      touched = true;
      return untouched;
    },
    close: () => { node.hidden = true; },
  };
}

/** To a tenth, as in 99.8 %: above 99 % the tenths are what the player chose. */
function whole(share) {
  const value = 100 * share;
  return `${Number(value.toFixed(1))}\u202f%`;
}

/** Say which one the author wrote, how much both sides gave it, and what that earned. */
export function duelWords(answer, round) {
  const verdict = [
    "The author wrote ", element("b", {}, answer.target), ", not ", element("b", {}, answer.rival), ".",
  ];
  const shares = [
    "You gave it ", element("b", { class: "who-you" }, whole(answer.share)), ", ",
    round.model.label, " ", element("b", { class: "who-model" }, percent(answer.model_share)), ".",
  ];
  const pay = [
    "You earn ", element("b", { class: "who-you" }, earned(answer.pay_bits)), ", ",
    round.model.label, " ", element("b", { class: "who-model" }, earned(answer.model_pay_bits)), ".",
  ];
  return [
    element("p", { class: "verdict-words" }, ...verdict),
    element("p", { class: "expectation" }, ...shares),
    element("p", { class: "expectation" }, ...pay),
    element("details", {}, element("summary", {}, "How that is computed"), element("p", {}, payInWords(answer))),
  ];
}

/** The arithmetic of one judgement; the first question paid all pairs alike. */
function payInWords(answer) {
  const weight = answer.weight.toFixed(2);
  const pay = `${weight} × (1 + log₂ ${Number(answer.share.toFixed(3))}) = ${earned(answer.pay_bits)}.`;
  if (answer.question_version === 1) return pay;
  const drawn = `Of the two, the author’s would have been drawn in ${percent(answer.drawn_share)} of cases`;
  return `${drawn}; twice that is the weight, ${weight}. So you earn ${pay}`;
}

/** Bits with their sign, since a player can lose some. */
function earned(bits) {
  return `${signed(bits)}\u00a0bits`;
}

/** Both sides' shares of both tokens. */
export function duelBars(answer) {
  return pairedBars([
    { name: answer.target, you: answer.share, model: answer.model_share, isTarget: true },
    { name: answer.rival, you: 1 - answer.share, model: 1 - answer.model_share, isTarget: false },
  ]);
}
