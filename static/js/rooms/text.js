/** A room's text up to the gap, with the author's word in it once that is revealed. */

import { element } from "../dom.js";

/**
 * @param {HTMLElement} node
 * @param {any} room
 */
export function drawText(node, room) {
  const space = room.state === "asking" || room.state === "revealed" ? " " : "";
  node.replaceChildren(room.text, space);
  if (room.reveal) node.append(element("b", { class: "author-word" }, room.reveal.target));
}
