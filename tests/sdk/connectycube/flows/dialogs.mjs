// Dialogs and messages by REST alone, with every call the SDK has for them; and the address book.
import { client, known, rejected, tell } from './setup.mjs'

async function arrive (login) {
  const sdk = client()
  const session = await sdk.createSession({ login, password: 'secret77' })
  return { sdk, id: session.user_id, dialog: sdk.chat.dialog, message: sdk.chat.message }
}
const [ann, ben, eve] = [await arrive('ann'), await arrive('ben'), await arrive('eve')]

// Dialogs
const direct = await ann.dialog.create({ type: 3, occupants_ids: [ben.id] })
const again = await ben.dialog.create({ type: 3, occupants_ids: [ann.id] })
const group = await ann.dialog.create({ type: 2, name: 'Rowing', occupants_ids: [ben.id], description: 'On Sundays' })
const noName = await rejected(ann.dialog.create({ type: 2, occupants_ids: [ben.id] }))
const channel = await ann.dialog.create({ type: 4, name: 'Regatta' })
const listed = await ben.dialog.list({ type: { in: [2, 3] }, sort_desc: 'last_message_date_sent', limit: 5, updated_at: { gt: 0 } })
const counted = await ben.dialog.list({ count: 1 })
const renamed = await ben.dialog.update(group._id, { name: 'Rowing club', push_all: { occupants_ids: [eve.id] } })
const notBens = await rejected(ben.dialog.update(group._id, { pull_all: { occupants_ids: [eve.id] } }))
const admins = await ann.dialog.addAdmins(group._id, [ben.id])
const noAdmins = await ann.dialog.removeAdmins(group._id, [ben.id])
const subscribed = await eve.dialog.subscribe(channel._id)
const occupants = await eve.dialog.getPublicOccupants(channel._id, { limit: 10 })
const unsubscribed = await eve.dialog.unsubscribe(channel._id)
const quiet = await ben.dialog.updateNotificationsSettings(group._id, 0)
const isQuiet = await ben.dialog.getNotificationsSettings(group._id)

// Messages
const first = await ann.message.create({ chat_dialog_id: group._id, message: 'hello', attachments: [{ type: 'image', uid: 'U1' }], mood: 'sunny' })
const second = await ann.message.create({ chat_dialog_id: group._id, message: 'are you there?' })
const unread = await ben.message.unreadCount({ chat_dialog_ids: [group._id, direct._id] })
const newest = await ben.message.list({ chat_dialog_id: group._id, limit: 1, sort_desc: 'date_sent', mark_as_read: 0 })
await ben.message.update(first._id, { chat_dialog_id: group._id, read: 1 })
const afterOne = await ben.message.unreadCount()
await ben.message.update('', { chat_dialog_id: group._id, read: 1 })
const afterAll = await ben.message.unreadCount()
const edited = await ann.message.update(second._id, { chat_dialog_id: group._id, message: 'still there?' })
const notMine = await rejected(ben.message.update(second._id, { chat_dialog_id: group._id, message: 'mine' }))
const seen = await eve.message.list({ chat_dialog_id: group._id })
const found = await eve.sdk.chat.search({ search_text: 'THERE?', chat_dialog_ids: [group._id], start_date: Date.now() + 60000, end_date: Date.now() - 60000 })
const forBen = await ben.message.delete([first._id])
const forAll = await ann.message.delete([second._id], { force: 1 })
const left = { ann: await ann.message.list({ chat_dialog_id: group._id }), ben: await ben.message.list({ chat_dialog_id: group._id }) }
const cleared = await ann.dialog.clearHistory(group._id)
const nothing = await ann.message.list({ chat_dialog_id: group._id })

// And away
const kicked = await ann.dialog.update(group._id, { pull_all: { occupants_ids: [eve.id] } })
const gone = await rejected(eve.message.list({ chat_dialog_id: group._id }))
const several = await ben.dialog.delete([group._id, direct._id], { force: true })
const one = await ann.dialog.delete(group._id, { force: true })
const goneToo = (await ben.dialog.list({})).items.map(it => it._id)

// Whom somebody knows
const book = await ann.sdk.addressbook.uploadAddressBook([{ name: 'Carol', phone: known.phone }, { name: 'x', phone: '1' }], { udid: 'phone' })
const read = await ann.sdk.addressbook.get('phone')
const registered = await ann.sdk.addressbook.getRegisteredUsers({ compact: 1, udid: 'phone' })

tell({
  ids: [ann.id, ben.id, eve.id], direct, again, group, noName, channel, listed, counted, renamed, notBens, admins, noAdmins,
  subscribed, occupants, unsubscribed, quiet, isQuiet, first, second, unread, newest, afterOne, afterAll, edited, notMine, seen,
  forBen, forAll, left, cleared, nothing, kicked, gone, several, one, goneToo, book, read, registered, found
})
