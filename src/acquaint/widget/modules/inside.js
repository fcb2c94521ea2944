/** What is loaded when somebody opens the chat, or was in it before. */

export { Chat } from "./chat.js"
export { panel } from "./panel.js"
