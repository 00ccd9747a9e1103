// HTML and script in every text that a server says: shown as the text it is, and never run (docs/attacks.md, Against the page).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page, Request } from '@playwright/test';
import { lie, type Json } from '../support/liar.ts';
import type { Person } from '../support/person.ts';
import { root } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { noteViolations, takeTextForHtml, withoutHeaders } from '../support/walls.ts';
import { words } from '../support/words.ts';

const PAYLOAD =
  '"\'><img src=/x-pwned onerror="window.pwned=1"><svg onload="window.pwned=1"></svg><script>window.pwned=1</script><a href="javascript:window.pwned=1">pwned</a>';

/** Texts that are more than text to a client, and what happens where the server makes them up. */
const NOT_SHOWN: { [field: string]: string } = {
  next: 'a cursor',
  subject: 'covered by the event’s hash: refused',
  log_key: 'pinned: another is refused',
  log_keys_key: 'pinned: another is refused',
  token: 'a secret of links and programs, in no answer that pages show',
  invitation: 'sent, never answered',
  email_proof: 'sent, never answered',
  id: 'names a thing in paths; text only for an identity provider, where the operator chose it',
  type: 'a problem’s type, which is never shown',
  pointer: 'names a field',
  authorization_url: 'where the browser goes next: nothing but https is followed',
};

interface Schema {
  properties?: { [name: string]: { type?: string | string[]; format?: string; enum?: string[] } };
}

/** Every field of the API that is free text, by the document that the server publishes. */
function freeTexts(): Set<string> {
  const document = JSON.parse(readFileSync(join(root, 'server/openapi.json'), 'utf8')) as { components: { schemas: { [name: string]: Schema } } };
  const names = new Set<string>();
  for (const schema of Object.values(document.components.schemas)) {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const text = [property.type ?? []].flat().includes('string') && !property.format && !property.enum;
      if (text && !(name in NOT_SHOWN)) names.add(name);
    }
  }
  return names;
}

/** Puts the payload behind each of these texts; says which it met. */
function poison(body: Json, names: Set<string>, met: Set<string>): Json {
  if (Array.isArray(body)) return body.map((item) => poison(item, names, met));
  if (body === null || typeof body !== 'object') return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      if (typeof value !== 'string' || !names.has(name)) return [name, poison(value, names, met)];
      met.add(name);
      return [name, `${value}${PAYLOAD}`];
    }),
  );
}

/** What a payload would leave behind that ran, or that became part of the page. */
async function harm(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found = [...document.querySelectorAll('img[src="/x-pwned"], svg[onload], a[href^="javascript:"], [onerror], [onload]')];
    const ran = 'pwned' in window ? ['a script ran'] : [];
    return [...ran, ...found.map((element) => element.outerHTML)];
  });
}

test('the payload would run where a page took it for HTML', async ({ browser }) => {
  const page = await browser.newPage();
  await page.setContent('<body></body>');
  await page.evaluate((payload) => (document.body.innerHTML = payload), PAYLOAD);
  await expect.poll(() => harm(page)).toContain('a script ran');
  expect((await harm(page)).length).toBeGreaterThan(2);
  await page.close();
});

test('a page that took such a text for HTML would still be kept from running it by its policy, and not without', async ({ clinic, enter }) => {
  test.setTimeout(240_000);
  const author = await enter(clinic.author);
  const { page } = author;
  const id = await author.writeReport({ title: 'Taken for HTML', patientName: 'Ole Lind' });
  await author.shareWith(clinic.doctor.name);
  await poisoned(author, freeTexts(), new Set());
  await takeTextForHtml(page, PAYLOAD);
  const violations = await noteViolations(page);
  const look = async () => {
    await page.goto(`/reports/${id}`);
    await author.unlock();
    await expect.poll(async () => (await harm(page)).some((found) => found.startsWith('<img')), { timeout: 30_000 }).toBe(true);
  };
  await look();
  await expect.poll(violations, 'by the policy').toContain('script-src-attr');
  expect(await harm(page), 'it became part of the page, and did not run').not.toContain('a script ran');

  const back = await withoutHeaders(author.context, /\/reports\/[0-9a-f]{64}$/, ['content-security-policy']);
  await look();
  await expect.poll(() => harm(page), 'without the policy it runs').toContain('a script ran');
  await back();
});

