/** The swap lab: sends two prompts, draws what moving each part between their runs does. */

import { byId } from "../dom.js";
import { withSigns } from "../format.js";
import { report, sender } from "../send.js";
import { mapPicture, mapTable } from "./maps.js";

const PATIENCE_MS = 30_000;
const TELL = [
  [400, "Swapping …"],
  [4_000, "Still swapping. The first time takes longest: the model has to be loaded."],
];
const FIELDS = { clean: "clean", corrupt: "corrupt", clean_answer: "clean-answer", corrupt_answer: "corrupt-answer" };

const form = byId("swap-form");
const send = sender(byId("main"), [byId("sending")]);
let gate = null;

function choose(preset) {
  const { note, clean, corrupt, cleanAnswer, corruptAnswer } = preset.dataset;
  gate = preset.dataset.gate || null;
  byId("preset-note").textContent = note;
  byId("clean").value = clean;
  byId("corrupt").value = corrupt;
  byId("clean-answer").value = cleanAnswer.trim();
  byId("corrupt-answer").value = corruptAnswer.trim();
  report(byId("swap-error"), "");
}

/** Nobody types the space before a word; a circuit's words have none. */
function answerOf(id) {
  const word = byId(id).value.trim();
  return gate || !/^[\p{L}\p{N}]/u.test(word) ? word : ` ${word}`;
}

async function swap() {
  for (const id of Object.values(FIELDS)) byId(id).setAttribute("aria-invalid", "false");
  const empty = Object.values(FIELDS).find((id) => !byId(id).value.trim());
  if (empty) {
    report(byId("swap-error"), "Both prompts and both answers are needed.", byId(empty));
    byId(empty).focus();
    return;
  }
  const sent = await send({
    method: "POST",
    url: form.dataset.url,
    body: {
      clean: byId("clean").value.trim(),
      corrupt: byId("corrupt").value.trim(),
      clean_answer: answerOf("clean-answer"),
      corrupt_answer: answerOf("corrupt-answer"),
      gate,
    },
    place: byId("swap-error"),
    kept: "Your prompts are still here; please try again.",
    tell: TELL,
    patienceMs: PATIENCE_MS,
  });
  if (sent) show(sent.answer);
}

function show(answer) {
  byId("swap-sentence").textContent = answer.sentence;
  byId("swap-differences").textContent = differences(answer);
  for (const map of answer.maps) drawMap(map, answer);
  byId("swapped").hidden = false;
  byId("swapped-title").focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("swapped").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

function differences({ model, clean_answer: one, corrupt_answer: other, ...answer }) {
  const lead = (difference) => {
    const word = (difference >= 0 ? one : other).trim();
    return `“${word}” by ${Math.abs(difference).toFixed(1)}`;
  };
  return `${model} favours ${lead(answer.clean_difference)} after the first prompt, ` +
    `and ${lead(answer.corrupt_difference)} after the second (in logits, natural-log units).`;
}

function drawMap(map, answer) {
  const isHeads = map.site === "heads";
  const rows = isHeads ? map.enough[0].map((_, head) => `head ${head + 1}`) : words(answer);
  byId(`${map.site}-pictures`).replaceChildren(
    mapPicture({ title: "Enough?", rows, values: map.enough }),
    mapPicture({ title: "Needed?", rows, values: map.needed }),
  );
  byId(`${map.site}-table`).replaceChildren(
    mapTable(isHeads ? "Head" : "Word", rows, { Enough: map.enough, Needed: map.needed }),
  );
}

/** The prompts' tokens, both where they differ. */
function words(answer) {
  return answer.clean_tokens.map((token, index) => {
    const [one, other] = [token, answer.corrupt_tokens[index]].map((text) => withSigns(text.trim() || text));
    return one === other ? one : `${one} / ${other}`;
  });
}

form.addEventListener("change", (event) => {
  if (event.target.name === "preset") choose(event.target);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  swap();
});
choose(form.querySelector("input[name=preset]:checked"));
