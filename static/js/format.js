const NARROW_SPACE = "\u202f";
const ORDINALS = [
  "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
];
const RAREST_PERCENT = 0.0001;
const LARGE = [[1e12, " trillion"], [1e9, " billion"], [1e6, " million"]];

/**
 * A probability with the digits that matter: 31 %, 8.2 %, 0.57 %, and below 0.01 % as "1 in 24,000",
 * because nobody reads 0.0042 %.
 * @param {number} probability
 * @returns {string}
 */
export function percent(probability) {
  if (probability < RAREST_PERCENT) return oneIn(probability);
  if (probability >= 0.995) return `>${NARROW_SPACE}99${NARROW_SPACE}%`;
  const value = probability * 100;
  const digits = value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
  return `${digits}${NARROW_SPACE}%`;
}

/**
 * "1 in 24,000", with two significant digits; from a million on in words, "1 in 3.1 billion".
 * @param {number} probability
 * @returns {string}
 */
export function oneIn(probability) {
  if (!(probability > 0)) return `0${NARROW_SPACE}%`;
  const rounded = Number((1 / probability).toPrecision(2));
  const [size, name] = LARGE.find(([least]) => rounded >= least) ?? [1, ""];
  return `1 in ${(rounded / size).toLocaleString("en")}${name}`;
}

/**
 * "first" to "tenth", then "14th", for the model's choices.
 * @param {number} rank  1 is first
 * @returns {string}
 */
export function ordinal(rank) {
  if (rank <= ORDINALS.length) return ORDINALS[rank - 1];
  const teen = rank % 100 >= 11 && rank % 100 <= 13;
  const ending = teen ? "th" : ({ 1: "st", 2: "nd", 3: "rd" })[rank % 10] ?? "th";
  return `${rank.toLocaleString("en")}${ending}`;
}

/**
 * Show spaces and line ends as the signs that the server uses for them in tokens.
 * @param {string} text
 * @returns {string}
 */
export function withSigns(text) {
  return text.replaceAll(" ", "\u2423").replaceAll("\n", "\u23ce").replaceAll("\t", "\u21e5");
}

/**
 * @param {number} bits
 * @returns {string}  to two places with its sign, as in +0.13; 0.00 has none
 */
export function signed(bits) {
  const size = Math.abs(bits).toFixed(2);
  return `${size === "0.00" ? "" : bits < 0 ? "\u2212" : "+"}${size}`;
}
