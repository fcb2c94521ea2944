export * from "../../../../../sdk/js/src/api.js"
