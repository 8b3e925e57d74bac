/** A bet: 100 % spread over what is offered. What is left over stays on "something else". */

import { byId, element } from "./dom.js";
import { percent } from "./format.js";
import { pairedBars } from "./paired.js";
import { revealWords } from "./reveal.js";

const ROUNDING = 1e-9;

/**
 * Open the panel for the asked position.
 * @param {HTMLElement} node
 * @param {object} asked  with `options` and `steps`, from the smallest share to the largest
 * @returns {{kind: string, answer: () => object, untouched: () => boolean, close: () => void}}
 */
export function openBet(node, asked) {
  const { options, steps } = asked;
  const levels = options.map(() => 0);
  let warned = false;
  const rows = options.map((text, index) => optionRow(text, index, asked));
  const rest = restRow();
  byId("stakes").replaceChildren(...rows.map((row) => row.item), rest.item);

  const left = () => 1 - levels.reduce((sum, level) => sum + steps[level], 0);

  function show() {
    for (const [index, row] of rows.entries()) row.show(levels[index], steps[levels[index]]);
    rest.show(left());
  }

  /** Put an option on the wanted level, or on the highest that what is left allows. */
  function set(index, wanted) {
    const available = left() + steps[levels[index]] - steps[0];
    let level = Math.max(0, Math.min(wanted, steps.length - 1));
    while (level > 0 && steps[level] > available + ROUNDING) level -= 1;
    levels[index] = level;
    show();
  }

  for (const [index, row] of rows.entries()) {
    row.slider.addEventListener("input", () => set(index, Number(row.slider.value)));
    row.less.addEventListener("click", () => set(index, levels[index] - 1));
    row.more.addEventListener("click", () => set(index, levels[index] + 1));
  }
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    if (digit && Number(digit) <= options.length) {
      event.preventDefault();
      const index = Number(digit) - 1;
      set(index, levels[index] + (event.shiftKey ? -1 : 1));
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

/** Up and down go from option to option; left and right change the share, as sliders do. */
function moveFocus(event, rows) {
  const here = rows.findIndex((row) => row.slider === document.activeElement);
  if (here < 0) return;
  event.preventDefault();
  const next = here + (event.key === "ArrowDown" ? 1 : -1);
  rows[(next + rows.length) % rows.length].slider.focus();
}

function optionRow(text, index, { steps, own_option: own }) {
  const id = `stake-${index}`;
  const slider = element("input", {
    id, class: "scale-input", type: "range", min: "0", max: String(steps.length - 1), step: "1",
  });
  const share = element("span", { class: "share-of number" });
  const less = element("button", { type: "button", class: "step", tabindex: "-1", "aria-label": `Less on ${text}` }, "−");
  const more = element("button", { type: "button", class: "step", tabindex: "-1", "aria-label": `More on ${text}` }, "+");
  const label = element("label", { for: id }, text);
  if (text === own) label.append(element("small", {}, " your guess"));
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

/** Both sides' shares of everything that was offered. */
export function betBars(answer) {
  const { stakes, other, model_other: modelOther } = answer.bet;
  const rows = stakes.map((stake) => ({
    name: stake.token, you: stake.share, model: stake.model_probability, isTarget: stake.is_target,
  }));
  rows.sort((one, another) => another.you + another.model - one.you - one.model);
  const hit = rows.some((row) => row.isTarget);
  const name = hit ? "something else" : `something else: ${answer.target}`;
  rows.push({ name, you: other, model: modelOther, isTarget: !hit });
  return pairedBars(rows);
}
