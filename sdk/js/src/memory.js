/** A storage that lasts as long as the page. */

/** @typedef {import("./types.js").Storage} Storage */

/**
 * Keeps nothing beyond the page. Several clients may share one.
 * @returns {Storage & {keys: () => string[]}}
 */
export function memoryStorage() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    keys: () => [...kept.keys()],
  };
}
