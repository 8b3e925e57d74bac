/**
 * Shares a result by one tap: sentence, grid and link, by the device's own sheet where it has one,
 * else by the clipboard; where neither works, the text is selected for the reader.
 */

import { byId, element } from "./dom.js";
import { sender } from "./send.js";

const source = byId("share-text");
const status = byId("share-status");
const button = byId("share");
const place = byId("share-link");
const send = sender(byId("main"), [status]);
const touch = matchMedia("(hover: none) and (pointer: coarse)");

/** The link to these words, made at the first tap; null where it could not be made. */
async function link() {
  const { sendUrl, link: known } = source.dataset;
  if (known || !sendUrl) return known;
  const kept = "Press the button to try again.";
  const sent = await send({ method: "POST", url: sendUrl, body: {}, place: byId("share-error"), kept });
  if (!sent) return null;
  source.dataset.link = sent.answer.url;
  return sent.answer.url;
}

async function share() {
  status.textContent = "";
  const url = await link();
  if (url === null) return;
  const text = url ? `${source.dataset.text}\n${url}` : source.dataset.text;
  showLink(url);
  if (touch.matches && navigator.share && await shareBySheet(text)) return;
  await copy(text);
}

/** Tells whether the device's sheet took the text, or the player closed it. */
async function shareBySheet(text) {
  try {
    await navigator.share({ text });
    return true;
  } catch (error) {
    return error.name === "AbortError";
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    status.textContent = source.dataset.link
      ? "Copied, with a link to the same words. Paste it to a friend."
      : "Copied.";
  } catch {
    getSelection().selectAllChildren(source.dataset.link ? place : source);
    status.textContent = "The text is selected; copy it with your usual keys or menu.";
  }
}

function showLink(url) {
  if (!url || !place.hidden) return;
  place.replaceChildren(element("a", { href: url }, url));
  place.hidden = false;
}

button.hidden = false;
button.addEventListener("click", share);
