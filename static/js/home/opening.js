/** The first page's round begins with the first letter typed: until then nothing is stored. */

import { exchange } from "../send.js";

/**
 * Return what begins the round that the page shows.
 * @param {HTMLElement} game  its addresses have a place for the round's id
 * @param {object} shown  the round as the page shows it, without an id
 * @returns {() => Promise<object>}  the round, begun once; a failure may be tried again
 */
export function opening(game, shown) {
  let beginning = null;

  async function begin() {
    const round = await exchange("POST", game.dataset.roundsUrl, { passage: game.dataset.sign });
    for (const name of ["pageUrl", "roundUrl", "guessesUrl", "nextUrl"]) {
      game.dataset[name] = game.dataset[name].replace("ROUND", round.id);
    }
    history.replaceState(null, "", game.dataset.pageUrl);
    document.title = `${round.passage.title} · Perplexed`;
    return { round, isOther: round.text !== shown.text };
  }

  return () => {
    beginning ??= begin().catch((problem) => {
      beginning = null;
      throw problem;
    });
    return beginning;
  };
}
