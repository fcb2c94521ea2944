// A file in three requests, looked at by its owner, by another user, and by nobody; then an avatar, and what is refused.
import { client, known, rejected, tell } from './setup.mjs'

const ann = client()
const ben = client()
await ann.createSession(known.ann)
await ben.createSession(known.ben)

const picture = Buffer.from(known.picture, 'base64')
const photograph = await ann.storage.createAndUpload({
  name: 'me & you @home.png', file: picture, type: 'image/png', size: picture.length, public: false
})
const open = await ann.storage.createAndUpload({
  name: 'a.txt', file: Buffer.from('hello'), type: 'text/plain', size: 5, public: true
})

async function look (url) {
  const answer = await fetch(url)
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    way: answer.headers.get('content-disposition')?.split(';')[0],
    size: (await answer.arrayBuffer()).byteLength
  }
}

const before = await look(ben.storage.privateUrl(photograph.uid))
await ann.users.update({ avatar: photograph.uid })
const list = await ann.storage.list({ page: 1, per_page: 5 })
const object = await ben.storage.getFileObject(photograph.uid, { download_url: 1 })

tell({
  uploaded: { name: photograph.name, size: photograph.size, public: photograph.public },
  info: await ann.storage.getInfo(photograph.id),
  file: (await ben.storage.getFile(photograph.uid)).blob.name,
  listed: [list.total_entries, list.items.map(it => it.blob.id)],
  ids: [photograph.id, open.id],
  before,
  shown: await look(ben.storage.privateUrl(photograph.uid)),
  stranger: await look(ben.storage.publicUrl(photograph.uid)),
  everybody: await look(ben.storage.publicUrl(open.uid)),
  linked: await look(object.blob.blob_object_access.download_url),
  renamed: (await ann.storage.update({ id: open.id, name: 'b.txt' })).blob.name,
  not_hers: await rejected(ben.storage.delete(open.id)),
  not_a_picture: (await ann.users.update({ avatar: open.uid })).user.avatar === open.uid,
  deleted: await ann.storage.delete(open.id),
  gone: await rejected(ann.storage.getInfo(open.id))
})
