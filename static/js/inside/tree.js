import { element } from "../dom.js";
import { percent, withSigns } from "../format.js";
import { drawn } from "./maps.js";

/**
 * A tree of continuations as lists in lists; a bar's length is a token's probability after its path.
 * @param {object[]} branches
 * @returns {HTMLElement}
 */
export function treeList(branches) {
  return element("ul", { class: "tree" }, ...branches.map(item));
}

function item(branch) {
  const bar = drawn(
    "svg", { class: "bar", "aria-hidden": "true", focusable: "false" },
    drawn("rect", { width: `${(100 * branch.probability).toFixed(2)}%`, height: "100%" }),
  );
  const row = element(
    "span", { class: "tree-row" },
    element("b", { class: "literal" }, withSigns(branch.token)),
    bar,
    element("span", { class: "num" }, percent(branch.probability)),
    element("span", { class: "num hint" }, element("span", { class: "sr" }, "whole path "), percent(branch.joint)),
  );
  const below = branch.branches.length ? [treeList(branch.branches)] : [];
  return element("li", {}, row, ...below);
}
