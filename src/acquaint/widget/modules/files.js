/** Files that are shared: what of them may be shown, and from where. What a sender says of a file is only text. */

/** Bytes the server takes at most. */
export const LARGEST_FILE = 25 * 1024 * 1024

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"]
const SHOWN = 10
const FOLDER = "/acquaint/v1/files/"

/** Whether a browser may show it in place. @param {string} type */
export const isPicture = (type) => PICTURES.includes(type)

/**
 * The files of a message that this server keeps. An address of any other place is passed over: loading a picture from
 * there would tell a stranger who reads this, and when.
 *
 * @param {import("./client/index.js").Client} client
 * @param {any} payload
 * @returns {{ url: string, name: string, type: string, size: number }[]}
 */
export function sharedIn(client, payload) {
  const listed = Array.isArray(payload?.files) ? payload.files.slice(0, SHOWN) : []
  return listed.flatMap((it) => {
    const url = addressOn(client, it?.url)
    return url ? [{ url, name: String(it.name ?? "").slice(0, 255), type: String(it.content_type ?? ""), size: Number(it.size) || 0 }] : []
  })
}

function addressOn(client, path) {
  const address = client.addressOf(path)
  return address?.startsWith(client.url + FOLDER) ? address : null
}
