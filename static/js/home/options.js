/** Options are remembered in this browser, and nowhere else. */

import { byId } from "../dom.js";

const KEPT = "perplexed-options";
const form = byId("ways");

/** What may be chosen: radio buttons by name and value, boxes by name. */
function chosen() {
  const data = new FormData(form);
  return Object.fromEntries([...data].filter(([name]) => name !== "mode"));
}

function remember() {
  try {
    localStorage.setItem(KEPT, JSON.stringify(chosen()));
  } catch {
    // Storage is full or forbidden: the page then opens with what is usual.
  }
}

function restore() {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return;
  }
  if (kept === null || typeof kept !== "object") return;
  for (const field of form.querySelectorAll("input")) {
    field.checked = kept[field.name] === field.value;
  }
  for (const name of ["unit", "form"]) {
    if (!form.querySelector(`input[name=${name}]:checked`)) form[name][0].checked = true;
  }
}

form.addEventListener("change", remember);
restore();
