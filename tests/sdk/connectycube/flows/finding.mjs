// How users find each other: getV2 in every form that is documented, the older users.get, and who is online.
import { client, known, rejected, tell } from './setup.mjs'

const ann = client()
await ann.users.signup({
  login: 'ann', password: 'secret77', email: 'Ann@Example.com', full_name: 'Ann Archer', phone: '+49 30 123451',
  tag_list: ['vip', 'rower'], external_id: 'acme/ann', facebook_id: '10001', twitter_id: 'x-7', external_user_id: 77
})
await ann.users.signup({ login: 'ben+1', password: 'secret77', full_name: 'Marvin Samuel', tag_list: 'a b' })
const session = await ann.createSession({ login: 'ann', password: 'secret77' })
const ben = await client().createSession({ login: 'ben+1', password: 'secret77' })

const v2 = {}
const ask = async (name, query) => {
  const { items, ...page } = await ann.users.getV2(query)
  v2[name] = { ...page, items: items.map(it => it.login) }
}
await ask('ids', { limit: 10, offset: 1, id: { in: [session.user_id, ben.user_id] } })
await ask('login', { login: 'ann' })
await ask('seen', { last_request_at: { gt: new Date(2017, 10, 10) } })
await ask('together', {
  id: { in: [session.user_id, 1, 2] }, phone: '+4930123451', created_at: { lt: 4102444800 }, sort_desc: 'id', limit: 5
})
await ask('begins', { full_name: { start_with: 'marv' }, id: { nin: [5, 6] } })
await ask('anyTag', { user_tags: { in: ['vip', 'a b'] } })
await ask('tagList', { user_tags: ['rower', 'none'] })
await ask('spelled', {
  login: { in: ['ben+1', 'ü@z'] }, updated_at: { gte: '2019-11-06T09:21:41Z', lte: '2099-11-06T09:21:41Z' }
})
await ask('escaped', { email: 'ann@example.com', external_id: 'acme/ann' })
await ask('nothingThere', { login: 'nobody' })
const whole = (await ann.users.getV2({ login: 'ann' })).items[0]
const empty = await rejected(ann.users.getV2({}))
const onlyExcluded = await rejected(ann.users.getV2({ login: { nin: ['x'] } }))
const hidden = await rejected(ann.users.getV2({ password: 'secret77' }))
const short = await rejected(ann.users.getV2({ login: { start_with: 'ann' } }))

const one = async params => (await ann.users.get(params)).user.login
const page = async params => {
  const { items, ...rest } = await ann.users.get(params)
  return { ...rest, items: items.map(it => it.user.login) }
}
const v1 = {
  id: await one(session.user_id),
  login: await one({ login: 'ben+1' }),
  email: await one({ email: 'ann@example.com' }),
  facebook: await one({ facebook_id: '10001' }),
  twitter: await one({ twitter_id: 'x-7' }),
  phone: await one({ phone: '+49 30 123451' }),
  external: await one({ external: 'acme/ann' }),
  fullName: await page({ full_name: 'Marvin Samuel', page: 1, per_page: 5 }),
  tags: await page({ tags: ['apple', 'rower'] }),
  externalUserId: await page({ external_user_id: '77' }),
  list: await page({ page: 1, per_page: 1, order: { sort: 'desc', field: 'created_at' } }),
  filtered: await page({ filter: { field: 'id', param: 'in', value: [session.user_id, ben.user_id] } }),
  since: await page({ filter: { field: 'created_at', param: 'gt', value: '2020-01-01' } })
}
const missing = await rejected(ann.users.get({ login: 'nobody' }))
const badFilter = await rejected(ann.users.get({ filter: { field: 'custom_data', param: 'eq', value: '1' } }))

const read = async path => {
  const answer = await fetch(`${known.url}${path}`, { headers: { 'CB-Token': session.token } })
  return { code: answer.status, info: await answer.json() }
}
tell({ v2, whole, empty, onlyExcluded, hidden, short, v1, missing, badFilter, online: await read('/users/online.json?count=true') })
