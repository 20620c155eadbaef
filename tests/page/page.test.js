// The fleet page in a real browser. Needs Chromium (CHROMIUM, or `chromium` on the PATH), the program and the
// example that writes reports (built by cargo; SAME_CA and REPORTS say where else).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = process.env.SAME_CA ?? join(root, 'target/debug/same-ca');
const writer = process.env.REPORTS ?? join(root, 'target/debug/examples/reports');
const executablePath = process.env.CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium']).toString().trim();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'same-ca-page-'));

let browser;
before(async () => {
  // As root, in a container of CI, Chromium's own sandbox cannot be had; the page is one that we wrote.
  browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const fleet = (name, reports, ...flags) => {
  const page = join(folder, name + '.html');
  execFileSync(program, ['fleet', ...reports, '--html', page, ...flags], { maxBuffer: 1 << 28 });
  return page;
};

const once = (make) => {
  const made = new Map();
  return (count) => made.get(count) ?? made.set(count, make(count)).get(count);
};

const minted = once((count) => {
  const file = join(folder, count + '.ndjson');
  execFileSync(writer, [String(count), file]);
  return file;
});

const WAIVERS = `[[waivers]]
finding = "expired"
host = "*.ams.contoso.com"
reason = "replaced in the change window"
ticket = "CHG-1042"
approved_by = "A. Administrator"
approved_at = 2026-11-01
until = 2026-12-31

[[waivers]]
host = "old.contoso.com"
reason = "gone soon"
approved_by = "A. Administrator"
approved_at = 2026-01-01
until = 2026-02-01
`;

/// A page with everything that a page can have.
const rich = once((count) => {
  const reports = minted(count);
  const lines = readFileSync(reports, 'utf8').trim().split('\n');
  const waivers = join(folder, 'waivers.toml');
  writeFileSync(waivers, WAIVERS);
  const hosts = join(folder, 'hosts.txt');
  writeFileSync(hosts, lines.slice(0, 5).map((line) => JSON.parse(line).host).join('\n') + '\nnever.contoso.com\n');
  const broken = join(folder, 'broken.ndjson');
  writeFileSync(broken, '{"protocol": 1,\nnot JSON\n{"protocol":2,"status":[]}\n');
  const previous = join(folder, 'previous.json');
  const changed = lines.slice(0, count - 2).map((line, index) => {
    const report = JSON.parse(line);
    if (index % 7 === 0) report.status = report.status === 'compliant' ? 'noncompliant' : 'compliant';
    return JSON.stringify(report);
  });
  changed.push(JSON.stringify({ ...JSON.parse(lines[0]), host: 'gone.contoso.com' }));
  writeFileSync(previous, changed.join('\n'));
  const json = join(folder, 'rich-' + count + '.json');
  return fleet('rich-' + count, [reports, broken], '--json', json, '--waivers', waivers, '--expected-hosts', hosts, '--previous', previous, '--max-age', '7d', '--as-of', 'newest');
});

/// Opens a page, and fails on whatever it logs, throws or asks for.
const open = async (file, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => troubles.push(message.type() + ': ' + message.text()));
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(file).href && request.url() !== 'data:,') troubles.push('request: ' + request.url());
  });
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('html[data-ready]', { timeout: 30_000 });
  return { page, troubles, close: () => context.close() };
};

const rows = (page) => page.$$eval('#rows tr:not(.details)', (all) => all.map((tr) => [...tr.children].map((td) => td.textContent)));

test('the page says what the report says, and asks nobody for anything', async () => {
  const { page, troubles, close } = await open(rich(12));
  const report = JSON.parse(readFileSync(rich(12).replace(/html$/, 'json'), 'utf8'));
  assert.equal(await page.textContent('.verdict'), report.status);
  assert.equal(await page.textContent('.message'), report.message);
  for (const [state, number] of Object.entries(report.totals)) {
    assert.equal(await page.textContent(`.tiles .${state} .number`), String(number), state);
  }
  assert.match(await page.textContent('header'), /Revocation: not checked/);
  assert.equal((await rows(page)).length, 12);
  assert.deepEqual(troubles, []);
  await close();
});

