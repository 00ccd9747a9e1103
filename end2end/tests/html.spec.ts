// HTML and script in every text that a server says: shown as the text it is, and never run (docs/attacks.md, Against the page).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page, Request } from '@playwright/test';
import { fields, lie, type Json } from '../support/liar.ts';
import type { Person } from '../support/person.ts';
import { root } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { noteViolations, takeTextForHtml, withoutHeaders } from '../support/walls.ts';
import { words } from '../support/words.ts';

const PAYLOAD =
  '"\'><img src=/x-pwned onerror="window.pwned=1"><svg onload="window.pwned=1"></svg><script>window.pwned=1</script><a href="javascript:window.pwned=1">pwned</a>';

/** Texts that are more than text to a client, or that no page shows, and what happens where the server makes them up. */
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
  rp_id: 'of a passkey to be made: which passkeys the browser offers, shown by none of the pages',
  rp_name: 'of a passkey to be made: shown by the browser’s own question alone',
  user_name: 'of a passkey to be made: shown by the browser’s own question alone',
  user_display_name: 'of a passkey to be made: shown by the browser’s own question alone',
};

/** An id, where another answer has a text under the same name: no text, and read as one it would be refused. */
const ID = /^[0-9a-f]{32,64}$/;

interface Property {
  type?: string | string[];
  format?: string;
  enum?: string[];
  items?: Property;
}

interface Schema {
  properties?: { [name: string]: Property };
}

/** Free text, or a list of such. */
function isText({ type, format, enum: words, items }: Property): boolean {
  const types = [type ?? []].flat();
  return (types.includes('string') && !format && !words) || (types.includes('array') && !!items && isText(items));
}

/** Every field of the API that is free text, by the document that the server publishes. */
function freeTexts(): Set<string> {
  const document = JSON.parse(readFileSync(join(root, 'server/openapi.json'), 'utf8')) as { components: { schemas: { [name: string]: Schema } } };
  const names = new Set<string>();
  for (const schema of Object.values(document.components.schemas)) {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (isText(property) && !(name in NOT_SHOWN)) names.add(name);
    }
  }
  return names;
}

/** Puts the payload behind each of these texts, also where there is a list of them; says which it met. */
function poison(body: Json, names: Set<string>, met: Set<string>): Json {
  if (Array.isArray(body)) return body.map((item) => poison(item, names, met));
  if (body === null || typeof body !== 'object') return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      const text = (value: Json): Json => {
        if (typeof value !== 'string' || ID.test(value)) return poison(value, names, met);
        met.add(name);
        return `${value}${PAYLOAD}`;
      };
      if (!names.has(name)) return [name, poison(value, names, met)];
      return [name, Array.isArray(value) ? value.map(text) : text(value)];
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

test('nothing that a server says becomes part of the page', async ({ clinic, arrive, enter }) => {
  test.setTimeout(420_000);
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

  await test.step('with an identity, one to be linked, a phone, and recovery codes', async () => {
    const { page } = author;
    const identity = { id: '5'.repeat(32), provider_name: 'Clinic account', email: clinic.author.email, created_at: 1 };
    const toLink = { provider_name: 'University account', email: clinic.author.email, name: clinic.author.name };
    const phone = { number: '+4915123456789', second_factor: false, sign_in: false, verified_at: 2 };
    const [sent, made] = [{ ending: '07', expires_at: Date.now() + 600_000 }, { codes: ['kettle-harbour', 'violet-anchor'] }];
    const providers = [{ id: 'work', name: identity.provider_name }];
    await lie(author, /\/api\/v1\/instance$/, (body) => poison({ ...fields(body), phone: true, identity_providers: providers }, names, met));
    await answer(author, /\/api\/v1\/account\/identities$/, { GET: poison({ items: [identity] }, names, met) });
    await answer(author, /\/api\/v1\/account\/identities\/waiting$/, { GET: poison(toLink, names, met) });
    await answer(author, /\/api\/v1\/account\/phone$/, {
      GET: poison({ phone }, names, met),
      POST: poison(sent, names, met),
      PUT: poison(made, names, met),
    });
    // As who comes back from the provider.
    await page.goto('/settings/security#identity=verified');
    await author.unlock();
    await expect(author.dialog().getByText(`${toLink.provider_name}${PAYLOAD}`).first()).toBeVisible({ timeout: 40_000 });
    await unharmed(author);
    await page.keyboard.press('Escape');
    await expect(author.dialog()).toBeHidden();
    await expect(page.getByText(`${identity.provider_name}${PAYLOAD}`).first()).toBeVisible();
    await expect(page.getByText(`${phone.number}${PAYLOAD}`).first()).toBeVisible();
    await unharmed(author);

    await author.button(words.phones.factorOn).click();
    const codes = page.getByTestId(words.security.codes);
    for (const code of made.codes) await expect(codes.getByText(`${code}${PAYLOAD}`)).toBeVisible();
    await unharmed(author);
    await author.button(words.security.codesKept).click();
    await author.button(words.phones.replace).click();
    await page.getByLabel(words.phones.number).fill('+49 151 23456707');
    await author.button(words.phones.send).click();
    await expect(page.getByText(`${sent.ending}${PAYLOAD}`)).toBeVisible();
    await unharmed(author);
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

  await test.step('with an invitation, and the identity that an account is to be made of', async () => {
    const newcomer = await arrive(clinic.stranger('Marit Vik', 'doctor'));
    await poisoned(newcomer, names, met);
    const invitation = { set_up: false, role: 'doctor', invited_by: clinic.administrator.name, expires_at: Date.now() + 3_600_000 };
    const waiting = { provider_name: 'Clinic account', email: newcomer.identity.email };
    await answer(newcomer, /\/api\/v1\/invitations\/look-up$/, { POST: poison(invitation, names, met) });
    await answer(newcomer, /\/api\/v1\/sign-in\/identity$/, { GET: poison(waiting, names, met) });
    await newcomer.page.goto('/sign-up#identity=verified&invite=made-up');
    await expect(newcomer.page.getByText(`${invitation.invited_by}${PAYLOAD}`).first()).toBeVisible({ timeout: 40_000 });
    await expect(newcomer.page.getByText(`${waiting.provider_name}${PAYLOAD}`).first()).toBeVisible();
    await unharmed(newcomer);
  });

  await test.step('in administration', async () => {
    const person = { created_by: 'a'.repeat(64), created_by_name: clinic.author.name };
    const invitation = { id: '1'.repeat(32), role: 'patient', ...person, created_at: 1, expires_at: 2 };
    await answer(administrator, /\/api\/v1\/invitations$/, { GET: poison({ items: [invitation] }, names, met) });
    for (const path of ['/administration', '/administration/audit', '/administration/escrow', '/administration/invitations']) {
      await administrator.page.goto(path);
      await administrator.unlock();
      await settled(administrator);
      await unharmed(administrator);
    }
    await expect(administrator.page.getByText(`${person.created_by_name}${PAYLOAD}`).first()).toBeVisible();
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

  // A new one must be met or named above.
  expect([...names].filter((name) => !met.has(name)), 'texts that no page was asked to show').toEqual([]);
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

/** Answers a path in the server's place, by the request's method; others reach it. */
async function answer(person: Person, path: RegExp, by: { [method: string]: Json }): Promise<void> {
  await person.page.route(path, (route) => {
    const json = by[route.request().method()];
    return json === undefined ? route.fallback() : route.fulfill({ json });
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
