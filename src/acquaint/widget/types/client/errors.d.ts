export * from "../../../../../sdk/js/src/errors.js"
