/** What a model is asked while the reader waits: the words it needed, and what else it could write. */

import { element } from "../dom.js";
import { exchange } from "../send.js";
import { contextTable } from "./context.js";
import { treeList } from "./tree.js";

const PATIENCE_MS = 30_000;
const SLIDING_MS = 150;
const A_PIECE = 16; // words that the server asks about at once
const TOP_K = [1, 2, 3, 5, 10, 20, 50, 100, 300, 1_000, null]; // null is all

/**
 * Bring a page's live cards to life.
 * @param {HTMLElement} root
 * @param {() => object} place  what every call says besides: nothing, or an own text and a position
 * @returns {() => void}  forget what was asked, as for another word
 */
export function mountLive(root, place) {
  if (!root.querySelector("[data-ask-context]")) return () => {}; // no model runs here
  const forgetContext = mountContext(root, place);
  const forgetTree = mountTree(root, place);
  return () => {
    forgetContext();
    forgetTree();
  };
}

/** Ask piece by piece: the most watched words first, the rest when they are wanted. */
function mountContext(root, place) {
  const find = (name) => root.querySelector(`[data-context${name}]`);
  const [area, status, failure] = ["", "-status", "-error"].map(find);
  const button = root.querySelector("[data-ask-context]");
  const way = root.querySelector("[data-way]");
  let turn = 0;

  function forget() {
    turn += 1;
    status.textContent = failure.textContent = "";
    area.replaceChildren(button);
    button.disabled = false;
  }

  async function ask(from, known) {
    const mine = turn;
    let answer;
    let words = known;
    let piece = from;
    do {
      status.textContent = piece ? `Asking about more words: ${piece * A_PIECE} so far …` : "Asking …";
      answer = await exchange(
        "POST", root.dataset.contextUrl, { ...place(), way: way.value, piece }, PATIENCE_MS,
      );
      if (mine !== turn) return;
      words = [...words, ...answer.helped, ...answer.hindered];
      piece += 1;
      show(words, answer, piece);
    } while (from > 0 && piece < answer.pieces);
    status.textContent = piece < answer.pieces
      ? `The ${A_PIECE} words it looked at most, of ${answer.tokens}.`
      : `All ${answer.tokens} words and signs before it.`;
  }

  function show(words, answer, piece) {
    area.replaceChildren(...contextTable(words));
    if (piece >= answer.pieces) return;
    const rest = element("button", { class: "button quiet", type: "button" }, "Ask about all the others");
    rest.addEventListener("click", () => guarded(() => ask(piece, words)));
    area.append(rest);
  }

  async function guarded(asking) {
    failure.textContent = "";
    for (const one of area.querySelectorAll("button")) one.disabled = true;
    try {
      await asking();
    } catch (problem) {
      status.textContent = "";
      failure.textContent = problem.message;
      for (const one of area.querySelectorAll("button")) one.disabled = false;
    }
  }

  button.addEventListener("click", () => guarded(() => ask(0, [])));
  way.addEventListener("change", () => {
    const wasAsked = !area.contains(button);
    forget();
    if (wasAsked) guarded(() => ask(0, []));
  });
  return forget;
}

function mountTree(root, place) {
  const find = (name) => root.querySelector(`[data-tree${name}]`);
  const [area, status, failure] = ["", "-status", "-error"].map(find);
  const button = root.querySelector("[data-ask-tree]");
  const [temperature, topK] = ["temperature", "top-k"].map((n) => root.querySelector(`[data-${n}]`));
  let turn = 0;
  let timer;

  function forget() {
    turn += 1;
    status.textContent = failure.textContent = "";
    area.replaceChildren(button);
    button.disabled = false;
  }

  function wish() {
    return { temperature: Number(temperature.value) / 10, top_k: TOP_K[Number(topK.value)] };
  }

  async function ask() {
    turn += 1;
    const mine = turn;
    failure.textContent = "";
    if (area.contains(button)) status.textContent = "Growing …";
    button.disabled = true;
    try {
      const tree = await exchange("POST", root.dataset.treeUrl, { ...place(), ...wish() }, PATIENCE_MS);
      if (mine !== turn) return;
      status.textContent = "";
      area.replaceChildren(treeList(tree.branches));
    } catch (problem) {
      if (mine !== turn) return;
      status.textContent = "";
      failure.textContent = problem.message;
      button.disabled = false;
    }
  }

  function slide() {
    const { temperature: heat, top_k: allowed } = wish();
    root.querySelector("[data-temperature-shown]").textContent = heat.toFixed(1);
    root.querySelector("[data-top-k-shown]").textContent = allowed?.toLocaleString("en") ?? "all";
    topK.setAttribute("aria-valuetext", allowed === null ? "all" : String(allowed));
    temperature.setAttribute("aria-valuetext", heat.toFixed(1));
    if (area.contains(button)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, SLIDING_MS);
  }

  button.addEventListener("click", ask);
  for (const slider of [temperature, topK]) slider.addEventListener("input", slide);
  slide();
  return forget;
}
