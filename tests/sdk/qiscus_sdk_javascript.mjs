// Drives the unmodified qiscus-sdk-javascript, which is made for browsers, in a window of jsdom.
// It obeys like qiscus_sdk_core.mjs, but for one client only: what it keeps it keeps in the window.
// `say` is what an app does to send a text.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { JSDOM } from 'jsdom'

const answer = (what) => process.stdout.write(JSON.stringify(what) + '\n')
console.log = console.error // what the SDK says is not an answer
const crash = (error) => {
  answer({ crashed: String(error?.stack ?? error) })
  process.exit(1)
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)

const { window } = new JSDOM('', { url: 'http://localhost:3000/' })
for (const name of ['document', 'XMLHttpRequest', 'FormData', 'WebSocket', 'location', 'navigator']) {
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true })
}
globalThis.window = window
const Qiscus = createRequire(import.meta.url)('qiscus-sdk-javascript')

const sdk = new Qiscus()
const heard = []
const seen = (error) => ({
  status: error?.response?.status ?? null,
  body: error?.response?.data ?? null,
  message: error?.message ?? null,
})

async function obey ({ call, args = [], get, watch, wait }) {
  if (wait) await new Promise((resolve) => setTimeout(resolve, wait))
  if (watch) sdk.onMessageReceived((message) => heard.push({ newMessages: [message.text] }))
  if (get === 'heard') return heard
  if (get) return get.split('.').reduce((found, name) => found?.[name], sdk) ?? null
  if (call === 'say') {
    const [roomId, text] = args
    return await sdk.sendMessage(sdk.generateMessage({ roomId, text }))
  }
  if (call) return (await sdk[call](...args)) ?? null
  return null
}

for await (const line of createInterface({ input: process.stdin })) {
  const commands = JSON.parse(line)
  answer(await Promise.all(
    commands.map((it) => obey(it).then((value) => ({ value }), (error) => ({ error: seen(error) })))
  ))
}
process.exit(0)
