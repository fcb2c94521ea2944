/** Files that are shared: what of them may be shown, and from where. What a sender says of a file is only text. */

/** Bytes the server takes at most. */
export const LARGEST_FILE = 25 * 1024 * 1024

const SHOWN = 10
const FOLDER = "/acquaint/v1/files/"

/** @typedef {{ url: string, name: string, type: string, size: number }} Shared */

/** Whether a browser may show it in place. @param {string} type */
export const isPicture = (type) => /^image\/(png|jpeg|gif|webp)$/.test(type)

/**
 * The files of a message that this server keeps. An address of any other place is passed over: loading a picture from
 * there would tell a stranger who reads this, and when.
 *
 * @param {{ url: string, addressOf: (url: unknown) => string | null }} client
 * @param {Record<string, any>} payload
 * @returns {Shared[]}
 */
export function sharedIn(client, payload) {
  const listed = Array.isArray(payload?.files) ? payload.files.slice(0, SHOWN) : []
  return listed.flatMap((it) => {
    const url = client.addressOf(it?.url)
    if (!url?.startsWith(client.url + FOLDER)) return []
    return [{ url, name: String(it.name ?? "").slice(0, 255), type: String(it.content_type), size: Number(it.size) || 0 }]
  })
}
