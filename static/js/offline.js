/** The page without a network: leads to the last result, if one is kept. */

import { byId, element } from "./dom.js";

const AGAIN_AFTER_MS = 2000;

const [last] = "caches" in window ? await (await caches.open("results")).keys() : [];
if (last) {
  byId("kept").replaceChildren(element("a", { class: "button", href: new URL(last.url).pathname }, "Your last result"));
}
byId("again").addEventListener("click", () => location.reload());
addEventListener("online", tryAgain);
// The device may say that it is online before requests get through.
if (navigator.onLine) setTimeout(tryAgain, AGAIN_AFTER_MS);

async function tryAgain() {
  try {
    await fetch(location.href, { method: "HEAD", cache: "no-store" });
    location.reload();
  } catch {
    setTimeout(tryAgain, AGAIN_AFTER_MS);
  }
}
