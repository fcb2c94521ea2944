// One group, three doors: ann on qiscus-sdk-core, ben on connectycube, carol on the native WebSocket. Each hears each.
//
//   FLOW   as connectycube/flows/setup.mjs has it, with `app` (the slug) and `api_key`
import Qiscus from 'qiscus-sdk-core'
import WebSocket from 'ws'
import { arrive, known, until } from './connectycube/flows/listening.mjs'

const api = async (path, body, token) => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const answer = await fetch(`${known.url}/acquaint/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return await answer.json()
}

// carol
const { token } = await api('/app/sessions', { identifiers: { login: 'carol' } }, known.api_key)
const { ticket } = await api('/live/tickets', {}, token)
const carols = []
const socket = new WebSocket(`${known.url.replace('http', 'ws')}/acquaint/v1/live?ticket=${ticket}`)
socket.on('message', data => carols.push(JSON.parse(data)))
await until(() => carols[0]?.type === 'ready', 'carol is connected')

// ben
const ben = await arrive('ben')

// ann
const ann = new Qiscus()
const anns = { messages: [], typing: [], read: [] }
await ann.init({
  AppId: known.app,
  baseURL: known.url,
  mqttURL: `${known.url.replace('http', 'ws')}/mqtt`,
  withConfig: false,
  syncInterval: 600_000,
  syncOnConnect: 600_000,
  options: {
    newMessagesCallback: comments => anns.messages.push(...comments),
    typingCallback: it => anns.typing.push(it),
    commentReadCallback: it => anns.read.push(it)
  }
})
await ann.setUser('ann', 'the key of ann', 'Ann')
await until(() => ann.realtimeAdapter.connected, 'ann is connected')

const room = await ann.createGroupRoom('Rowing', ['ben', 'carol'], {})
await ann.getRoomById(room.id)
const { items: [dialog] } = await ben.sdk.chat.dialog.list({})
await ben.chat.muc.join(dialog.xmpp_room_jid)

const said = await ann.sendComment(room.id, 'ann says')
const byBen = await until(() => ben.heard.messages.find(it => it.body === 'ann says'), 'ben hears ann')
const byCarol = await until(() => carols.find(it => it.message?.text === 'ann says'), 'carol hears ann')

ben.chat.send(dialog.xmpp_room_jid, { type: 'groupchat', body: 'ben says', extension: { save_to_history: 1 } })
const fromBen = await until(() => anns.messages.find(it => it.message === 'ben says'), 'ann hears ben')
await until(() => carols.find(it => it.message?.text === 'ben says'), 'carol hears ben')

await api(`/conversations/${room.id}/messages`, { text: 'carol says' }, token)
const fromCarol = await until(() => anns.messages.find(it => it.message === 'carol says'), 'ann hears carol')
await until(() => ben.heard.messages.find(it => it.body === 'carol says'), 'ben hears carol')

await until(async () => { // ann's SDK subscribes to a room it opens after three seconds
  socket.send(JSON.stringify({ type: 'typing', conversation: String(room.id), on: true }))
  await new Promise(resolve => setTimeout(resolve, 300))
  return anns.typing.find(it => it.username === 'carol')
}, 'ann sees carol type')
await until(() => ben.heard.typing.find(it => it.on), 'ben sees carol type')
ben.chat.sendIsTypingStatus(dialog.xmpp_room_jid)
await until(() => anns.typing.find(it => it.username === 'ben'), 'ann sees ben type')
ann.publishTyping(1)
await until(() => carols.find(it => it.type === 'typing' && it.user === String(ann.userData.id)), 'carol sees ann type')

ben.chat.sendReadStatus({ messageId: byBen.id, userId: ann.userData.id, dialogId: dialog._id })
await until(() => carols.find(it => it.kind === 'messages.read'), 'carol hears that ben read it')

process.stdout.write(JSON.stringify({
  room: room.id, dialog: dialog._id, said: said.id, byBen, byCarol, fromBen, fromCarol, ann: ann.userData.id, ben: ben.id
}), () => process.exit(0))
