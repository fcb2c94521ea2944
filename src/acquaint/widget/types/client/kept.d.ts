export * from "../../../../../sdk/js/src/kept.js"
