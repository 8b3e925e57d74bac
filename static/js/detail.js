import { byId, element } from "./dom.js";
import { ordinal, percent, withSigns } from "./format.js";
import { revealBars } from "./reveal.js";

/**
 * Say what one token cost the model, with the model's candidates as bars.
 * @param {object} token  of a scored text
 * @param {string} label  the model's name
 */
export function showDetail(token, label) {
  const shown = withSigns(token.text);
  const bits = `${token.loss_bits.toFixed(1)} bits`;
  const name = element("b", { class: "literal" }, shown);
  if (token.rank === null) {
    byId("detail-words").replaceChildren(
      name, ` is ${token.pieces} tokens to ${label}, together ${bits}.`,
    );
    byId("detail-bars").replaceChildren();
    return;
  }
  byId("detail-words").replaceChildren(
    `${label} gave `, name, ` ${percent(token.probability)}, its ${ordinal(token.rank)} choice: ${bits}.`,
  );
  if (!token.candidates.length) {
    byId("detail-bars").replaceChildren();
    return;
  }
  byId("detail-bars").replaceChildren(
    revealBars({
      candidates: token.candidates,
      target: shown,
      target_probability: token.probability,
      right: false,
      guess_probability: null,
    }),
  );
}
