/** The live cards of a page about one position: of a round, or of a text that is not stored. */

import { mountLive } from "./live.js";

function placeOf({ text, position }) {
  return text === undefined ? {} : { text, position: Number(position) };
}

for (const root of document.querySelectorAll("[data-live]")) mountLive(root, () => placeOf(root.dataset));
