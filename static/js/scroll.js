const ROOM_BELOW_PX = 88;
const ROOM_ABOVE_PX = 24;
const SLIGHT_PX = 1;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * The part of the window that a phone's keyboard and the race leave free, in the coordinates of
 * elements. Until the page is scrolled the race is lower than it will be.
 */
function freeWindow(race) {
  const viewport = window.visualViewport;
  const top = viewport?.offsetTop ?? 0;
  const bottom = top + (viewport?.height ?? window.innerHeight);
  const covered = getComputedStyle(race).position === "sticky" ? race.offsetHeight : 0;
  return { top: top + covered, bottom };
}

function scrollDown(pixels) {
  if (Math.abs(pixels) > SLIGHT_PX) window.scrollBy({ top: pixels, behavior: calm.matches ? "auto" : "smooth" });
}

/**
 * How far to scroll so that the race covers whole lines of the passage and cuts none in half.
 * @param {number} least  the least to scroll; less than that where the page, or `most`, ends sooner
 * @param {number} most  more than this would hide too much
 * @param {number} edge  where the race ends
 * @param {HTMLElement} passage
 * @returns {number}
 */
function toWholeLines(least, most, edge, passage) {
  const top = passage.getBoundingClientRect().top - edge;
  if (least <= top) return least; // no line slides under the race
  const line = Number.parseFloat(getComputedStyle(passage).lineHeight);
  const page = document.documentElement;
  const possible = Math.min(most, page.scrollHeight - window.innerHeight - window.scrollY);
  const hidden = Math.ceil((least - top - SLIGHT_PX) / line);
  const further = top + hidden * line;
  return further <= possible + SLIGHT_PX ? further : top + Math.floor((possible - top) / line) * line;
}

/**
 * Keep the gap, and a little room for the buttons below it, above the keyboard. While it is easily
 * seen the page stays still, unless the race would cut a line.
 * @param {HTMLElement} gap
 * @param {HTMLElement} race  sticks to the top and hides what is under it
 */
export function showGap(gap, race) {
  const free = freeWindow(race);
  const box = gap.getBoundingClientRect();
  const isSeen = box.top >= free.top + ROOM_ABOVE_PX && box.bottom + ROOM_BELOW_PX <= free.bottom;
  const distance = isSeen ? 0 : (box.top + box.bottom) / 2 - (free.top + free.bottom) / 2;
  const most = box.top - ROOM_ABOVE_PX - free.top;
  scrollDown(toWholeLines(distance, most, free.top, passageOf(gap)));
}

/**
 * Bring what is below the passage into view, a reveal or a bet, but never so far that the
 * sentence it is about scrolls away.
 * @param {HTMLElement} sentence  the gap, or the word just settled
 * @param {HTMLElement} last  what should be seen at the bottom
 * @param {HTMLElement} race
 */
export function showBelow(sentence, last, race) {
  const free = freeWindow(race);
  const missing = last.getBoundingClientRect().bottom + ROOM_ABOVE_PX - free.bottom;
  const possible = sentence.getBoundingClientRect().top - ROOM_ABOVE_PX - free.top;
  const least = Math.max(0, Math.min(missing, possible));
  scrollDown(toWholeLines(least, possible, free.top, passageOf(sentence)));
}

function passageOf(node) {
  return node.closest(".passage");
}
