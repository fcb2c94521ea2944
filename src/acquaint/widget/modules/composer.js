/** Where one writes: a text that grows, files that are chosen, dropped or pasted, and a button that sends both. */

import { h, icon, round } from "./dom.js"
import { LARGEST_FILE, isPicture } from "./files.js"

const MOST_FILES = 5
const LONGEST_TEXT = 10_000

/**
 * @param {import("./language.js").Words} words
 * @param {(text: string, files: File[]) => void} send
 * @param {(on: boolean) => void} types somebody is writing, or no longer: said at every key
 */
export function composer({ say, size, direction }, send, types) {
  /** What was chosen, and how it is shown. @type {Map<File, HTMLElement>} */
  const chosen = new Map()

  const text = h("textarea", { rows: 1, dir: direction, maxLength: LONGEST_TEXT, ariaLabel: say("message"), placeholder: say("write"), oninput, onkeydown, onpaste: ondrop })
  const go = round(say("send"), "send", { type: "submit", className: "round go", disabled: true })
  const pick = h("input", { type: "file", multiple: true, hidden: true, onchange: () => (attach(pick.files), (pick.value = "")) })
  const clip = round(say("attach"), "clip", { onclick: () => pick.click() })
  const files = h("ul.files"), problem = h("p.error", { role: "alert" })
  const node = h("form.say", { onsubmit, ondragover, ondragleave, ondrop }, problem, files, pick, h("div.box", clip, text, go))

  /** @param {Event} event */
  function onsubmit(event) {
    event.preventDefault()
    if (isBlank()) return
    send(text.value.trim(), [...chosen.keys()])
    ;[...chosen.keys()].forEach(drop)
    text.value = ""
    types(false)
    show()
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) onsubmit(event)
  }

  function oninput() {
    problem.textContent = ""
    types(text.value !== "")
    show()
  }

  /** @param {DragEvent} event */
  function ondragover(event) {
    if (!event.dataTransfer?.types.includes("Files")) return
    event.preventDefault()
    node.classList.add("over")
  }

  function ondragleave() {
    node.classList.remove("over")
  }

  /** Files that are dropped or pasted. @param {DragEvent & ClipboardEvent} event */
  function ondrop(event) {
    ondragleave()
    const { files } = event.dataTransfer ?? event.clipboardData ?? {}
    if (!files?.length) return
    event.preventDefault()
    attach(files)
  }

  /** @param {Iterable<File> | null} [some] */
  function attach(some) {
    problem.textContent = ""
    for (const file of some ?? []) {
      if (chosen.size >= MOST_FILES) problem.textContent = say("many", MOST_FILES)
      else if (file.size > LARGEST_FILE) problem.textContent = say("large", file.name, size(LARGEST_FILE))
      else chosen.set(file, preview(file))
    }
    show()
  }

  /** @param {File} file */
  function preview(file) {
    const drawn = isPicture(file.type) ? h("img", { src: URL.createObjectURL(file), alt: "" }) : icon("clip")
    return h("li", drawn, h("span", { dir: "auto" }, file.name), round(say("remove", file.name), "close", { onclick: () => (drop(file), show()) }))
  }

  /** @param {File} file */
  function drop(file) {
    const drawn = chosen.get(file)?.querySelector("img")
    if (drawn) URL.revokeObjectURL(drawn.src)
    chosen.delete(file)
  }

  const isBlank = () => !text.value.trim() && !chosen.size

  function show() {
    files.replaceChildren(...chosen.values())
    text.dir = text.value ? "auto" : direction
    go.disabled = isBlank()
    if (!CSS.supports("field-sizing", "content")) text.rows = Math.min(6, text.value.split("\n").length)
    text.focus()
  }

  return { node, isBlank, focus: () => text.focus(), forget: () => [...chosen.keys()].forEach(drop) }
}
