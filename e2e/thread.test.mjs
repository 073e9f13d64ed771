// The main job in a browser: a document is drafted, signed, numbered, sealed, received and checked, each step by who may do it.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { demo, faults, launch, open, phone, root, signIn } from './house.mjs'

let house, browser
before(async () => { house = await demo(); browser = await launch() })
after(async () => { await browser?.close(); await house?.stop() })

const who = (login) => house.accounts.find((a) => a.login === login)

async function as(login) {
  const page = await open(browser, house)
  await signIn(page, who(login))
  return page
}

async function send(page) {
  const button = page.locator('main form button.primary').last()
  await Promise.all([page.waitForNavigation(), button.click()])
  assert.deepEqual(await faults(page), [])
}

// reads holds that the first page is there to be read: as a picture, by its letters over it, and as text below.
async function reads(page) {
  const picture = page.locator('.sheet img').first()
  await picture.scrollIntoViewIfNeeded()
  await page.waitForFunction(() => document.querySelector('.sheet img').naturalWidth > 0)
  const size = await picture.evaluate((img) => ({ natural: img.naturalWidth, shown: img.clientWidth, higher: img.clientHeight / img.clientWidth }))
  assert.ok(size.natural > 0 && size.shown > 300 && Math.abs(size.higher - Math.SQRT2) < 0.02, JSON.stringify(size))
  assert.match(await page.locator('.leaf svg').first().textContent(), /Độc lập - Tự do - Hạnh phúc/)
  const letters = await page.evaluate(() => {
    const text = [...document.querySelectorAll('.leaf svg text')].find((t) => t.textContent.includes('Hạnh phúc'))
    const all = getSelection()
    all.selectAllChildren(text)
    const at = text.getBoundingClientRect(), leaf = text.closest('.leaf').getBoundingClientRect()
    return { chosen: all.toString(), inside: at.left > leaf.left && at.right < leaf.right && at.top > leaf.top && at.bottom < leaf.bottom }
  })
  assert.match(letters.chosen, /Hạnh phúc/)
  assert.ok(letters.inside, 'a line lies outside its page')
  const words = page.locator('.sheet details').first()
  await words.locator('summary').click()
  assert.ok(await words.getByText('Độc lập - Tự do - Hạnh phúc').isVisible())
  await words.locator('summary').click()
  assert.deepEqual(await faults(page), [])
}

