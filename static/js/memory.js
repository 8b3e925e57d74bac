/** What a tab remembers across a reload. A browser that keeps nothing plays on without it. */

/**
 * @param {string} key
 * @returns {any}  what was kept, or null
 */
export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {any} value  null forgets
 */
export function keep(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden; play does not depend on it.
  }
}
