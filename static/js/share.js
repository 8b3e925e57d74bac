/** Copies the result as text; where the clipboard is not available, selects it for the reader. */

import { byId } from "./dom.js";

const source = byId("share-text");
const status = byId("share-status");

async function copy() {
  try {
    await navigator.clipboard.writeText(source.dataset.text);
    status.textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(source);
    status.textContent = "The text is selected; copy it with your usual keys or menu.";
  }
}

byId("copy").hidden = false;
byId("copy").addEventListener("click", copy);