test('a document goes through the house', async () => {
  const title = 'Về việc thử toàn bộ đường đi của văn bản ' + Date.now()
  const drafter = await as('soanthao')
  await drafter.goto('/van-ban/moi')
  assert.deepEqual(await faults(drafter), [])
  await drafter.fill('input[name="title"]', title)
  await drafter.selectOption('select[name="kind"]', { value: 'quyet-dinh' })
  await drafter.getByLabel('Sở Nội vụ tỉnh Ví Dụ').check()
  await drafter.setInputFiles('input[type="file"]', join(root, 'cmd/antin/assets/decision.pdf'))
  await send(drafter)
  const at = new URL(drafter.url()).pathname
  assert.match(at, /^\/van-ban\/doc_/)
  assert.match(await drafter.textContent('main'), /Bản thảo|chờ/i)

  const leader = await as('lanhdao')
  await leader.goto('/')
  await leader.getByText(title).first().click()
  assert.equal(new URL(leader.url()).pathname, at)
  await reads(leader)
  assert.equal((await leader.goto(at + '/phat-hanh')).status(), 403, 'a leader seals')
  leader.wrong.length = 0
  await leader.goto(at + '/ky')
  assert.match(await leader.textContent('main'), /huấn luyện/i)
  await reads(leader)
  const plain = await open(browser, house, phone, { javaScriptEnabled: false, storageState: await leader.context().storageState() })
  await plain.goto(at + '/ky')
  await plain.waitForLoadState('networkidle')
  const drawn = (await plain.locator('.sheet img').first().getAttribute('src')).replaceAll('&amp;', '&')
  assert.equal((await plain.context().request.get(drawn)).headers()['content-type'], 'image/png')
  await send(leader)

  const clerk = await as('vanthu')
  await clerk.goto(at + '/phat-hanh')
  await send(clerk)
  const shown = await clerk.textContent('main')
  assert.match(shown, /\d+\/QĐ-UBND/)

  const recipient = await as('vanthu.snv')
  assert.equal((await recipient.goto(at)).status(), 200)
  assert.match(await recipient.textContent('main'), new RegExp(title))
  await reads(recipient)
  assert.deepEqual(await faults(recipient), [])

  const stranger = await as('motcua')
  assert.equal((await stranger.goto(at)).status(), 404, 'who has no part in it sees it')

  const visitor = await open(browser, house)
  await visitor.goto(at)
  assert.doesNotMatch(await visitor.textContent('body'), new RegExp(title), 'a visitor sees it')

  const file = await (await clerk.context().request.get(at + '/tep')).body()
  const kept = join(house.folder, 'issued.pdf')
  writeFileSync(kept, file)
  await visitor.goto('/kiem-tra')
  await visitor.setInputFiles('input[type="file"]', kept)
  visitor.wrong.length = 0
  await send(visitor)
  await reads(visitor) // in the answer itself: nothing of the file is kept
  const answer = await visitor.textContent('main')
  assert.match(answer, /huấn luyện/i)
  const sentence = (await visitor.textContent('main h2, main .lead')) ?? ''
  assert.doesNotMatch(sentence, /^\s*(Văn bản|Chữ ký)[^.]*hợp lệ\.\s*$/i, 'a training signature reads "hợp lệ" alone')

  const anchor = join(house.folder, 'root.crt')
  writeFileSync(anchor, await (await visitor.context().request.get('/huan-luyen/root.crt')).body())
  const told = JSON.parse(execFileSync(join(house.folder, 'antin'), ['verify', kept, '--trust', anchor, '--offline', '--format', 'json']).toString())
  const signatures = told.signatures.filter((s) => s.type === 'signature')
  assert.equal(signatures.length, 2)
  for (const s of signatures) {
    assert.equal(s.indication, 'TOTAL_PASSED')
    assert.equal(s.level, 'B-LT')
    assert.notEqual(s.modifications, 'forbidden')
  }
  const pdfsig = execFileSync('pdfsig', ['-nocert', kept]).toString()
  assert.equal(pdfsig.match(/Signature is Valid/g)?.length, 2, pdfsig)
})

test('a returned document comes back with its reason', async () => {
  const drafter = await as('soanthao')
  await drafter.goto('/van-ban/moi')
  await drafter.fill('input[name="title"]', 'Sẽ bị trả lại')
  await drafter.selectOption('select[name="kind"]', { value: 'thong-bao' })
  await drafter.getByLabel('Sở Nội vụ tỉnh Ví Dụ').check()
  await drafter.setInputFiles('input[type="file"]', join(root, 'cmd/antin/assets/decision.pdf'))
  await send(drafter)
  const at = new URL(drafter.url()).pathname
  const leader = await as('lanhdao')
  await leader.goto(at + '/tra-lai')
  await leader.fill('textarea[name="reason"]', 'Thiếu căn cứ pháp lý.')
  await send(leader)
  await drafter.goto(at)
  assert.match(await drafter.textContent('main'), /Thiếu căn cứ pháp lý\./)
})

test('a file that cannot be signed is refused with the reason', async () => {
  const drafter = await as('soanthao')
  await drafter.goto('/van-ban/moi')
  await drafter.fill('input[name="title"]', 'Đã ký rồi')
  await drafter.selectOption('select[name="kind"]', { value: 'thong-bao' })
  await drafter.getByLabel('Sở Nội vụ tỉnh Ví Dụ').check()
  await drafter.setInputFiles('input[type="file"]', join(root, 'testdata/vectors/pades-sealed.pdf'))
  await Promise.all([drafter.waitForNavigation(), drafter.locator('main form button.primary').last().click()])
  drafter.wrong.length = 0
  assert.match(await drafter.textContent('main'), /đã có chữ ký số/i)
})
