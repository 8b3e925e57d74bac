/** A bet: 100 % spread over what is offered. Whatever is left stays on "something else". */

import { byId, element } from "./dom.js";
import { percent } from "./format.js";
import { pairedBars } from "./paired.js";
import { revealWords } from "./reveal.js";

const ROUNDING = 1e-9;
const FIRST_PRESS = 0.1; // what a key or + puts on an option that has next to nothing
const SHOWN = 5; // options of a reveal; all of them would push the next button out of sight

/**
 * Open the panel for the asked position.
 * @param {HTMLElement} node
 * @param {object} asked  with `options` and `steps`, from the smallest share to the largest
 * @param {object} round
 * @returns {{kind: string, answer: () => object, untouched: () => boolean, close: () => void}}
 */
export function openBet(node, asked, { unit, model }) {
  const { options, steps } = asked;
  const levels = options.map(() => 0);
  let warned = false;
  const own = ownIndex(asked, unit);
  const rows = options.map((text, index) => optionRow(text, index, steps.length, index === own));
  const rest = restRow();
  byId("stakes").replaceChildren(...rows.map((row) => row.item), rest.item);

  const left = () => 1 - levels.reduce((sum, level) => sum + steps[level], 0);

  function show() {
    for (const [index, row] of rows.entries()) row.show(levels[index], steps[levels[index]]);
    rest.show(left());
  }

  /** Put an option on a level, or on the highest below it that the rest allows. */
  function set(index, goal) {
    const available = left() + steps[levels[index]] - steps[0];
    let level = Math.max(0, Math.min(goal, steps.length - 1));
    while (level > 0 && steps[level] > available + ROUNDING) level -= 1;
    levels[index] = level;
    show();
    node.dispatchEvent(new Event("input", { bubbles: true })); // as a slider does by itself
  }

  /** The first press goes to a share worth betting; from there it is step by step. */
  function raise(index) {
    const first = steps.findIndex((step) => step >= FIRST_PRESS);
    set(index, levels[index] === 0 ? first : levels[index] + 1);
  }

  for (const [index, row] of rows.entries()) {
    row.slider.addEventListener("input", () => set(index, Number(row.slider.value)));
    row.less.addEventListener("click", () => set(index, levels[index] - 1));
    row.more.addEventListener("click", () => raise(index));
  }
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    if (digit && Number(digit) <= options.length) {
      event.preventDefault();
      const index = Number(digit) - 1;
      if (event.shiftKey) set(index, levels[index] - 1);
      else raise(index);
      rows[index].slider.focus({ preventScroll: true });
    } else if (["ArrowUp", "ArrowDown"].includes(event.key)) {
      moveFocus(event, rows);
    }
  }
  document.addEventListener("keydown", onKey);
  const clear = byId("clear-bet");
  clear.onclick = () => {
    levels.fill(0);
    show();
  };
  show();
  byId("own-guess").textContent = own < 0 && asked.guess !== null
    ? `Your “${asked.guess}” is not a single token of ${model.label}, so “something else” covers it.`
    : "";
  node.hidden = false;
  rows[0].slider.focus({ preventScroll: true });
  return {
    kind: "bets",
    answer: () => ({
      stakes: Object.fromEntries(options.map((text, index) => [text, steps[levels[index]]])),
      other: left(),
    }),
    untouched: () => {
      const untouched = !warned && levels.every((level) => level === 0);
      warned = true;
      return untouched;
    },
    close: () => {
      document.removeEventListener("keydown", onKey);
      node.hidden = true;
    },
  };
}

/** The index of the player's own guess; -1 where there is none, or it is not a single token. */
function ownIndex({ options, own_option: own, guess }, unit) {
  if (own !== null || guess === null) return options.indexOf(own);
  const plain = (text) => (unit === "words" ? text.toLowerCase() : text.replace(/^\u2423/, ""));
  return options.findIndex((text) => plain(text) === plain(guess));
}

/** Up and down go from option to option; left and right change the share, as sliders do. */
function moveFocus(event, rows) {
  const here = rows.findIndex((row) => row.slider === document.activeElement);
  if (here < 0) return;
  event.preventDefault();
  const next = here + (event.key === "ArrowDown" ? 1 : -1);
  rows[(next + rows.length) % rows.length].slider.focus();
}

function optionRow(text, index, levels, isOwn) {
  const id = `stake-${index}`;
  const slider = element("input", {
    id, class: "scale-input", type: "range", min: "0", max: String(levels - 1), step: "1",
  });
  const share = element("span", { class: "share-of number" });
  const less = stepButton("−", `Less on ${text}`);
  const more = stepButton("+", `More on ${text}`);
  const label = element("label", { for: id }, text);
  if (isOwn) label.append(element("small", {}, " your guess"));
  const key = element("kbd", { "aria-hidden": "true", class: "keys" }, String(index + 1));
  return {
    item: element("li", {}, key, label, less, slider, more, share),
    slider, less, more,
    show(level, value) {
      slider.value = String(level);
      slider.setAttribute("aria-valuetext", percent(value));
      share.textContent = percent(value);
    },
  };
}

/** For the pointer; the keyboard has the slider itself. */
function stepButton(sign, label) {
  return element("button", { type: "button", class: "step", tabindex: "-1", "aria-label": label }, sign);
}

function restRow() {
  const share = element("span", { class: "share-of number" });
  const fill = element("span", { class: "fill" });
  const bar = element("span", { class: "rest-bar", "aria-hidden": "true" }, fill);
  return {
    item: element("li", { class: "rest" }, element("span", {}, "something else"), bar, share),
    show(value) {
      share.textContent = percent(value);
      fill.style.width = `${100 * value}%`;
    },
  };
}

/** Say what the author wrote, and what it cost both sides. */
export function betWords(answer, round) {
  const { loss_bits: yours, model_loss_bits: theirs } = answer.bet;
  const cost = [
    "It cost you ", element("b", { class: "who-you" }, `${yours.toFixed(1)} bits`), " and ",
    round.model.label, " ", element("b", { class: "who-model" }, `${theirs.toFixed(1)}`), ".",
  ];
  const [verdict] = revealWords(answer, round);
  return [verdict, element("p", { class: "expectation" }, ...cost)];
}

/** Both sides' shares of what either found likely, of all the rest together, of something else. */
export function betBars(answer) {
  const { stakes, other, model_other: modelOther } = answer.bet;
  const rows = stakes.map((stake) => ({
    name: stake.token, you: stake.share, model: stake.model_probability, isTarget: stake.is_target,
  }));
  const weight = (row) => (row.isTarget ? 2 : 0) + row.you + row.model;
  rows.sort((one, another) => weight(another) - weight(one));
  const hit = rows.some((row) => row.isTarget);
  const rest = rows.splice(SHOWN);
  rows.sort((one, another) => another.you + another.model - one.you - one.model);
  if (rest.length > 0) rows.push(together(rest));
  const name = hit ? "something else" : `something else: ${answer.target}`;
  rows.push({ name, you: other, model: modelOther, isTarget: !hit });
  return pairedBars(rows);
}

function together(rows) {
  const sum = (side) => rows.reduce((total, row) => total + row[side], 0);
  return { name: `${rows.length} more offered`, you: sum("you"), model: sum("model"), isTarget: false };
}
