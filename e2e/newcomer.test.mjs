// A house of one's own, from nothing: its operator fills it through its pages alone, without JavaScript, and then the main job runs in it.
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { desktop, fresh, launch, open, root } from './house.mjs'

let house, browser
before(async () => { house = await fresh(); browser = await launch() })
after(async () => { await browser?.close(); await house?.stop() })

// own is somebody's own password, once they have changed the first one.
const own = (login) => `bốn từ chẳng liên quan ${login}`

// enter signs in for the first time and sets an own password.
async function enter(login, password) {
  const page = await open(browser, house, desktop, { javaScriptEnabled: false })
  await page.goto('/dang-nhap')
  await page.fill('input[name="login"]', login)
  await page.fill('input[type="password"]', password)
  await send(page)
  for (const field of await page.locator('main input[type="password"]').all()) await field.fill(own(login))
  await send(page)
  assert.equal(new URL(page.url()).pathname, '/')
  return page
}

// send sends the form whose fields were filled in; the page that comes is no error.
async function send(page) {
  await page.locator('main form button.primary').first().click()
  assert.deepEqual(page.wrong.splice(0), [], await page.textContent('main'))
}

const chosen = new Set(['kind', 'level', 'agency', 'unit'])

// fill fills fields in by their names.
async function fill(page, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`main [name="${name}"]`).first()
    if (typeof value === 'boolean') await field.setChecked(value)
    else if (chosen.has(name)) await field.selectOption(value)
    else await field.fill(value)
  }
}

test('from nothing to an issued document', async (t) => {
  const operator = await enter(house.operator.login, house.operator.password)
  const main = () => operator.textContent('main')
  assert.match(await main(), /Bắt đầu/)

  await t.test('an agency and its unit', async () => {
    await operator.goto('/co-quan')
    await operator.locator('main a[href^="/co-quan/agy"]').first().click()
    const top = operator.url()
    await operator.goto(top + '/them-co-quan')
    await fill(operator, { name: 'Sở Nội vụ tỉnh Mới', kind: 'department', level: 'province', from: '01/07/2025', short_name: 'SNV', notation: 'SNV', own_seal: true })
    await send(operator)
    assert.match(await main(), /Sở Nội vụ tỉnh Mới/)
    await operator.goto(top + '/them-don-vi')
    await fill(operator, { name: 'Văn phòng', kind: 'office', from: '01/07/2025' })
    await send(operator)
    assert.match(await main(), /Văn phòng/)
  })
})
