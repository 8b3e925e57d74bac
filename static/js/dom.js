/**
 * Make an element. Text always goes in as text nodes, so nothing a player typed can become markup.
 * @param {string} tag
 * @param {Record<string, string | boolean>} attributes  false leaves an attribute out
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/**
 * Draw a player's emblem beside their name, which says who it is.
 * @param {string} seed
 * @param {string} url  where emblems are, with SEED in the seed's place
 * @returns {HTMLElement}
 */
export function emblem(seed, url) {
  return element("img", { class: "emblem", src: url.replace("SEED", seed), alt: "" });
}

/**
 * Find an element that the page's template promises.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`The page has no #${id}`);
  return node;
}
