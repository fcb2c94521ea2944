// Whom somebody does not want to hear from, by the SDK's privacy lists; and who is told when others come and go.
import { arrive, known, until } from './listening.mjs'
import { rejected, tell } from './setup.mjs'

const ann = await arrive('ann')
const ben = await arrive('ben')
const eve = await arrive('eve')
const lists = ann.chat.privacylist
const deny = (...people) => people.map(it => ({ user_id: it.id, action: 'deny' }))

await lists.create({ name: 'nobody of these', items: deny(ben) })
const before = { names: await lists.getNames(), list: await lists.getList('nobody of these') }
eve.chat.send(ann.id, { type: 'chat', body: 'Hello', extension: { save_to_history: 1 } })
ben.chat.send(ann.id, { type: 'chat', body: 'Before it was in force', extension: { save_to_history: 1 } })
await until(() => ann.heard.messages.length === 2, 'ann hears both')

await lists.setAsDefault('nobody of these')
await lists.update({ name: 'nobody of these', items: [{ user_id: eve.id, action: 'deny', mutualBlock: true }] })
const inForce = { names: await lists.getNames(), list: await lists.getList('nobody of these') }
for (const one of [ben, eve]) {
  one.chat.send(ann.id, { type: 'chat', body: 'Not heard', extension: { save_to_history: 1 } })
  one.chat.send(ann.id, { type: 'chat', body: 'Not heard either', extension: {} })
  one.chat.sendSystemMessage(ann.id, { body: 'nor this', extension: {} })
  one.chat.sendIsTypingStatus(ann.id)
}
await ben.chat.ping()
await eve.chat.ping()

await lists.update({ name: 'nobody of these', items: [{ user_id: ben.id, action: 'allow' }] })
ben.chat.send(ann.id, { type: 'chat', body: 'Heard again', extension: { save_to_history: 1 } })
await until(() => ann.heard.messages.length === 3, 'ann hears ben again')

await lists.setAsDefault(null)
eve.chat.send(ann.id, { type: 'chat', body: 'Heard as well', extension: { save_to_history: 1 } })
await until(() => ann.heard.messages.length === 4, 'ann hears eve again')
const declined = { names: await lists.getNames(), list: await lists.getList('nobody of these') }

const refused = [
  await rejected(lists.setAsDefault('another')),
  await rejected(lists.create({ name: 'x', items: [{ user_id: 4711, action: 'deny' }] }).then(() => lists.setAsDefault('x'))),
  await rejected(lists.delete('another'))
]
await lists.delete('nobody of these')
await lists.delete('x')
const after = { names: await lists.getNames(), list: await lists.getList('nobody of these') }

// One way, and both; and more users than were heard of before
await lists.create({ name: 'both', items: [{ user_id: ben.id, action: 'deny', mutualBlock: true }, { user_id: eve.id, action: 'deny' }] })
await lists.setAsDefault('both')
const said = people => people.map(it => ann.chat.send(it.id, { type: 'chat', body: 'Do you hear me?', extension: { save_to_history: 1 } }))
const [toBen] = said([ben, eve])
const refusal = await until(() => ann.heard.errors.find(it => it.id === toBen), 'ann may not write to ben')
await until(() => eve.heard.messages.some(it => it.body === 'Do you hear me?'), 'eve hears ann')
await lists.setAsDefault(null)
await lists.delete('both')
await lists.create({ name: 'long', items: known.many.map(id => ({ user_id: id, action: 'deny' })) })
await lists.setAsDefault('long')
const long = await lists.getList('long')
const tooLong = await rejected(lists.create({ name: 'longer', items: Array.from({ length: 1_500 }, (_, id) => ({ user_id: 2 ** 52 + id, action: 'deny' })) }))
await lists.delete('long')

// Coming and going
const seen = []
ann.chat.onLastUserActivityListener = (user, seconds) => seen.push([user, seconds])
ann.chat.subscribeToUserLastActivityStatus(ben.id)
await until(() => seen.length === 1, 'ann hears that ben is here')
await ben.chat.disconnect()
const going = await until(() => seen[1], 'ann hears that ben is gone')
ann.chat.unsubscribeFromUserLastActivityStatus(ben.id)
ann.chat.subscribeToUserLastActivityStatus(eve.id + 1) // who is nobody
await ann.chat.ping()

tell({
  ann: ann.id, ben: ben.id, eve: eve.id, before, inForce, declined, after, refused,
  heard: ann.heard.messages.map(it => it.body), typing: ann.heard.typing, system: ann.heard.system,
  errors: [...ben.heard.errors, ...eve.heard.errors], seen, going, refusal, benHeard: ben.heard.messages.length, long, tooLong
})
