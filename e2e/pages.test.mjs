// Every page that a role can reach: no dead link, no error, nothing that a screen reader or a phone stumbles over, light on the line.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { anyPage, crawl, demo, desktop, faults, firstPage, launch, open, overflow, phone, shape, signIn, weight } from './house.mjs'

let house, browser
before(async () => { house = await demo(); browser = await launch() })
after(async () => { await browser?.close(); await house?.stop() })

test('a visitor', async () => {
  for (const size of [desktop, phone]) await walk(await open(browser, house, size))
  assert.ok(await weight(browser, house, '/') <= firstPage, 'the first page is too heavy')
})

test('each role', async (t) => {
  assert.ok(house.accounts.length >= 5)
  for (const account of house.accounts) {
    await t.test(account.role, async () => {
      const page = await open(browser, house)
      await signIn(page, account)
      const visited = await walk(page, await page.context().storageState())
      assert.ok(visited > 5, `only ${visited} pages`)
    })
  }
})

test('without JavaScript', async () => {
  const page = await open(browser, house, desktop, { javaScriptEnabled: false })
  await signIn(page, house.accounts[0])
  assert.equal((await page.goto('/')).status(), 200)
})

const examined = new Set(), weighed = new Set()

// walk follows every link that this reader finds: none is dead, none ends in an error. A page of a new shape is looked at closely, at both
// widths; with a state it is weighed too. That is done once for all readers.
async function walk(page, state) {
  const wrong = []
  const visited = await crawl(page, async (path, answer) => {
    if (answer.status >= 400) wrong.push(`${path}: ${answer.status}`)
    if (!answer.page) return
    const width = page.viewportSize().width, of = `${shape(path)} ${width}`
    if (examined.has(of)) {
      for (const f of page.wrong.splice(0)) wrong.push(`${path}: ${f}`)
      return
    }
    examined.add(of)
    for (const f of await faults(page)) wrong.push(`${path}: ${f}`)
    if (width > phone.width) {
      await page.setViewportSize(phone)
      for (const f of await overflow(page)) wrong.push(`${path} on a phone: ${f}`)
      await page.setViewportSize(desktop)
    }
    if (state && !weighed.has(shape(path))) {
      weighed.add(shape(path))
      const bytes = await weight(browser, house, path, state)
      if (bytes > (path === '/' ? firstPage : anyPage)) wrong.push(`${path}: ${bytes} bytes`)
    }
  }, { each: 2 })
  assert.deepEqual(wrong, [])
  return visited
}