test('hosts are searched, filtered, sorted and paged', async () => {
  const { page, troubles, close } = await open(rich(1000));
  assert.equal((await rows(page)).length, 50);
  assert.match(await page.textContent('#count'), /^1–50 of 1,000$/);
  await page.click('#next');
  assert.match(await page.textContent('#count'), /^51–100 of 1,000$/);

  const host = (await rows(page))[3][0];
  await page.fill('#search', host);
  await page.waitForFunction(() => document.querySelectorAll('#rows tr').length === 1);
  assert.equal((await rows(page))[0][0], host);
  await page.click('#clear');

  await page.selectOption('#state', { label: 'noncompliant' });
  const states = (await rows(page)).map((cells) => cells[2]);
  assert.ok(states.length > 3 && states.every((state) => state === 'noncompliant'), states.join());
  await page.click('#clear');

  await page.selectOption('#requirement', { label: 'edge-services' });
  assert.ok((await rows(page)).every((cells) => cells[1] === 'edge-services' && cells[0].startsWith('edge')));
  await page.click('#clear');

  await page.click('#hosts th button[data-sort="host"]');
  const up = (await rows(page)).map((cells) => cells[0]);
  assert.deepEqual(up, [...up].sort());
  await page.click('#hosts th button[data-sort="host"]');
  const down = (await rows(page)).map((cells) => cells[0]);
  assert.deepEqual(down, [...down].sort().reverse());
  assert.notEqual(up[0], down[0]);
  assert.equal(await page.getAttribute('#hosts th:has(button[data-sort="host"])', 'aria-sort'), 'descending');

  // A look-alike's button shows the hosts under it.
  await page.click('#clear');
  await page.click('.generation.look-alike button[data-key]');
  const under = await rows(page);
  assert.ok(under.length > 3 && under.every((cells) => cells[3].includes('issuer-key-differs')), JSON.stringify(under));

  // A number shows its records, and again all.
  await page.click('#clear');
  await page.click('.tiles button.compliant');
  assert.ok((await rows(page)).every((cells) => cells[2] === 'compliant'));
  await page.click('.tiles button.compliant');
  assert.match(await page.textContent('#count'), / of 1,000$/);
  assert.deepEqual(troubles, []);
  await close();
});

test('the evidence of a host is one click away, by keyboard too', async () => {
  const { page, troubles, close } = await open(rich(12));
  const opener = page.locator('#rows .opener').last();
  await opener.focus();
  await page.keyboard.press('Enter');
  assert.equal(await opener.getAttribute('aria-expanded'), 'true');
  const text = await page.textContent('#rows tr.details');
  for (const part of ['sha256WithRSAEncryption', 'signer key SHA-256', 'serial number', 'Reference, what sets the rule', 'line ']) {
    assert.ok(text.includes(part), part + ' in ' + text);
  }
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#rows tr.details').count(), 0);
  assert.deepEqual(troubles, []);
  await close();
});

for (const [width, colorScheme] of [[1280, 'light'], [1280, 'dark'], [390, 'light'], [390, 'dark']]) {
  test(`nothing is to be scrolled sideways and axe finds nothing, ${width} pixels, ${colorScheme}`, async () => {
    const { page, troubles, close } = await open(rich(12), { viewport: { width, height: 800 }, colorScheme });
    for (const opener of (await page.locator('#rows .opener').all()).slice(0, 3)) await opener.click();
    for (const summary of await page.locator('summary').all()) await summary.click();
    const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(needed <= there, `${needed} pixels are needed`);
    // Through the debugger: the page's own policy lets in no other script.
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run());
    const violations = found.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).slice(0, 3).join(' '));
    assert.deepEqual(violations, []);
    assert.deepEqual(troubles, []);
    await close();
  });
}

const EVIL = [
  '<script>window.hurt=1</script>',
  '"><img src=x onerror=window.hurt=1>',
  '</script><script>window.hurt=1</script>',
  '<!--<script>',
  "'); window.hurt=1; ('",
  'moc.\u202eevil',
  'javascript:window.hurt=1',
  '__proto__',
  '${window.hurt=1}{{hurt}}',
];

