// What ends a connection, and what comes back: a session that is over, and a network that was away.
import { arrive, client, known, until } from './listening.mjs'
import { tell } from './setup.mjs'

const fast = { chat: { reconnect: { enable: true, timeInterval: 0.2 }, streamManagement: { enable: true } } }
const ann = await arrive('ann', { by: 'password', ...fast })
const ben = await arrive('ben', fast)

const counted = ann.chat.send(ben.id, { type: 'chat', body: 'Counted', extension: { save_to_history: 1 } })
await until(() => ann.heard.sent.includes(counted), 'the server acknowledged it')

ann.chat.xmppClient.socket.socket?.terminate?.() ?? ann.chat.xmppClient.socket.end()
await until(() => ann.heard.reconnected === 1, 'ann is back')
const back = ann.chat.send(ben.id, { type: 'chat', body: 'I am back', extension: { save_to_history: 1 } })
await until(() => ben.heard.messages.find(it => it.id === back), 'ben hears ann again')

await ben.sdk.destroySession()
await until(() => ben.heard.disconnected > 0, 'ben is disconnected')
await until(() => ben.heard.connection.includes('not-authorized'), 'the token opens nothing any more')

const anns = await client(fast).createSession({ login: 'ann', password: ann.password })
await until(() => ann.chat.isConnected)
const before = ann.heard.disconnected
await fetch(`${known.url}/acquaint/v1/app/users/${ann.id}/ban`, { method: 'PUT', headers: { Authorization: `Bearer ${known.api_key}` } }).then(async it => { if (!it.ok) throw new Error(await it.text()) })
await until(() => ann.heard.disconnected > before, 'ann is banned')
await until(() => ann.heard.connection.includes('not-authorized'), 'and stays outside')
tell({ ben: ben.heard.connection, ann: ann.heard.connection, lost: ann.heard.lost, anns: anns.user_id })
