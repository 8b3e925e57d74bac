/**
 * Let one of several marks in a text be chosen, by pointer, touch or arrow keys. The whole text is
 * one stop for the Tab key.
 * @param {HTMLElement} node  what holds them
 * @param {HTMLElement[]} marks
 * @param {(index: number) => void} onChosen
 * @returns {(index: number) => void}  chooses a mark without moving the focus
 */
export function choosable(node, marks, onChosen) {
  let chosen = -1;

  function choose(index) {
    if (index === chosen) return;
    if (chosen >= 0) marks[chosen].removeAttribute("aria-current");
    chosen = index;
    for (const mark of marks) mark.tabIndex = -1;
    marks[index].tabIndex = 0;
    marks[index].setAttribute("aria-current", "true");
    onChosen(index);
  }

  function indexOf(event) {
    return marks.indexOf(event.target.closest("[role=button]"));
  }

  node.onpointerover = (event) => {
    if (event.pointerType === "mouse" && indexOf(event) >= 0) choose(indexOf(event));
  };
  node.onclick = (event) => marks[indexOf(event)]?.focus({ preventScroll: true });
  node.onkeydown = (event) => {
    const next = nextIndex(event.key, indexOf(event), marks.length, getComputedStyle(node).direction);
    if (next === null) return;
    event.preventDefault();
    marks[next].focus();
  };
  for (const [index, mark] of marks.entries()) mark.onfocus = () => choose(index);
  return choose;
}

function nextIndex(key, index, count, direction) {
  const forward = direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = direction === "rtl" ? "ArrowRight" : "ArrowLeft";
  const destination = { [forward]: index + 1, [backward]: index - 1, Home: 0, End: count - 1 }[key];
  return destination === undefined ? null : Math.min(count - 1, Math.max(0, destination));
}
