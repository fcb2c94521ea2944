/** What stands where something will be: while it is on its way, and when it does not come. */

import { h } from "./dom.js"

/** The outlines of a list. */
export const ghosts = () => [1, 2, 3].map(() => h("li.row.ghost", h("span.face"), h("div", h("p"), h("p"))))

/** It could not be had, and may be asked for again. @param {import("./language.js").Words["say"]} say @param {() => void} again */
export function missing(say, again) {
  return h("div.intro", { role: "alert" }, h("p", say("broken")), h("button.main", { type: "button", onclick: again }, say("again")))
}
