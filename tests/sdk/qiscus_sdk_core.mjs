// Drives the unmodified qiscus-sdk-core; of which version is said on the command line, as package.json calls it.
// Reads one command a line and answers each with one line of JSON.
//
//   {"on": "laptop", "call": "setUser", "args": ["ann", "k1"]}   calls a method of that instance, made when first named
//   {"on": "laptop", "call": "upload", "args": ["boat.png", {"callback": "uploaded"}]}   what a callback is told is `heard`
//   {"on": "laptop", "get": "userData.token"}                    reads a property
//   {"on": "laptop", "watch": true}                              from now on, callbacks are kept under `heard`
//   {"on": "laptop", "wait": 500}                                lets so many milliseconds pass
//
// An answer is {"value": …}, or {"error": {status, body, message}} as the app that uses the SDK would see it.
import { createInterface } from 'node:readline'

const { default: Qiscus } = await import(process.argv[2] ?? 'qiscus-sdk-core')

const answer = (what) => process.stdout.write(JSON.stringify(what) + '\n')
console.log = console.error // what the SDK says is not an answer
const crash = (error) => {
  answer({ crashed: String(error?.stack ?? error) })
  process.exit(1)
}
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)

const instances = {}
const of = (name) => (instances[name] ??= { sdk: new Qiscus(), heard: [] })

const seen = (error) => ({
  status: error?.status ?? error?.statusCode ?? null,
  body: error?.response?.body ?? error?.body ?? null,
  message: error?.message ?? null,
})

const callbacks = (heard) => ({
  loginSuccessCallback: (response) => heard.push({ loginSuccess: response.user.email }),
  loginErrorCallback: (error) => heard.push({ loginError: error?.status ?? null }),
  updateProfileCallback: (user) => heard.push({ updateProfile: user.name }),
  newMessagesCallback: (comments) => heard.push({ newMessages: comments.map((it) => it.message) }),
  commentDeletedCallback: (it) => heard.push({ commentDeleted: it.commentUniqueIds ?? null }),
  authTokenRefreshedCallback: ({ token, refreshToken, oldToken }) =>
    heard.push({ refreshed: { token, refreshToken, oldToken } }),
})

const listener = (heard, name) => (...told) => heard.push({ [name]: told.map((it) => it?.message ?? it ?? null) })

async function obey ({ on, call, args = [], get, watch, wait }) {
  const { sdk, heard } = of(on)
  if (wait) await new Promise((resolve) => setTimeout(resolve, wait))
  if (watch) Object.assign(sdk.options, callbacks(heard))
  if (get === 'heard') return heard
  if (get) return get.split('.').reduce((found, name) => found?.[name], sdk) ?? null
  if (call) return (await sdk[call](...args.map((it) => it?.callback ? listener(heard, it.callback) : it))) ?? null
  return null
}

for await (const line of createInterface({ input: process.stdin })) {
  const commands = JSON.parse(line) // a list is obeyed all at once
  const told = await Promise.all(
    commands.map((it) => obey(it).then((value) => ({ value }), (error) => ({ error: seen(error) })))
  )
  answer(told)
}
process.exit(0) // the SDK's timers would keep Node alive
