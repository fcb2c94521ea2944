export * from "../../../../../sdk/js/src/chat.js"
