/** How near a missed word was: by how few letters it differs from the author's. */

const LEAST_LETTERS = 4;
const MOST_DIFFERENT = 2;
const COUNTS = ["", "one letter", "two letters"];

/**
 * Say how near a guess was, where it was near.
 * @param {object} answer
 * @returns {string}  a sentence, or nothing
 */
export function nearness(answer) {
  if (answer.right || answer.skipped || answer.guess === null) return "";
  const [guess, target] = [answer.guess, answer.target].map((word) => word.toLocaleLowerCase());
  if (Math.min(guess.length, target.length) < LEAST_LETTERS) return "";
  const apart = distance([...guess], [...target]);
  return apart > 0 && apart <= MOST_DIFFERENT ? `Near: ${COUNTS[apart]} apart.` : "";
}

/** The fewest letters to insert, leave out or change (Levenshtein 1966). */
function distance(one, other) {
  let row = [...Array(other.length + 1).keys()];
  for (const [i, letter] of one.entries()) {
    const next = [i + 1];
    for (const [j, theirs] of other.entries()) {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (letter === theirs ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1);
}