test('what hostile reports say is shown as text', async () => {
  const template = JSON.parse(readFileSync(minted(12), 'utf8').split('\n')[0]);
  const lines = EVIL.map((evil, index) => {
    const report = structuredClone(template);
    const subject = report.subjects[0];
    report.host = evil;
    report.requirement = evil + (index % 2);
    report.status = subject.status = 'noncompliant';
    report.compliant = false;
    const having = (status) => report.subjects.filter((one) => one.status === status).length;
    report.summary = {
      total: report.subjects.length,
      compliant: having('compliant'),
      noncompliant: having('noncompliant'),
      undetermined: having('undetermined'),
    };
    subject.name = evil;
    subject.use = evil;
    if (subject.certificate) subject.certificate.subject = subject.certificate.issuer = 'CN=' + evil;
    subject.findings = [{ code: evil, severity: 'error', message: evil, expected: evil, actual: evil, hint: evil, pointer: evil }];
    report.reference.authorities[0].subject = 'CN=' + evil;
    report.reference.members[0].name = evil;
    return JSON.stringify(report);
  });
  const file = join(folder, 'evil.ndjson');
  writeFileSync(file, lines.join('\n'));
  const hosts = join(folder, 'evil.txt');
  writeFileSync(hosts, EVIL.map((evil) => evil.replace(/\s/g, '') + '-missing').join('\n'));
  const html = fleet('evil', [file], '--expected-hosts', hosts);
  const { page, troubles, close } = await open(html);
  for (const opener of await page.locator('#rows .opener').all()) await opener.click();
  for (const summary of await page.locator('summary').all()) await summary.click();
  assert.equal(await page.evaluate(() => window.hurt), undefined);
  const names = (await rows(page)).map((cells) => cells[0]);
  for (const evil of EVIL) {
    const shown = evil.replace('\u202e', '\\u{202e}');
    assert.ok(names.includes(shown), shown + ' among ' + names.join(' | '));
  }
  const markup = await page.evaluate(() => document.querySelectorAll('img, script:not(#data), iframe, object').length);
  assert.equal(markup, 1, 'the only script is our own');
  const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(needed <= there);
  assert.deepEqual(troubles, []);
  await close();
});

test('the policy of the page lets no other script or style run', async () => {
  const html = rich(12);
  const text = readFileSync(html, 'utf8');
  const changed = join(folder, 'changed.html');
  writeFileSync(changed, text.replace('</main>', '<img src="x" onerror="window.hurt=1"><script>window.hurt=1</script></main>'));
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(pathToFileURL(changed).href);
  await page.waitForSelector('html[data-ready]');
  assert.equal(await page.evaluate(() => window.hurt), undefined);
  await context.close();
});

test('it prints whole, without its controls', async () => {
  const { page, troubles, close } = await open(rich(1000));
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  assert.equal((await rows(page)).length, 1000);
  assert.equal(await page.isVisible('#search'), false);
  const pdf = await page.pdf({ format: 'A4' });
  assert.ok(pdf.length > 50_000, String(pdf.length));
  assert.deepEqual(troubles, []);
  await close();
});

test('50,000 hosts: the verdict is painted within 2 seconds, and searching stays quick', async () => {
  const { page, troubles, close } = await open(fleet('large', [minted(50_000)]));
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);
  const ready = await page.evaluate(() => performance.now());
  console.log(`50,000 hosts: first paint after ${Math.round(paint)} ms, the table after at most ${Math.round(ready)} ms`);
  assert.ok(paint < 2000, `first paint after ${paint} ms`);
  await page.fill('#search', 'fra.contoso.com issuer-key-differs');
  const started = Date.now();
  await page.waitForFunction(() => /\(of 50,000\)/.test(document.getElementById('count').textContent));
  const took = Date.now() - started;
  console.log(`50,000 hosts: first search in ${took} ms`);
  assert.ok(took < 3000, `searched for ${took} ms`);
  assert.ok((await rows(page)).every((cells) => cells[0].includes('.fra.') && cells[3].includes('issuer-key-differs')));
  await page.locator('#rows .opener').first().click();
  assert.match(await page.textContent('#rows tr.details'), /In short\. .* stand in .*, line \d+\./);
  assert.deepEqual(troubles, []);
  await close();
});
