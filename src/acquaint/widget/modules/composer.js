/** Where one writes: a text that grows, files that are chosen, dropped or pasted, and a button that sends both. */

import { h, icon } from "./dom.js"
import { LARGEST_FILE, isPicture } from "./files.js"

const MOST_FILES = 5
const LONGEST_TEXT = 10_000
const TYPES_AGAIN = 3_000 // milliseconds between two signs that somebody is typing

/**
 * @param {import("./language.js").Words} words
 * @param {{ send: (text: string, files: File[]) => void, types: (on: boolean) => void }} talk
 */
export function composer(words, { send, types }) {
  /** @type {{ file: File, node: HTMLElement, forget: () => void }[]} */
  let chosen = []
  let typedAt = 0

  const text = h("textarea", { rows: 1, dir: words.direction, maxlength: LONGEST_TEXT, "aria-label": words.say("message"), placeholder: words.say("write"), oninput: typed, onkeydown: keyed, onpaste: pasted })
  const go = h("button", { class: "round go", "aria-label": words.say("send"), disabled: true }, icon("send"))
  const pick = h("input", { type: "file", multiple: true, hidden: true, "aria-hidden": "true", tabindex: -1, onchange: () => (attach(pick.files), (pick.value = "")) })
  const clip = h("button", { class: "round", type: "button", "aria-label": words.say("attach"), onclick: () => pick.click() }, icon("clip"))
  const files = h("ul", { class: "files", hidden: true }), problem = h("p", { class: "error", role: "alert" })
  const node = h("form", { class: "say", onsubmit: submit, ondragover: over, ondragleave: left, ondrop: dropped }, problem, files, pick, h("div", { class: "box" }, clip, text, go))

  function submit(event) {
    event?.preventDefault()
    const said = text.value.trim()
    if (!said && !chosen.length) return
    send(said, chosen.map((it) => it.file))
    for (const it of chosen) it.forget()
    chosen = []
    text.value = ""
    typedAt = 0
    show()
    text.focus()
  }

  function keyed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event)
  }

  function typed() {
    const now = Date.now(), on = text.value !== ""
    if (!on || now - typedAt > TYPES_AGAIN) {
      typedAt = on ? now : 0
      types(on)
    }
    show()
  }

  function pasted(event) {
    if (event.clipboardData?.files.length) {
      event.preventDefault()
      attach(event.clipboardData.files)
    }
  }

  function over(event) {
    if (event.dataTransfer?.types.includes("Files")) {
      event.preventDefault()
      node.classList.add("over")
    }
  }

  function left() {
    node.classList.remove("over")
  }

  function dropped(event) {
    event.preventDefault()
    left()
    attach(event.dataTransfer?.files ?? [])
  }

  /** @param {Iterable<File>} some */
  function attach(some) {
    problem.textContent = ""
    for (const file of some) {
      if (chosen.length >= MOST_FILES) problem.textContent = words.say("many", MOST_FILES)
      else if (file.size > LARGEST_FILE) problem.textContent = words.say("large", file.name, words.size(LARGEST_FILE))
      else chosen.push(preview(file))
    }
    show()
    text.focus()
  }

  function preview(file) {
    const address = isPicture(file.type) ? URL.createObjectURL(file) : ""
    const it = { file, node: h("li"), forget: () => address && URL.revokeObjectURL(address) }
    const remove = h("button", { class: "round", type: "button", "aria-label": words.say("remove", file.name) }, icon("close"))
    remove.addEventListener("click", () => {
      it.forget()
      chosen = chosen.filter((other) => other !== it)
      show()
      text.focus()
    })
    it.node.append(address ? h("img", { src: address, alt: "" }) : icon("file"), h("span", { dir: "auto" }, file.name), remove)
    return it
  }

  function show() {
    files.replaceChildren(...chosen.map((it) => it.node))
    files.hidden = !chosen.length
    text.dir = text.value ? "auto" : words.direction
    go.disabled = !text.value.trim() && !chosen.length
    if (!CSS.supports("field-sizing", "content")) text.rows = Math.min(6, text.value.split("\n").length)
  }

  return { node, get isBlank() { return go.disabled }, focus: () => text.focus(), forget: () => chosen.forEach((it) => it.forget()) }
}
