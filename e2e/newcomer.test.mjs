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
  page.setDefaultTimeout(10_000)
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
  await page.locator('main form button.primary:visible').first().click()
  assert.deepEqual(page.wrong.splice(0), [], await page.textContent('main'))
}

const people = [
  ['soanthao', 'Mùa Thị Dở', 'Chuyên viên', 'drafter'],
  ['lanhdao', 'Lường Văn Đăng', 'Phó Chủ tịch', 'leader'],
  ['vanthu', 'Quàng Thị Ảnh', 'Văn thư', 'clerk'],
  ['chungthu', 'Cà Văn Bun', 'Chuyên viên', 'certificate_officer'],
]

// fill fills fields in by their names.
async function fill(page, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`main [name="${name}"]`).first()
    if (typeof value === 'boolean') await field.setChecked(value)
    else if (await page.locator(`main select[name="${name}"]`).count()) await field.selectOption(value)
    else await field.fill(value)
  }
}

test('from nothing to an issued document', async (t) => {
  const operator = await enter(house.operator.login, house.operator.password)
  const main = () => operator.textContent('main')
  assert.match(await main(), /Bắt đầu/)

  let top
  await t.test('an agency below and a unit inside', async () => {
    await operator.goto('/co-quan')
    await operator.locator('main a[href^="/co-quan/agy"]').first().click()
    top = new URL(operator.url()).pathname
    await operator.goto(top + '/them-co-quan')
    await fill(operator, { name: 'Sở Nội vụ tỉnh Mới', kind: 'department', level: 'province', from: '01/07/2025', short_name: 'SNV', notation: 'SNV', own_seal: true })
    await send(operator)
    assert.match(await main(), /Sở Nội vụ tỉnh Mới/)
    await operator.goto(top + '/them-don-vi')
    await fill(operator, { name: 'Văn phòng', kind: 'office', from: '01/07/2025' })
    await send(operator)
    assert.match(await main(), /Văn phòng/)
  })

  const letters = {}
  for (const [login, name, title, role] of people) {
    await t.test(`${name}: person, post, account and role`, async () => {
      await operator.goto('/nguoi/moi')
      await fill(operator, { name, agency: { label: 'Ủy ban nhân dân tỉnh Mới' }, from: '01/07/2025' })
      await send(operator)
      await operator.goto(new URL(operator.url()).pathname + '/chuc-vu')
      await fill(operator, { title, agency: { label: 'Ủy ban nhân dân tỉnh Mới' }, since: '01/07/2025' })
      await send(operator)
      assert.match(await main(), new RegExp(title))
      await operator.locator('main a[href*="/tai-khoan/moi?nguoi="]').first().click()
      await fill(operator, { login })
      await send(operator)
      letters[login] = (await operator.textContent('main .secret')).trim()
      await operator.locator('main .acts a.button').first().click()
      await fill(operator, { role, at: { label: 'Ủy ban nhân dân tỉnh Mới' } })
      await send(operator)
      assert.match(await main(), /Ủy ban nhân dân tỉnh Mới/)
    })
  }

  const as = {}
  await t.test('each enters with the password of the letter', async () => {
    for (const [login] of people) as[login] = await enter(login, letters[login])
  })

  await t.test('the certificate officer issues the keys', async () => {
    const officer = as.chungthu
    for (const holder of [/Lường Văn Đăng/, /[Dd]ấu/]) {
      await officer.goto('/khoa-ky')
      await officer.locator('main a[href^="/khoa-ky/moi"]').first().click()
      const option = officer.locator('main select[name="holder"] option').filter({ hasText: holder })
      await officer.locator('main select[name="holder"]').selectOption(await option.getAttribute('value'))
      await send(officer)
    }
    assert.match(await officer.textContent('main'), /Lường Văn Đăng/)
  })

  await t.test('a document is drafted, signed, numbered, sealed and received', async () => {
    await as.soanthao.goto('/van-ban/moi')
    await fill(as.soanthao, { title: 'Về việc thành lập tổ công tác', kind: 'quyet-dinh' })
    await as.soanthao.getByLabel('Sở Nội vụ tỉnh Mới').check()
    await as.soanthao.setInputFiles('input[type="file"]', join(root, 'cmd/antin/assets/decision.pdf'))
    await send(as.soanthao)
    const at = new URL(as.soanthao.url()).pathname
    for (const [login, act] of [['lanhdao', '/ky'], ['vanthu', '/phat-hanh']]) {
      await as[login].goto(at + act)
      await send(as[login])
    }
    assert.match(await as.vanthu.textContent('main'), /01\/QĐ-UBND/)
    assert.match(await as.vanthu.textContent('main'), /Đã phát hành/)
  })
})
