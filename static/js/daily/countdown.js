/** How long today's passage stays, minute by minute; then the page shows the next one. */

const node = document.getElementById("next-in");
const NARROW_SPACE = "\u202f";
const MINUTE_S = 60;

/** "6 h 12 min", rounded up, as the server writes it. */
function told(seconds) {
  const minutes = Math.ceil(seconds / MINUTE_S);
  const [hours, rest] = [Math.floor(minutes / MINUTE_S), minutes % MINUTE_S];
  const left = `${rest}${NARROW_SPACE}min`;
  return hours ? `${hours}${NARROW_SPACE}h ${left}` : left;
}

if (node) {
  const end = Date.now() + 1000 * Number(node.dataset.seconds);
  setInterval(() => {
    const seconds = Math.round((end - Date.now()) / 1000);
    if (seconds > 0) node.textContent = told(seconds);
    else location.reload();
  }, 10_000);
}