test('nothing that a server says becomes part of the page', async ({ clinic, enter }) => {
  test.setTimeout(360_000);
  const names = freeTexts();
  const met = new Set<string>();
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title: 'Poisoned', patientName: 'Ole Lind' });
  const code = await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  const administrator = await enter(clinic.administrator);
  for (const person of [author, reader, administrator]) await poisoned(person, names, met);

  await test.step('on a report, with its people and its record', async () => {
    await author.page.goto(`/reports/${id}`);
    await author.unlock();
    await expect(author.page.getByText(`${clinic.doctor.name}${PAYLOAD}`).first()).toBeVisible({ timeout: 30_000 });
    await unharmed(author);
    await author.beginShare();
    await author.dialog().getByLabel(words.share.who).fill(clinic.doctor.name);
    await expect(author.dialog().getByText(PAYLOAD).first()).toBeVisible({ timeout: 40_000 });
    await unharmed(author);
  });

  await test.step('in lists and settings', async () => {
    for (const path of ['/reports', '/access', '/contacts', '/teams', '/settings', '/settings/sessions', '/settings/data', '/alarms']) {
      await author.page.goto(path);
      await author.unlock();
      await settled(author);
      await unharmed(author);
    }
  });

  await test.step('with the key of an authenticator app', async () => {
    await author.page.goto('/settings/security');
    await author.unlock();
    await author.button(words.security.add).click();
    await author.button(words.security.appNext).click();
    // Shown in groups of four.
    await expect(author.page.getByTestId(words.security.secret)).toContainText(/o\s?n\s?l\s?o\s?a\s?d/, { timeout: 40_000 });
    await unharmed(author);
  });

  await test.step('with a share that waits', async () => {
    await reader.page.goto('/shared');
    await reader.unlock();
    await expect(reader.page.getByText(`${clinic.author.name}${PAYLOAD}`).first()).toBeVisible({ timeout: 40_000 });
    await unharmed(reader);
    await reader.page.getByLabel(words.shared.code).first().fill(code);
    await reader.page.getByRole('button', { name: words.shared.redeem }).first().click();
    await expect(reader.page.getByRole('link', { name: words.shared.open })).toBeVisible({ timeout: 60_000 });
    await unharmed(reader);
  });

  await test.step('in administration', async () => {
    for (const path of ['/administration', '/administration/audit', '/administration/invitations', '/administration/escrow']) {
      await administrator.page.goto(path);
      await administrator.unlock();
      await settled(administrator);
      await unharmed(administrator);
    }
  });

  await test.step('of backups, where one was made and another failed, and of a damaged file', async () => {
    const good = { snapshot: '20261127T094100123Z-5f3a09c1', began_at: 1, ended_at: 2, bytes: 3, new_bytes: 4, blobs: 5 };
    const failed = { began_at: 6, ended_at: 7, error: 'the store is full' };
    const status = poison({ last: good, failed, overdue: true }, new Set(['snapshot', 'error']), met);
    await administrator.page.route(/\/api\/v1\/admin\/backups$/, (route) => route.fulfill({ json: status }));
    const piece = { blob: 'uploads/07/0-1', health: 'missing', found_at: 8 };
    const files = poison({ named: 9, damaged_count: 1, damaged: [piece], restores: false }, new Set(['blob']), met);
    await administrator.page.route(/\/api\/v1\/admin\/storage$/, (route) => route.fulfill({ json: files }));
    await administrator.page.goto('/administration/backups');
    await administrator.unlock();
    await expect(administrator.page.getByText(`${piece.blob}${PAYLOAD}`)).toBeVisible({ timeout: 40_000 });
    await expect(administrator.page.getByText(`${good.snapshot}${PAYLOAD}`)).toBeVisible({ timeout: 40_000 });
    await expect(administrator.page.getByText(`${failed.error}${PAYLOAD}`)).toBeVisible();
    await unharmed(administrator);
  });

  await test.step('in a refusal', async () => {
    await author.page.route(/\/api\/v1\/reports\/[0-9a-f]{64}$/, (route) => {
      const problem = { type: 'urn:healthsecure:problem:conflict', title: PAYLOAD, status: 409, code: 'conflict', detail: PAYLOAD, request_id: PAYLOAD };
      ['title', 'detail', 'request_id'].forEach((name) => met.add(name));
      return route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(problem) });
    });
    await author.page.goto(`/reports/${id}`);
    await author.unlock();
    await expect(author.page.getByText(PAYLOAD).first()).toBeVisible({ timeout: 40_000 });
    await unharmed(author);
  });

  // Which texts it may be that nobody asked for: of invitations, identities and phones, where there are none, and of a passkey to
  // be made, which the browser's own question shows and no page. A new one must be met or named.
  const unasked = ['created_by_name', 'ending', 'invited_by', 'number', 'provider_name', 'rp_id', 'rp_name', 'user_display_name', 'user_name'];
  expect(unasked).toEqual(expect.arrayContaining([...names].filter((name) => !met.has(name))));
});

/** What each page has asked for and not been told yet. */
const waiting = new WeakMap<Page, Set<Request>>();

/** Everything that this person's browser is told from now on holds the payload, but for what unlocking sends back: the
 * address and the device's name. */
async function poisoned(person: Person, names: Set<string>, met: Set<string>): Promise<void> {
  const own = new Set([...names].filter((name) => name !== 'email' && name !== 'device'));
  // But for the live events, which have no end and only names of kinds.
  const told = /\/api\/v1\/(?!live)/;
  const open = new Set<Request>();
  waiting.set(person.page, open);
  person.page.on('request', (request) => void (told.test(request.url()) && open.add(request)));
  person.page.on('requestfinished', (request) => void open.delete(request));
  person.page.on('requestfailed', (request) => void open.delete(request));
  // What the page before asked for is nobody's any more.
  person.page.on('framenavigated', (frame) => void (frame === person.page.mainFrame() && open.clear()));
  await lie(person, told, (body, request) => {
    const mine = /\/api\/v1\/(session|account|sign-in\/(start|finish))$/.test(new URL(request.url()).pathname);
    return poison(body, mine ? own : names, met);
  });
}

async function unharmed(person: Person): Promise<void> {
  expect(await harm(person.page)).toEqual([]);
}

/** A page that has what it asked for: live events stay under way, so the network is never idle. */
async function settled(person: Person): Promise<void> {
  await person.page.getByRole('heading', { level: 1 }).first().waitFor();
  await person.page.waitForTimeout(1_500);
  for (const until = Date.now() + 10_000; waiting.get(person.page)?.size && Date.now() < until; ) await person.page.waitForTimeout(100);
}
