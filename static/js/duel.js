/** A duel: how far a player leans towards one of two tokens. */

import { byId, element } from "./dom.js";
import { percent } from "./format.js";
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

/** 99.8 % is said as such: above 99 % the tenths are what the player chose. */
function whole(share) {
  const value = 100 * share;
  return `${Number(value.toFixed(1))}\u202f%`;
}

/** Say which one the author wrote, and how much both sides gave it. */
export function duelWords(answer, round) {
  const verdict = [
    "The author wrote ", element("b", {}, answer.target), ", not ", element("b", {}, answer.rival), ".",
  ];
  const shares = [
    "You gave it ", element("b", { class: "who-you" }, whole(answer.share)), ", ",
    round.model.label, " ", element("b", { class: "who-model" }, percent(answer.model_share)), ".",
  ];
  return [
    element("p", { class: "verdict-words" }, ...verdict),
    element("p", { class: "expectation" }, ...shares),
  ];
}

/** Both sides' shares of both tokens. */
export function duelBars(answer) {
  return pairedBars([
    { name: answer.target, you: answer.share, model: answer.model_share, isTarget: true },
    { name: answer.rival, you: 1 - answer.share, model: 1 - answer.model_share, isTarget: false },
  ]);
}
