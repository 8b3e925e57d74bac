/** One history on two devices: shows a code, and takes the other device's. */

import { byId, element } from "./dom.js";
import { sender } from "./send.js";

const area = byId("transfer");
const { transferUrl, joinUrl, youUrl } = area.dataset;
const shown = byId("code-shown");
const field = byId("join-code");
const send = sender(area, [byId("transfer-sending")]);

async function makeCode() {
  shown.replaceChildren();
  const place = byId("transfer-error");
  const sent = await send({ method: "POST", url: transferUrl, body: {}, place, kept: "Please try again." });
  if (!sent) return;
  const { code, expires_at: until } = sent.answer;
  const time = new Date(until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const letters = `${code.slice(0, 4)} ${code.slice(4)}`;
  shown.replaceChildren(
    element("span", { class: "code" }, letters),
    ` Type it on your other device, on this page. It serves once, until ${time}.`,
  );
}

async function join() {
  const kept = "The code is still in the field; please try again.";
  const call = { method: "POST", url: joinUrl, body: { code: field.value }, place: byId("join-error"), field, kept };
  if (await send(call)) location.assign(youUrl);
  else field.focus();
}

byId("make-code").addEventListener("click", makeCode);
byId("join-form").addEventListener("submit", (event) => {
  event.preventDefault();
  join();
});
