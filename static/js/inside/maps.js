/** Maps of shares as SVG and as tables: words run down, layers across. */

import { element } from "../dom.js";

const SVG = "http://www.w3.org/2000/svg";
const [CELL_WIDTH, CELL_HEIGHT, LABEL_WIDTH, HEAD_HEIGHT] = [30, 22, 112, 20];
const LEVELS = 7;
const SHOWN_FROM = 0.045; // smaller shares are drawn without a number
const LONGEST_LABEL = 13;

/**
 * Make an SVG element; text goes in as text nodes.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function drawn(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/**
 * A share as hundredths, with a true minus sign.
 * @param {number} share
 * @returns {string}
 */
export function hundredths(share) {
  const rounded = Math.round(100 * share);
  return rounded < 0 ? `−${-rounded}` : String(rounded);
}

/**
 * Draw one direction of a map.
 * @param {object} map
 * @param {string} map.title
 * @param {string[]} map.rows  what stands beside each row
 * @param {number[][]} map.values  by column (layer), then by row
 * @returns {HTMLElement}
 */
export function mapPicture({ title, rows, values }) {
  const width = LABEL_WIDTH + values.length * CELL_WIDTH;
  const height = HEAD_HEIGHT + rows.length * CELL_HEIGHT + 4;
  const picture = drawn("svg", {
    class: "share-map", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", focusable: "false",
  });
  for (const layer of values.keys()) {
    const x = LABEL_WIDTH + (layer + 0.5) * CELL_WIDTH;
    picture.append(drawn("text", { x, y: 13, class: "axis" }, String(layer + 1)));
  }
  picture.append(drawn("text", { x: 0, y: 13, class: "axis start" }, "layer"));
  for (const [row, name] of rows.entries()) {
    const y = HEAD_HEIGHT + row * CELL_HEIGHT;
    picture.append(drawn("text", { x: LABEL_WIDTH - 8, y: y + 15, class: "word" }, shortened(name)));
    for (const [layer, column] of values.entries()) {
      picture.append(...cell(column[row], LABEL_WIDTH + layer * CELL_WIDTH, y));
    }
  }
  return element("figure", {}, element("figcaption", {}, title), picture);
}

function cell(share, x, y) {
  const level = Math.max(0, Math.min(LEVELS, Math.ceil(Math.abs(share) * LEVELS - 0.25)));
  const kind = share < -SHOWN_FROM ? "against" : `level-${level}`;
  const box = drawn("rect", {
    x: x + 1, y: y + 1, width: CELL_WIDTH - 2, height: CELL_HEIGHT - 2, class: kind,
  });
  if (Math.abs(share) < SHOWN_FROM) return [box];
  return [box, drawn("text", { x: x + CELL_WIDTH / 2, y: y + 15, class: "share" }, hundredths(share))];
}

function shortened(name) {
  const letters = [...name];
  return letters.length > LONGEST_LABEL ? `${letters.slice(0, LONGEST_LABEL - 1).join("")}…` : name;
}

/**
 * The same numbers as a table, for keyboards and screen readers.
 * @param {string} rowsAre  what a row is: a word, a head
 * @param {string[]} rows
 * @param {Record<string, number[][]>} directions  values by direction's name
 * @returns {HTMLElement}
 */
export function mapTable(rowsAre, rows, directions) {
  const names = Object.keys(directions);
  const layers = directions[names[0]].length;
  const heads = [element("th", { scope: "col" }, rowsAre)];
  for (const name of names) {
    for (let layer = 1; layer <= layers; layer += 1) {
      heads.push(element("th", { scope: "col", class: "num" }, `${name}, layer ${layer}`));
    }
  }
  const body = rows.map((word, row) => {
    const cells = names.flatMap((name) =>
      directions[name].map((column) => element("td", { class: "num" }, hundredths(column[row]))));
    return element("tr", {}, element("th", { scope: "row" }, word), ...cells);
  });
  return element(
    "table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body),
  );
}
