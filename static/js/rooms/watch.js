/** How a page follows its room: it asks once a second, and less often while nothing changes. */

const EVERY_MS = 1_000;
const UNCHANGED = [[180_000, 4_000], [60_000, 2_000]]; // unchanged for so long: ask so seldom
const HIDDEN_MS = 15_000;
const FAILED_MS = [1_000, 2_000, 4_000, 8_000];
const PATIENCE_MS = 10_000;
const GONE = new Set([403, 404, 409, 410]);

/**
 * Follow a room.
 * @param {string} url
 * @param {(room: any) => void} show  called with the room whenever it has changed
 * @param {(sentence: string) => void} tell  why the room cannot be followed now; "" once it can
 * @returns {{askNow: () => void, take: (room: any) => void}}  `take` shows a room that another call
 *   brought
 */
export function watch(url, show, tell) {
  let tag = null;
  let changedAt = Date.now();
  let failures = 0;
  let timer = 0;
  let asking = false;
  let over = false;
  let newest = 0; // an answer that was asked for before another call's may arrive after it

  async function ask() {
    clearTimeout(timer);
    if (asking || over) return;
    asking = true;
    const turn = newest;
    try {
      await look(turn);
      failures = 0;
      tell("");
    } catch {
      failures += 1;
      if (failures > 1) tell("The room cannot be reached. This page keeps trying.");
    } finally {
      asking = false;
    }
    if (!over) timer = setTimeout(ask, pause());
  }

  async function look(turn) {
    const headers = { Accept: "application/json", ...(tag ? { "If-None-Match": tag } : {}) };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url, { headers, signal, cache: "no-store" });
    if (response.status === 304) return;
    if (GONE.has(response.status)) {
      over = true;
      tell((await response.json()).detail ?? "This room is gone.");
      return;
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    const room = await response.json();
    if (turn !== newest) return;
    tag = response.headers.get("ETag");
    changedAt = Date.now();
    show(room);
  }

  function pause() {
    if (failures > 0) return FAILED_MS[Math.min(failures, FAILED_MS.length) - 1];
    if (document.hidden) return HIDDEN_MS;
    const unchangedMs = Date.now() - changedAt;
    return UNCHANGED.find(([least]) => unchangedMs > least)?.[1] ?? EVERY_MS;
  }

  function take(room) {
    newest += 1;
    tag = null;
    changedAt = Date.now();
    show(room);
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  addEventListener("online", ask);
  timer = setTimeout(ask, EVERY_MS);
  return { askNow: ask, take };
}
