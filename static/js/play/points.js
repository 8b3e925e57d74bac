/** Points: what a right word is worth, how they add up, and the one motion that celebrates them. */

import { element } from "../dom.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const RISE_MS = 700;

/**
 * @param {number} bits
 * @returns {string}  "6.3"
 */
export function pointed(bits) {
  return bits.toFixed(1);
}

/** Whether a round is counted in points; bets and duels are won by losing little. */
export function hasPoints(round) {
  return round.mode === "guess" || round.mode === "tries";
}

/**
 * The arithmetic of a round so far, with its own numbers, a line for each side.
 * @param {object} round
 * @returns {HTMLElement[]}
 */
export function sums(round) {
  const sides = [["you", "You", "right"], ["model", round.model.label, "model_right"]];
  return sides.map(([side, name, mark]) => {
    const right = round.answers.filter((answer) => answer[mark]);
    const terms = right.map((answer) => `${answer.target} ${pointed(answer.points[side])}`);
    const total = pointed(round.score.points[side]);
    const told = terms.length > 0 ? `${terms.join(" + ")} = ${total}, each rounded` : "0, nothing right yet";
    return element("p", {}, element("b", { class: `who-${side}` }, name), ": ", told);
  });
}

/**
 * Let a hit's points rise once from its word to the race, where they stay.
 * @param {Element | null} word
 * @param {Element | null} race  where the player's points stand
 * @param {number} bits
 */
export function rise(word, race, bits) {
  if (!word || !race || calm.matches || !bits) return;
  const [from, to] = [word.getBoundingClientRect(), race.getBoundingClientRect()];
  const flying = element("span", { class: "rising", "aria-hidden": "true" }, `+${pointed(bits)}`);
  flying.style.left = `${from.left}px`;
  flying.style.top = `${from.top}px`;
  document.body.append(flying);
  const move = `translate(${to.left - from.left}px, ${to.top - from.top}px)`;
  const frames = [{ transform: "none" }, { transform: move, opacity: 0.2 }];
  const motion = flying.animate(frames, { duration: RISE_MS, easing: "cubic-bezier(.3, 0, .2, 1)" });
  motion.finished.finally(() => flying.remove());
}
