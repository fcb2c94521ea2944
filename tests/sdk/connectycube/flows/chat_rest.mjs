// Chat and REST are about the same things: dialogs, messages, ids, marks, and who is in.
import { arrive, until } from './listening.mjs'
import { tell } from './setup.mjs'

const [ann, ben] = [await arrive('ann'), await arrive('ben')]
const dialog = await ann.chat.dialog.create({ type: 2, name: 'Rowing', occupants_ids: [ben.id] })

const id = ann.chat.send(dialog._id, {
  type: 'groupchat', body: 'By chat', extension: { save_to_history: 1, mood: 'sunny', attachments: [{ uid: 'U1', type: 'photo' }] }
})
await until(() => ben.heard.messages.find(it => it.id === id), 'ben hears it')
await until(() => ann.heard.delivered.find(it => it.id === id), 'it arrived')
const listed = (await ben.chat.message.list({ chat_dialog_id: dialog._id, mark_as_read: 0 })).items
const unread = await ben.chat.message.unreadCount({ chat_dialog_ids: [dialog._id] })

const said = await ben.chat.message.create({ chat_dialog_id: dialog._id, message: 'By REST', send_to_chat: 1, colour: 'blue' })
const heard = await until(() => ann.heard.messages.find(it => it.body === 'By REST'), 'ann hears what was said by REST')

await ben.chat.message.list({ chat_dialog_id: dialog._id })
const read = await until(() => ann.heard.read.find(it => it.id === id || it.id === said._id), 'ann hears that ben has read')

await ben.chat.message.update(said._id, { chat_dialog_id: dialog._id, message: 'By REST, edited' })
const updated = await until(() => ann.heard.updated[0], 'ann hears the change')
await ben.chat.message.delete([said._id], { force: 1 })
const deleted = await until(() => ann.heard.deleted[0], 'ann hears of the deletion')

const first = ann.chat.send(ben.id, { type: 'chat', body: 'Between us', extension: { save_to_history: 1 } })
const direct = await until(() => ben.heard.messages.find(it => it.id === first), 'ben hears it')
const dialogs = (await ben.chat.dialog.list({})).items

await ann.chat.dialog.update(dialog._id, { pull_all: { occupants_ids: [ben.id] } })
const kicked = await until(() => ben.heard.kicked[0], 'ben hears that he is out')
const late = ann.chat.send(dialog._id, { type: 'groupchat', body: 'Now that Ben is gone', extension: { save_to_history: 1 } })
await until(() => ann.heard.messages.find(it => it.id === late), 'ann hears herself')
await ben.chat.ping()
tell({
  ann: ann.id, ben: ben.id, dialog, id, listed, unread, said, heard, read, updated, deleted, first, direct, dialogs, kicked,
  benHeard: ben.heard.messages.map(it => it.body), errors: [...ann.heard.errors, ...ben.heard.errors]
})
