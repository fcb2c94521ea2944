export * from "../../../../../sdk/js/src/queue.js"
