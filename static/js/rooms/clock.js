/** The time that is left for a word, by the server's clock. */

const TICK_MS = 250;

/**
 * Return the function that shows a room's time; it goes on by itself until it is called again.
 * @param {HTMLElement} node  a timer; empty where words have no time
 * @param {() => void} [whenUp]  called once, when the time of a word is up
 * @returns {(room: any) => void}
 */
export function clock(node, whenUp) {
  let timer = 0;

  return (room) => {
    clearInterval(timer);
    node.textContent = room.paused ? "Paused" : "";
    if (!room.asked?.ends_at || room.state !== "asking") return;
    const endsAt = Date.now() + Date.parse(room.asked.ends_at) - Date.parse(room.now);
    const draw = () => {
      const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
      node.textContent = left > 0 ? `${left} s` : "Time is up";
      if (left > 0) return;
      clearInterval(timer);
      whenUp?.();
    };
    timer = setInterval(draw, TICK_MS);
    draw();
  };
}
