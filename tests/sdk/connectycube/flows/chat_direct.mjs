// Two people: said and kept, said and not kept, typing, marks, a change, a deletion, and what one's other device hears.
import { arrive, until } from './listening.mjs'
import { tell } from './setup.mjs'

const ann = await arrive('ann')
const phone = await arrive('ann', { by: 'password' })
const ben = await arrive('ben')

const id = ann.chat.send(ben.id, {
  type: 'chat',
  body: 'Good <b>morning</b> & "hello" ]]> 🌊',
  extension: { save_to_history: 1, mood: 'sunny', nested: { deep: { er: 'x' } }, attachments: [{ uid: 'U1', type: 'photo', size: 12 }] }
})
const kept = await until(() => ben.heard.messages[0], 'ben hears the first')
const copy = await until(() => phone.heard.messages[0], 'the phone hears the copy')
const delivered = await until(() => ann.heard.delivered[0], 'ann hears that it arrived')
const dialog = kept.dialog_id

ben.chat.sendIsTypingStatus(ann.id)
ben.chat.sendIsStopTypingStatus(ann.id)
await until(() => ann.heard.typing.length === 2, 'ann hears ben type')

ben.chat.sendReadStatus({ messageId: id, userId: ann.id, dialogId: dialog })
const read = await until(() => ann.heard.read[0], 'ann hears that it was read')

ann.chat.editMessage({ to: ben.id, dialogId: dialog, body: 'Good day', originMessageId: id, last: true })
const updated = await until(() => ben.heard.updated[0], 'ben hears the change')

const passing = ann.chat.send(ben.id, { type: 'chat', body: 'Only in passing', extension: { colour: 'blue' } })
const unkept = await until(() => ben.heard.messages.find(it => it.id === passing), 'ben hears what is not kept')
await until(() => ann.heard.delivered.find(it => it.id === passing), 'ann hears that it arrived')

const gone = ann.chat.send(ben.id, { type: 'chat', body: 'A slip of the finger', extension: { save_to_history: 1 } })
await until(() => ben.heard.messages.find(it => it.id === gone), 'ben hears the slip')
ann.chat.deleteMessage({ to: ben.id, dialogId: dialog, messageId: gone })
const deleted = await until(() => ben.heard.deleted[0], 'ben hears of the deletion')

const system = ann.chat.sendSystemMessage(ben.id, { body: 'psst', extension: { kind: 'invite' } })
const psst = await until(() => ben.heard.system[0], 'ben hears the system message')

tell({
  ann: ann.id, ben: ben.id, id, dialog, kept, copy, delivered, typing: ann.heard.typing, read, updated, unkept, gone,
  deleted, system, psst, echoes: ann.heard.messages, errors: [...ann.heard.errors, ...ben.heard.errors]
})
