// Two people on the unmodified qiscus-sdk-core, told of each other by realtime alone: the SDK polls once in ten minutes.
//
//   FLOW   {sdk, url, app, config}: the package, the server, the App ID, and whether the SDK asks for its configuration
const known = JSON.parse(process.env.FLOW)
const { default: Qiscus } = await import(known.sdk)
console.log = console.error // what the SDK says is not what is told

async function until (holds, what = holds.toString()) {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    const found = await holds()
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`never: ${what}`)
}

async function arrive (id) {
  const sdk = new Qiscus()
  const heard = { messages: [], typing: [], read: [], delivered: [], deleted: [], updated: [], presence: [], events: [] }
  const broker = `${known.url.replace('http', 'ws')}/mqtt`
  await sdk.init({
    AppId: known.app,
    baseURL: known.url,
    mqttURL: known.config ? `${broker}?wss://` : broker,
    withConfig: known.config,
    ...(known.config ? {} : { syncInterval: 600_000, syncOnConnect: 600_000 }),
    options: {
      newMessagesCallback: comments => heard.messages.push(...comments),
      typingCallback: it => heard.typing.push(it),
      commentReadCallback: it => heard.read.push(it),
      commentDeliveredCallback: it => heard.delivered.push(it),
      commentDeletedCallback: it => heard.deleted.push(it),
      messageUpdatedCallback: it => heard.updated.push(it),
      presenceCallback: (message, user) => heard.presence.push([user, message])
    }
  })
  const { user } = await sdk.setUser(id, `the key of ${id}`, id)
  await until(() => sdk.realtimeAdapter.connected, `${id} is connected`)
  return { sdk, user, heard }
}

const ann = await arrive('ann')
const ben = await arrive('ben')
const room = await ann.sdk.chatTarget('ben')
await ann.sdk.sendComment(room.id, 'first') // SDKs before 2.16 break when something arrives in an empty room
await ben.sdk.chatTarget('ann')
await until(() => ann.heard.presence[0], 'ann sees that ben is here')
const online = ann.heard.presence[0]

const typing = await until(async () => { // what else is subscribed to when a room is opened may come a little later
  ben.sdk.publishTyping(1)
  await new Promise(resolve => setTimeout(resolve, 200))
  return ann.heard.typing[0]
}, 'ann sees ben type')

const said = await ann.sdk.sendComment(room.id, 'hello')
const heard = await until(() => ben.heard.messages.find(it => it.message === 'hello'), 'ben hears it')
await ben.sdk.readComment(room.id, heard.id)
const read = await until(() => ann.heard.read[0], 'ann hears that it was read')

const slip = await ann.sdk.sendComment(room.id, 'a slip')
const bens = await until(() => ben.heard.messages.find(it => it.id === slip.id), 'ben hears the slip')
await ann.sdk.deleteComment(room.id, [slip.unique_id ?? slip.unique_temp_id])
const deleted = await until(() => ben.heard.deleted[0], 'ben hears of the deletion')

await new Promise(resolve => setTimeout(resolve, 1500)) // the SDK marks what it gets a little later, also once it is logged out
await ben.sdk.logout()
const offline = await until(() => ann.heard.presence.find(([, it]) => it.startsWith('0:')), 'ann sees that ben is gone')
const stillConnected = ann.sdk.realtimeAdapter.connected
const again = await ann.sdk.sendComment(room.id, 'are you there?')
await new Promise(resolve => setTimeout(resolve, 1500))

process.stdout.write(JSON.stringify({
  room: room.id, online, typing, said: said.id, heard, read: { id: read.comment.id, by: read.userId }, deleted, slip: bens,
  offline, stillConnected, again: again.id, afterwards: ben.heard.messages.map(it => it.message)
}), () => process.exit(0)) // the SDK's timers would keep the process
