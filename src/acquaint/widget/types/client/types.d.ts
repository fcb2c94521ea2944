export * from "../../../../../sdk/js/src/types.js"
