// What every flow begins with: one small script for each story, told by the vendor's unmodified SDK.
//
//   known       what the test knows: {sdk, host, url, app_id, auth_key, auth_secret, …}
//   client()    an SDK instance that is set up as the vendor's documents say; several share one configuration, as they do
//   rejected()  what the app sees of a call that is refused: {code, info}
//   tell()      the end of a flow: what it found out
import { createRequire } from 'node:module'

export const known = JSON.parse(process.env.FLOW)
const require = createRequire(import.meta.url)
if (known.sdk === 'connectycube/esm') globalThis.WebSocket ??= (await import('ws')).WebSocket // the browsers' build
const found = /^connectycube-/.test(known.sdk) ? require(known.sdk) : await import(known.sdk)
export const SDK = found.default?.ConnectyCube ?? found.ConnectyCube ?? found.default ?? found

console.log = console.error // what the SDK says is not what a flow tells

export function client ({ on, credentials, ...more } = {}) {
  const sdk = new SDK()
  const whole = { appId: known.app_id, authKey: known.auth_key }
  const endpoints = known.url.startsWith('https')
    ? { api: known.host, chat: known.host.split(':')[0] }
    : { api_url: known.url, chat: '127.0.0.1', chat_url: `${known.url.replace('http', 'ws')}/ws` }
  sdk.init(credentials ?? whole, { endpoints, debug: { mode: 0 }, ...(on && { on }), ...more })
  return sdk
}

export async function rejected (promise) {
  let value
  try {
    value = await promise
  } catch (error) {
    if (error instanceof Error) throw error
    return { code: error.code, info: error.info }
  }
  throw new Error(`was not refused: ${JSON.stringify(value)}`)
}

export function tell (what) {
  process.stdout.write(JSON.stringify(what), () => process.exit(0)) // the SDK's timers would keep the process
}
