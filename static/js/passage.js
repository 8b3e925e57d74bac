import { element } from "./dom.js";
import { withSigns } from "./format.js";

/**
 * Draw the revealed text, with both sides' marks at the settled targets.
 * @param {HTMLElement} node
 * @param {object} round
 * @param {boolean} revealing  stop after the latest target and set it in bold, so that the text
 *   that follows does not run ahead of the reveal
 */
export function drawPassage(node, round, revealing) {
  const latest = revealing ? round.answers.length - 1 : -1;
  node.replaceChildren();
  for (const [index, segment] of round.segments.entries()) {
    if (segment.answer === null) {
      node.append(segment.text);
    } else {
      const tight = isShortTarget(round.segments[index - 1]);
      node.append(...target(segment, round, segment.answer === latest, tight));
      if (segment.answer === latest) return;
    }
  }
  // A word token brings its own space; the gap takes its place and needs one.
  if (!revealing && round.unit === "words" && !/\s$/.test(round.text)) node.append(" ");
}

/** A target too short for its own marks: another right after it has to keep its distance. */
function isShortTarget(segment) {
  return segment !== undefined && segment.answer !== null && segment.text.length <= 3;
}

function target(segment, round, isLatest, isTight) {
  const answer = round.answers[segment.answer];
  const [, before, word] = /^(\s*)([^]*)$/.exec(segment.text);
  const classes = ["asked"];
  if (answer.right) classes.push("you-hit");
  if (answer.model_right) classes.push("model-hit");
  if (isLatest) classes.push("latest");
  if (isTight) classes.push("tight");
  const marks = ` (you ${answer.right ? "had it" : "missed"}, ${round.model.label} ${
    answer.model_right ? "had it" : "missed"
  })`;
  const marked = element(
    "span",
    { class: classes.join(" ") },
    word || withSigns(before),
    element("span", { class: "sr" }, marks),
  );
  return word ? [before, marked] : [marked, before.replaceAll(" ", "")];
}

/**
 * The last words before the gap: the gap's description, for screen readers.
 * @param {string} text
 * @returns {string}
 */
export function lastWords(text) {
  return text.split(/\s+/).slice(-12).join(" ");
}
