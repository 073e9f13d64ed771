// What the browser tests share: a program that serves, a browser, and what every page is held to.
import { spawn, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

export const root = new URL('..', import.meta.url).pathname
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// Limits on the wire, cold, with style and script (the first page, and any other).
export const firstPage = 60_000
export const anyPage = 100_000

export const desktop = { width: 1280, height: 900 }
export const phone = { width: 390, height: 844 }

// demo builds the program, starts its demo and waits until its history is filled in.
export async function demo() {
  const house = build()
  const child = run(house, ['demo', '--format', 'json', '--listen', 'localhost:0'])
  await new Promise((resolve, reject) => {
    house.ended.then((code) => reject(new Error(`the demo ended with ${code}: ${house.said}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const told = JSON.parse(line)
      Object.assign(house, told)
      if (told.done) resolve()
    })
  })
  return house
}

// fresh builds the program, begins a house of one's own and serves it: nothing is in it but its first operator.
export async function fresh() {
  const house = build()
  const listen = `localhost:${await freePort()}`
  house.address = `http://${listen}`
  const said = execFileSync(house.program, ['init', '--format', 'json', '--agency', 'Ủy ban nhân dân tỉnh Mới', '--operator', 'Lò Thị Vận', '--listen', listen,
    '--public-address', house.address], { cwd: house.folder })
  house.operator = JSON.parse(said)
  run(house, ['serve'])
  for (let tries = 0; ; tries++) {
    if (await fetch(house.address + '/readyz').then((r) => r.ok, () => false)) return house
    if (tries > 400) throw new Error(`the house does not answer: ${house.said}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

function build() {
  const folder = mkdtempSync(join(tmpdir(), 'antin-e2e-'))
  const program = join(folder, 'antin')
  execFileSync('go', ['build', '-o', program, './cmd/antin'], { cwd: root, stdio: 'inherit' })
  return { folder, program, said: '' }
}

// run starts the program; house.stop ends it and removes what it wrote.
function run(house, args) {
  const child = spawn(house.program, args, { cwd: house.folder, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stderr.on('data', (b) => { house.said += b })
  house.ended = new Promise((resolve) => child.on('close', resolve))
  house.stop = async () => { child.kill('SIGTERM'); await house.ended; rmSync(house.folder, { recursive: true, force: true }) }
  return child
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, 'localhost', () => { const { port } = probe.address(); probe.close(() => resolve(port)) })
  })
}

export function launch() {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
}

// open gives a page that notes what goes wrong in it: what the console calls an error, and answers of 400 and above.
export async function open(browser, house, size = desktop, options = {}) {
  const context = await browser.newContext({ viewport: size, locale: 'vi-VN', baseURL: house.address, ...options })
  const page = await context.newPage()
  page.wrong = []
  page.on('console', (m) => { if (m.type() === 'error' && !m.text().startsWith('Failed to load')) page.wrong.push(`console: ${m.text()}`) })
  page.on('response', (r) => { if (r.status() >= 400) page.wrong.push(`${r.status()} ${r.url()}`) })
  page.on('pageerror', (e) => page.wrong.push(`script: ${e.message}`))
  return page
}

export async function signIn(page, account) {
  await page.goto('/dang-nhap')
  await page.fill('input[name="login"]', account.login)
  await page.fill('input[type="password"]', account.password)
  await page.click('main form button.primary')
  await page.waitForURL((u) => !u.pathname.startsWith('/dang-nhap'))
}

// faults is what is wrong with the page that is open: accessibility (WCAG 2.1 A and AA), width, what the page itself noted.
export async function faults(page) {
  await page.evaluate(axe)
  const found = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }))
  const out = found.violations.map((v) => `axe ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)
  out.push(...await overflow(page))
  out.push(...await bare(page))
  if (await page.locator('h1').count() !== 1) out.push('it has not one heading of the first order')
  if (!(await page.title())) out.push('it has no title')
  return [...out, ...page.wrong.splice(0)]
}

// bare is what stands empty and does not say what to do.
async function bare(page) {
  return page.evaluate(() => {
    const out = []
    for (const list of document.querySelectorAll('main tbody, main ul, main ol, main dl')) if (!list.children.length) out.push(`an empty ${list.tagName.toLowerCase()}`)
    for (const e of document.querySelectorAll('.empty')) if (!e.querySelector('p')?.textContent.trim()) out.push('an empty state without a hint')
    for (const section of document.querySelectorAll('main section')) {
      const heading = section.querySelector('h2, h3, caption')?.textContent ?? ''
      if (section.textContent.trim() === heading.trim() && !section.querySelector('img, svg, form, a')) out.push(`nothing under "${heading.trim()}"`)
    }
    if (document.querySelector('main').textContent.trim() === document.querySelector('h1')?.textContent.trim()) out.push('an empty page')
    return out
  })
}

// overflow is what of a page does not fit the width of its window.
export async function overflow(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  return over > 0 ? [`the page is ${over} pixels wider than the window`] : []
}

// weight is how many bytes a page takes on the wire in a browser that has nothing of it yet.
export async function weight(browser, house, path, state) {
  const context = await browser.newContext({ viewport: desktop, baseURL: house.address, storageState: state })
  const page = await context.newPage()
  const wire = await context.newCDPSession(page)
  let bytes = 0
  await wire.send('Network.enable')
  wire.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength })
  await page.goto(path, { waitUntil: 'networkidle' })
  await context.close()
  return bytes
}

// shape is an address without what names one thing of many.
export function shape(path) {
  return path.replace(/\b[a-z]{3}_[0-9a-z]{13}\b/g, '*').replace(/\?.*/, (q) => '?' + [...new URLSearchParams(q).keys()].sort().join('&'))
}

// crawl visits what links lead to, a few addresses of each shape, and calls look on each page with its answer.
export async function crawl(page, look, { start = '/', each = 3, most = 400 } = {}) {
  const seen = new Set(), shapes = new Map(), next = [start]
  let visited = 0
  while (next.length && visited < most) {
    const path = next.shift()
    if (seen.has(path)) continue
    seen.add(path)
    const of = shape(path)
    if ((shapes.get(of) ?? 0) >= each) continue
    shapes.set(of, (shapes.get(of) ?? 0) + 1)
    visited++
    const answer = await follow(page, path)
    await look(path, answer)
    if (!answer.page) continue
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => a.href))
    for (const l of links) {
      const u = new URL(l)
      if (u.origin === new URL(page.url()).origin && !u.pathname.startsWith('/tai-nguyen/')) next.push(u.pathname + u.search)
    }
  }
  return visited
}

// follow opens an address; a download is asked for beside the page.
async function follow(page, path) {
  page.wrong.length = 0 // what comes late belongs to a page that was looked at
  try {
    const r = await page.goto(path)
    return { status: r.status(), page: (r.headers()['content-type'] ?? '').startsWith('text/html') }
  } catch (e) {
    if (!/ERR_ABORTED|Download is starting/.test(e.message)) throw e
    return { status: (await page.context().request.get(path)).status(), page: false }
  }
}
