// A group: said and kept, said and not kept, typing, coming and going, who is there; and those who are not in it.
import { arrive, known, until } from './listening.mjs'
import { tell } from './setup.mjs'

const [ann, ben, eve] = [await arrive('ann'), await arrive('ben'), await arrive('eve')]

const native = (who, path, body, method = 'POST') => fetch(`${known.url}/acquaint/v1${path}`, {
  method, headers: { Authorization: `Bearer ${who.session.token}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body)
}).then(async answer => { if (!answer.ok) throw new Error(await answer.text()); return answer.json() })

const group = await native(ann, '/conversations', { kind: 'group', title: 'Rowing', users: [String(ben.id)] })
await native(ben, `/conversations/${group.id}/messages`, { text: 'Said over the native API' })
const first = await until(() => ann.heard.messages[0], 'ann hears what ben says over another API')
const dialog = first.dialog_id

const id = ann.chat.send(dialog, { type: 'groupchat', body: 'To all', extension: { save_to_history: 1 } })
const heard = await until(() => ben.heard.messages.find(it => it.id === id), 'ben hears it')
const echo = await until(() => ann.heard.messages.find(it => it.id === id), 'ann hears it, too')
const delivered = await until(() => ann.heard.delivered.find(it => it.id === id), 'ann hears that it arrived')
ben.chat.sendReadStatus({ messageId: id, userId: ann.id, dialogId: dialog })
const read = await until(() => ann.heard.read[0], 'ann hears that it was read')
ben.chat.sendIsTypingStatus(dialog)
const typing = await until(() => ann.heard.typing[0], 'ann hears ben type')
const passing = ben.chat.send(dialog, { type: 'groupchat', body: 'In passing' })
await until(() => ann.heard.messages.find(it => it.id === passing), 'ann hears what is not kept')
ann.chat.editMessage({ to: dialog, dialogId: dialog, body: 'To all of you', originMessageId: id, last: true })
const updated = await until(() => ben.heard.updated[0], 'ben hears the change')
ann.chat.deleteMessage({ to: dialog, dialogId: dialog, messageId: id })
const deleted = await until(() => ben.heard.deleted[0], 'ben hears of the deletion')

const came = []
ann.chat.onJoinOccupant = (it, who) => came.push(['in', it, who])
ann.chat.onLeaveOccupant = (it, who) => came.push(['out', it, who])
await ben.chat.muc.join(dialog)
const online = await ann.chat.muc.listOnlineUsers(dialog)
await ben.chat.muc.leave(dialog)
await until(() => came.length === 2, 'ann hears ben come and go')

const refused = await eve.chat.muc.join(dialog).catch(it => it)
const stranger = eve.chat.send(dialog, { type: 'groupchat', body: 'Let me in', extension: { save_to_history: 1 } })
const whisper = eve.chat.send(dialog, { type: 'groupchat', body: 'Let me in' })
const nobody = eve.chat.send(4711, { type: 'chat', body: 'Hello?', extension: { save_to_history: 1 } })
eve.chat.sendIsTypingStatus(dialog)
eve.chat.editMessage({ to: dialog, dialogId: dialog, body: 'Eve was here', originMessageId: first.id, last: true })
eve.chat.deleteMessage({ to: dialog, dialogId: dialog, messageId: first.id })
await until(() => eve.heard.errors.length === 5, 'eve hears five errors')
ben.chat.editMessage({ to: dialog, dialogId: dialog, body: 'Ben was here', originMessageId: passing, last: true })
await eve.chat.ping()
const history = (await native(ann, `/conversations/${group.id}/messages`, undefined, 'GET')).items.map(it => it.text)

tell({
  ann: ann.id, ben: ben.id, dialog, room: `${known.app_id}_${dialog}`, first, id, heard, echo, delivered, read, typing, updated, deleted, came,
  online, refused, errors: eve.heard.errors, asked: { stranger, whisper, nobody }, history, eveHeard: eve.heard.messages,
  annHeard: ann.heard.messages.map(it => it.body), annTyping: ann.heard.typing.length
})
