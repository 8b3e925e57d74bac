/** The player's own page: the nickname, and deletion. */

import { Problem, call } from "./api.js";
import { byId } from "./dom.js";

const form = byId("nickname-form");
const field = byId("nickname");

/**
 * Run a call; show its failure as a sentence in `place` and keep the button from a second press.
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} place
 * @param {() => Promise<void>} work
 * @returns {Promise<boolean>}  whether it worked
 */
async function attempt(button, place, work) {
  button.disabled = true;
  place.textContent = "";
  try {
    await work();
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    place.textContent = problem.message;
    return false;
  } finally {
    button.disabled = false;
  }
}

async function saveNickname(button, nickname) {
  byId("nickname-status").textContent = "";
  const error = byId("nickname-error");
  const saved = await attempt(button, error, () => call("PATCH", "/api/v1/player", { nickname }));
  field.setAttribute("aria-invalid", String(!saved));
  if (!saved) {
    field.focus();
    return;
  }
  field.value = nickname ?? "";
  byId("nickname-status").textContent = nickname ? "Saved." : "Your nickname is cleared.";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  saveNickname(byId("nickname-save"), field.value.trim() || null);
});
byId("nickname-clear").addEventListener("click", () => saveNickname(byId("nickname-clear"), null));

byId("delete").addEventListener("click", async () => {
  const remove = () => call("DELETE", "/api/v1/player");
  if (await attempt(byId("delete"), byId("delete-error"), remove)) location.assign("/");
});
