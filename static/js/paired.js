import { element } from "./dom.js";
import { percent } from "./format.js";

/**
 * Two bars a row: the player's share above, the model's below, each with its figure beside it.
 * @param {{name: string, you: number, model: number, isTarget: boolean}[]} rows
 * @returns {HTMLElement}
 */
export function pairedBars(rows) {
  const largest = Math.max(...rows.flatMap((row) => [row.you, row.model]));
  const list = element("dl", { class: "bars paired" });
  for (const row of rows) {
    const name = element("dt", { class: row.isTarget ? "is-target" : false }, row.name);
    if (row.isTarget) {
      name.append(
        element("span", { class: "arrow", "aria-hidden": "true" }, " ←"),
        element("span", { class: "sr" }, ", the author’s"),
      );
    }
    list.append(name, ...bar(row.you, largest, "you"), ...bar(row.model, largest, "model"));
  }
  return list;
}

function bar(share, largest, side) {
  const fill = element("span", { class: `fill ${side}` });
  fill.style.width = `${(100 * share) / largest}%`;
  const who = element("span", { class: "sr" }, side === "you" ? "you " : "model ");
  return [
    element("dd", { class: `bar-of ${side}`, "aria-hidden": "true" }, fill),
    element("dd", { class: `share-of ${side}` }, who, percent(share)),
  ];
}
