/** One message, as it is shown. */

import { away, h, icon, linked } from "./dom.js"
import { isPicture } from "./files.js"

/** A few of them and nothing else are shown large. */
const EMOJI = /^\p{RGI_Emoji}{1,5}$/v

/** @typedef {import("./exchange.js").Entry} Entry */

/**
 * @param {import("./panel.js").Place} place
 * @param {import("./exchange.js").Exchange} exchange
 * @param {Entry} it
 * @param {boolean} isTurn somebody else spoke before
 * @param {boolean} isLast the last in a row, which says when
 * @param {() => void} onload a picture is there
 */
export function said({ say, time, size }, exchange, it, isTurn, isLast, onload) {
  const by = it.isMine ? say("you") : it.name ?? say("team")

  /** @param {import("./files.js").Shared} file */
  function attachment({ url, name, type, size: bytes }) {
    const shown = name || say("file")
    if (isPicture(type)) return h("a.picture", away(url), h("img", { src: url, alt: shown, onload }))
    return h("a.file", away(url), { download: shown }, icon("clip"), h("span", { dir: "auto" }, shown, bytes ? h("small", size(bytes)) : ""))
  }

  const failed = () => [
    h("span.bad", it.problem ?? say("failed")),
    h("button.link", { onclick: () => exchange.again(it) }, say("again")),
    h("button.link", { onclick: () => exchange.discard(it) }, say("discard")),
  ]
  const sent = () => [
    it.isMine ? "" : h("span", by),
    h("time", { dateTime: it.created_at }, time(it.created_at)),
    it.edited_at ? h("span", say("edited")) : "",
    it.isMine ? h("span", say(it.state === "sending" ? "sending" : it.isSeen ? "seen" : "sent")) : "",
  ]
  return h(
    `li.said.${it.state}${it.isMine ? ".mine" : ""}${isTurn ? ".turn" : ""}${isLast ? ".last" : ""}`,
    h("span.heard", `${by}: `),
    ...(it.deleted_at ? [h("p.gone", say("deleted"))] : [...it.files.map(attachment), it.text && h(`p${EMOJI.test(it.text) ? ".emoji" : ""}`, { dir: "auto" }, ...linked(it.text))]),
    (isLast || it.state !== "sent") && h("div.meta", ...(it.state === "failed" ? failed() : sent())),
  )
}
