import { choosable } from "./choose.js";
import { element } from "./dom.js";
import { withSigns } from "./format.js";

const BITS_PER_LEVEL = 2;
const LEVELS = 8;
// The number's size below a token and its rows, as static/css/surprise.css sets them.
const [TICK_PX, DIGIT_PX] = [4, 7];
const ROWS = 3;
const SPOKEN = { "\u2423": "space", "\u23ce": "line end", "\u21e5": "tab" };

let watched; // the text that is drawn now

/**
 * The level of colour of a loss. Bits are a log scale already; from 14 bits on a token is as dark as
 * it gets, as on the result page.
 * @param {number} bits
 * @returns {number}  0 to 7
 */
function levelOf(bits) {
  return Math.min(LEVELS - 1, Math.max(0, Math.floor(bits / BITS_PER_LEVEL)));
}

/**
 * Draw a scored text into a visible node: each token coloured, with its bits below it, and chosen
 * by pointer, touch or arrow keys. The whole text is one stop for the Tab key. The most surprising
 * token is chosen first.
 * @param {HTMLElement} node
 * @param {object[]} tokens
 * @param {(token: object) => void} onChosen
 */
export function drawTokens(node, tokens, onChosen) {
  node.replaceChildren();
  const marks = tokens.map((token) => drawToken(node, token));
  placeNumbers(node, marks);
  const choose = choosable(node, marks, (index) => onChosen(tokens[index]));
  choose(mostSurprising(tokens));
}

/** Place the numbers now and whenever the lines break elsewhere. */
function placeNumbers(node, marks) {
  let width = 0;
  watched?.disconnect();
  watched = new ResizeObserver(() => {
    if (node.clientWidth === width) return; // only the height changed, through the numbers themselves
    width = node.clientWidth;
    stagger(node, marks);
  });
  watched.observe(node);
}

/**
 * Give each number the first row below its line where it meets no other. The text keeps its own
 * spacing that way; making room would open gaps inside words.
 */
function stagger(node, marks) {
  const isRightToLeft = getComputedStyle(node).direction === "rtl";
  const lines = new Map();
  let rows = 1;
  for (const mark of marks) {
    const digits = mark.dataset.bits?.length ?? 0;
    if (!digits) continue;
    const [box] = mark.getClientRects();
    const start = isRightToLeft ? -box.right : box.left;
    const row = freeRow(lineOf(lines, box.top), start, start + TICK_PX + DIGIT_PX * digits);
    mark.dataset.row = String(row);
    rows = Math.max(rows, row + 1);
  }
  node.dataset.rows = String(rows);
}

/** Tokens on one line may differ in height by a fraction of a pixel. */
function lineOf(lines, top) {
  const known = [top, top - 1, top + 1].map(Math.round).find((key) => lines.has(key));
  const key = known ?? Math.round(top);
  if (!lines.has(key)) lines.set(key, Array.from({ length: ROWS }, () => []));
  return lines.get(key);
}

/** The first row that is free between `start` and `end`; the last where all are taken. */
function freeRow(line, start, end) {
  const isFree = (taken) => taken.every(([from, to]) => end <= from || start >= to);
  const free = line.findIndex(isFree);
  const row = free < 0 ? ROWS - 1 : free;
  line[row].push([start, end]);
  return row;
}

/** Among whole tokens, since only those have candidates to show. */
function mostSurprising(tokens) {
  const losses = tokens.map((token) => (token.pieces === 1 ? token.loss_bits : -1));
  return losses.indexOf(losses.reduce((most, loss) => Math.max(most, loss)));
}

/**
 * White space before a word stays outside its colour; white space alone shows as a sign, and an
 * invisible character (a joiner, a direction mark) as its code.
 */
function drawToken(node, token) {
  const [, before, word] = /^(\s*)([^]*)$/.exec(token.text);
  const invisible = /^\p{Cf}+$/u.test(word);
  const shown = invisible ? codes(word) : word || withSigns(before);
  const level = levelOf(token.loss_bits);
  const bits = String(Math.round(token.loss_bits));
  const mark = element(
    "span",
    {
      class: `token heat-${level}${invisible ? " code" : ""}`,
      role: "button",
      "aria-label": `${spoken(shown)}, ${bits} bit${bits === "1" ? "" : "s"}`,
      "data-bits": level > 0 && bits,
    },
    shown,
  );
  if (word) node.append(before, mark);
  else node.append(mark, before.replaceAll(" ", ""));
  return mark;
}

function codes(text) {
  const hex = (character) => character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  return [...text].map((character) => `U+${hex(character)}`).join(" ");
}

function spoken(shown) {
  return shown.replace(/[\u2423\u23ce\u21e5]/g, (sign) => `${SPOKEN[sign]} `).trim();
}
