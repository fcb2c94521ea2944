/** What somebody else wrote: what is no JSON is nothing. @param {string | null | undefined} text @returns {any} */
export function parsed(text) {
  try {
    return JSON.parse(text || "null");
  } catch {
    return null;
  }
}
