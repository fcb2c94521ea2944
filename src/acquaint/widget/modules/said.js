/** One message, as it is shown. */

import { h, icon, linked } from "./dom.js"
import { isPicture } from "./files.js"

/**
 * @param {import("./chat.js").Entry} it
 * @param {{ words: import("./language.js").Words, isTurn: boolean, isLast: boolean, again: () => void, discard: () => void, loaded: () => void }} how
 *   `isTurn`: somebody else spoke before; `isLast`: the last in a row, which says when
 */
export function said(it, { words, isTurn, isLast, again, discard, loaded }) {
  const by = it.isMine ? words.say("you") : it.name ?? words.say("team")
  const classes = ["said", it.isMine && "mine", isTurn && "turn", it.state].filter(Boolean).join(" ")
  const shown = it.isDeleted ? [h("p", { class: "gone" }, words.say("deleted"))] : [...it.files.map((file) => attachment(file, words, loaded)), it.text && h("p", { dir: "auto" }, ...linked(it.text))]
  return h("li", { class: classes, "data-key": it.key }, h("span", { class: "heard" }, `${by}: `), ...shown, isLast || it.state !== "sent" ? meta(it, words, by, again, discard) : null)
}

function attachment(file, words, loaded) {
  const name = file.name || words.say("file")
  if (isPicture(file.type)) {
    return h("a", { class: "picture", href: file.url, target: "_blank", rel: "noopener noreferrer" }, h("img", { src: file.url, alt: name, onload: loaded }))
  }
  const about = h("span", { dir: "auto" }, name, h("small", {}, file.size ? words.size(file.size) : ""))
  return h("a", { class: "file", href: file.url, target: "_blank", rel: "noopener noreferrer", download: name }, icon("file"), about)
}

function meta(it, words, by, again, discard) {
  if (it.state === "failed") {
    return h(
      "div",
      { class: "meta" },
      h("span", { class: "bad" }, it.problem ?? words.say("failed")),
      h("button", { class: "link", type: "button", onclick: again }, words.say("again")),
      h("button", { class: "link", type: "button", onclick: discard }, words.say("discard")),
    )
  }
  const parts = [
    !it.isMine && by,
    h("time", { datetime: it.at }, words.time(it.at)),
    it.isEdited && words.say("edited"),
    it.isMine && words.say(it.state === "sending" ? "sending" : it.isSeen ? "seen" : "sent"),
  ].filter(Boolean)
  return h("div", { class: "meta" }, ...parts.flatMap((part, place) => (place ? [h("span", { "aria-hidden": "true" }, "·"), part] : [part])))
}
