/** The player's own page: the nickname, and deletion. */

import { byId } from "./dom.js";
import { sender } from "./send.js";

const form = byId("nickname-form");
const field = byId("nickname");
const status = byId("nickname-status");
const { playerUrl, homeUrl } = byId("player").dataset;
const send = sender(byId("main"), [byId("sending")]);

async function saveNickname(nickname) {
  status.textContent = "";
  const sent = await send({
    method: "PATCH",
    url: playerUrl,
    body: { nickname },
    place: byId("nickname-error"),
    field,
    kept: "Your nickname is still in the field; please try again.",
  });
  if (sent) showNickname(sent.answer.nickname);
  else field.focus();
}

function showNickname(nickname) {
  field.value = nickname ?? "";
  byId("player").textContent = nickname ?? "You";
  status.textContent = nickname ? "Saved." : "Your nickname is cleared.";
}

async function deleteAll() {
  const sent = await send({
    method: "DELETE",
    url: playerUrl,
    place: byId("delete-error"),
    kept: "Please try again.",
  });
  if (!sent) return;
  await globalThis.caches?.delete("results").catch(() => {}); // the last result, kept by the worker
  location.assign(homeUrl);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  saveNickname(field.value.trim() || null);
});
byId("nickname-clear").addEventListener("click", () => saveNickname(null));
byId("delete").addEventListener("click", deleteAll);
