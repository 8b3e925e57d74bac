import { element } from "../dom.js";
import { signed, withSigns } from "../format.js";
import { drawn } from "./maps.js";

const SHOWN = 6;
const BITS_PER_NAT = 1 / Math.LN2;
const LEAST_BITS = 0.005; // less is shown as 0.00, and is told apart

/**
 * The words that helped and those that hindered, strongest first, each with its bar.
 * @param {object[]} words  of a context
 * @returns {HTMLElement[]}
 */
export function contextTable(words) {
  const strongest = [...words].sort((one, other) => Math.abs(other.effect_nats) - Math.abs(one.effect_nats));
  const longest = Math.abs(strongest[0]?.effect_nats ?? 0) || 1;
  const least = LEAST_BITS / BITS_PER_NAT;
  const helped = strongest.filter((word) => word.effect_nats >= least);
  const hindered = strongest.filter((word) => word.effect_nats <= -least);
  const rest = strongest.length - helped.length - hindered.length;
  return [
    ...(helped.length + hindered.length ? [] : [element("p", {}, "None of them made a difference to speak of.")]),
    ...group("Helped: without it, the word that came is less likely", helped, longest, "helped"),
    ...group("Hindered: without it, the word that came is likelier", hindered, longest, "hindered"),
    ...(rest && rest < strongest.length ? [element("p", { class: "hint" }, hardly(rest))] : []),
  ];
}

function hardly(count) {
  return count === 1 ? "One more hardly mattered." : `${count} more hardly mattered.`;
}

function group(caption, words, longest, kind) {
  if (!words.length) return [];
  const parts = [table(caption, words.slice(0, SHOWN), longest, kind)];
  if (words.length > SHOWN) {
    parts.push(element(
      "details", {},
      element("summary", {}, `${words.length - SHOWN} more`),
      table(`${caption}: the others`, words.slice(SHOWN), longest, kind),
    ));
  }
  return parts;
}

function table(caption, words, longest, kind) {
  const rows = words.map((word) => element(
    "tr", {},
    element("th", { scope: "row" }, element("b", { class: "literal" }, withSigns(word.token))),
    element("td", { class: "bar-cell" }, bar(Math.abs(word.effect_nats) / longest)),
    element("td", { class: "num" }, times(word.effect_nats)),
    element("td", { class: "num" }, `${signed(word.effect_nats * BITS_PER_NAT)} bits`),
  ));
  const heads = ["Word", "Drawn", "Times", "Bits"].map((name, index) =>
    element("th", { scope: "col", class: index ? "num" : "" }, element("span", { class: "sr" }, name)));
  return element(
    "table", { class: `needed ${kind}` },
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...rows),
  );
}

function bar(share) {
  return drawn(
    "svg", { class: "bar", "aria-hidden": "true", focusable: "false" },
    drawn("rect", { width: `${Math.max(1, 100 * share).toFixed(1)}%`, height: "100%" }),
  );
}

/** How many times less likely the word is without it, or likelier; the bits say how far beyond 999. */
function times(nats) {
  const factor = Math.exp(Math.abs(nats));
  if (factor >= 999.5) return ">\u202f×999";
  return `×${factor < 9.95 ? factor.toFixed(1) : Math.round(factor)}`;
}
