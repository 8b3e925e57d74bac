/** The map of a finished passage: any word opens, and says what both sides held likely there. */

import { choosable } from "./choose.js";
import { showDetail } from "./detail.js";
import { byId, element } from "./dom.js";
import { revealBars, revealWords } from "./reveal.js";

const { words, round } = JSON.parse(byId("map-data").textContent);
const node = byId("map");
const marks = [...node.querySelectorAll(".word")];

for (const mark of marks) {
  mark.setAttribute("role", "button");
  mark.tabIndex = -1;
  mark.removeAttribute("title"); // the detail says it
}
if (marks.length) marks[firstTold()].tabIndex = 0;

choosable(node, marks, (index) => {
  byId("detail").hidden = false;
  const word = words[marks[index].dataset.index];
  const answer = word.answer === null ? null : round.answers[word.answer];
  if (answer?.candidates) showAnswer(answer);
  else showDetail(word, round.model.label);
});

/** The keyboard enters where the first asked word is. */
function firstTold() {
  return Math.max(0, marks.findIndex((mark) => mark.classList.contains("asked")));
}

function showAnswer(answer) {
  byId("detail-words").replaceChildren(...revealWords(answer, round));
  const title = `What ${round.model.label} expected; ← is the author’s.`;
  byId("detail-bars").replaceChildren(element("p", { class: "chart-title" }, title), revealBars(answer));
}
