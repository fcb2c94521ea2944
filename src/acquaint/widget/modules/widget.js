/**
 * Where a page comes in: `<script type="module" src="https://HOST/widget.js"></script>`, then either
 * `<acquaint-chat app="acme"></acquaint-chat>` or `Acquaint.open({ app: "acme" })`.
 */

import { AcquaintChat, open } from "./element.js"

if (!customElements.get("acquaint-chat")) customElements.define("acquaint-chat", AcquaintChat)

globalThis.Acquaint = { open }
globalThis.dispatchEvent(new Event("acquaint:ready"))
