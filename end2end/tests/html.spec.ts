// html-in-texts: HTML and script in every text that a server says: shown as the text it is, and never run (docs/attacks.md, Against
// the page).
import type { Page, Request } from '@playwright/test';
import { PROBLEM, answerOf, freeTexts, walk, type Schema } from '../support/contract.ts';
import { fields, items, lie, type Json } from '../support/liar.ts';
import type { Person } from '../support/person.ts';
import { eventSaying } from '../support/signed.ts';
import { expect, test } from '../support/test.ts';
import { noteViolations, takeTextForHtml, withoutHeaders } from '../support/walls.ts';
import { words } from '../support/words.ts';

const PAYLOAD =
  '"\'><img src=/x-pwned onerror="window.pwned=1"><svg onload="window.pwned=1"></svg><script>window.pwned=1</script><a href="javascript:window.pwned=1">pwned</a>';

/** Texts of answers that no page shows as text, and what happens where the server makes them up. */
const NOT_SHOWN: { [text: string]: string } = {
  'AdminAccountList.next': 'a cursor',
  'EscrowOverview.next': 'a cursor',
  'Instance.log_key': 'pinned: another is refused',
  'Instance.log_keys_key': 'pinned: another is refused',
  'SignedIn.token': 'a session’s, of programs: a page’s is a cookie',
  'SignUpCodeAsked.secret': 'sent back, never shown',
  'IdentityProvider.id': 'names a provider in paths, where the operator chose it',
  'IdentityStarted.authorization_url': 'where the browser goes next: nothing but https is followed',
  'PasskeyAdded.codes': 'shown by what shows RecoveryCodes.codes, once the browser has made a passkey',
  'PasskeyChallenge.rp_id': 'which passkeys the browser offers, shown by none of the pages',
  'PasskeyCreation.rp_id': 'of a passkey to be made: for the browser alone',
  'PasskeyCreation.rp_name': 'of a passkey to be made: shown by the browser’s own question alone',
  'PasskeyCreation.user_name': 'of a passkey to be made: shown by the browser’s own question alone',
  'PasskeyCreation.user_display_name': 'of a passkey to be made: shown by the browser’s own question alone',
  'Problem.type': 'which problem it is: never shown',
  'Problem.pointer': 'names a field',
  'WayIn.label': 'passkeys are listed as second factors',
};

/** Covered by the event’s hash: where only this is changed the event is refused. It is made up with a hash that fits. */
const HASHED = 'AuditEvent.subject';

/** What unlocking sends back. */
const SENT_BACK = ['WhoAmI.email', 'OwnAccount.email', 'Session.device'];

/** Puts the payload behind the texts of answers, and knows which it met. */
class Poison {
  readonly texts = new Set([...freeTexts()].filter((text) => !(text in NOT_SHOWN)));
  readonly met = new Set<string>();

  /** Behind every text of an answer but those that are left as they are. */
  answer(body: Json, method: string, path: string, left: string[] = []): Json {
    const schema = isProblem(body) ? PROBLEM : answerOf(method, path);
    return schema ? this.put(body, schema, [HASHED, ...left]) : body;
  }

  problem(body: Json): Json {
    return this.put(body, PROBLEM, []);
  }

  private put(body: Json, schema: Schema, left: string[]): Json {
    return walk(body, schema, (text, place) => {
      if (!this.texts.has(place) || left.includes(place)) return text;
      this.met.add(place);
      return `${text}${PAYLOAD}`;
    });
  }
}

function isProblem(body: Json): boolean {
  return body !== null && typeof body === 'object' && 'type' in body && String(body.type).startsWith('urn:healthsecure:problem:');
}

/** What a payload would leave behind that ran, or that became part of the page. */
async function harm(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found = [...document.querySelectorAll('img[src="/x-pwned"], svg[onload], a[href^="javascript:"], [onerror], [onload]')];
    const ran = 'pwned' in window ? ['a script ran'] : [];
    return [...ran, ...found.map((element) => element.outerHTML)];
  });
}

test('html-in-texts: the payload would run where a page took it for HTML', async ({ browser }) => {
  const page = await browser.newPage();
  await page.setContent('<body></body>');
  await page.evaluate((payload) => (document.body.innerHTML = payload), PAYLOAD);
  await expect.poll(() => harm(page)).toContain('a script ran');
  expect((await harm(page)).length).toBeGreaterThan(2);
  await page.close();
});

test('html-in-texts: a page that took such a text for HTML would still be kept from running it by its policy, and not without', async ({ clinic, enter }) => {
  test.setTimeout(240_000);
  const author = await enter(clinic.author);
  const { page } = author;
  const id = await author.writeReport({ title: 'Taken for HTML', patientName: 'Ole Lind' });
  await author.shareWith(clinic.doctor.name);
  await poisoned(author, new Poison());
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

test('html-in-texts: nothing that a server says becomes part of the page', async ({ clinic, arrive, enter }) => {
  test.setTimeout(720_000);
  const poison = new Poison();
  // A reason for what is no text of an answer any more is none.
  expect(Object.keys(NOT_SHOWN).filter((text) => !freeTexts().has(text))).toEqual([]);
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title: 'Poisoned', patientName: 'Ole Lind' });
  const code = await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  const administrator = await enter(clinic.administrator);
  for (const person of [author, reader, administrator]) await poisoned(person, poison);

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
    const instance = '/api/v1/instance';
    await lie(author, /\/api\/v1\/instance$/, (body) => poison.answer({ ...fields(body), phone: true, identity_providers: providers }, 'GET', instance));
    await answer(author, poison, '/api/v1/account/identities', { GET: { items: [identity] } });
    await answer(author, poison, '/api/v1/account/identities/waiting', { GET: toLink });
    await answer(author, poison, '/api/v1/account/phone', { GET: { phone }, POST: sent, PUT: made });
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
    await poisoned(newcomer, poison);
    const { email } = newcomer.identity;
    const invitation = { set_up: false, role: 'doctor', email, invited_by: clinic.administrator.name, expires_at: Date.now() + 3_600_000 };
    const waiting = { provider_name: 'Clinic account', email, name: newcomer.name };
    await answer(newcomer, poison, '/api/v1/invitations/look-up', { POST: invitation });
    await answer(newcomer, poison, '/api/v1/sign-in/identity', { GET: waiting });
    await newcomer.page.goto('/sign-up#identity=verified&invite=made-up');
    await expect(newcomer.page.getByText(`${invitation.invited_by}${PAYLOAD}`).first()).toBeVisible({ timeout: 40_000 });
    await expect(newcomer.page.getByText(`${waiting.provider_name}${PAYLOAD}`).first()).toBeVisible();
    await unharmed(newcomer);
  });

  await test.step('in administration', async () => {
    const person = { created_by: 'a'.repeat(64), created_by_name: clinic.author.name };
    const invitation = { id: '1'.repeat(32), role: 'patient', email: 'invited@clinic.example', ...person, created_at: 1, expires_at: 2 };
    const made = { token: 'made-up', invitation, mailed: false };
    await answer(administrator, poison, '/api/v1/invitations', { GET: { items: [invitation] }, POST: made });
    for (const path of ['/administration', '/administration/audit', '/administration/escrow', '/administration/invitations']) {
      await administrator.page.goto(path);
      await administrator.unlock();
      await settled(administrator);
      await unharmed(administrator);
    }
    await expect(administrator.page.getByText(`${person.created_by_name}${PAYLOAD}`).first()).toBeVisible();

    const w = words.administration;
    await administrator.button(w.invite).click();
    const dialog = administrator.dialog();
    await dialog.getByRole('radio', { name: w.inviteDoctor }).check({ force: true });
    await dialog.getByRole('button', { name: w.inviteMake }).click();
    await expect(dialog.getByRole('textbox', { name: w.inviteLink })).toHaveValue(/x-pwned/, { timeout: 40_000 });
    await unharmed(administrator);
  });

  await test.step('in what an event is about, with a number and a hash that fit', async () => {
    const { page } = administrator;
    const about = `what=started ${PAYLOAD}`;
    await lie(administrator, /\/api\/v1\/admin\/events\?/, (body) => ({ ...fields(body), items: [eventSaying(about), ...items(body)] }));
    await page.goto('/administration/audit');
    await administrator.unlock();
    await administrator.button(words.administration.auditDenied).click();
    await expect(page.locator('tbody').getByText(about)).toBeVisible({ timeout: 40_000 });
    poison.met.add(HASHED);
    await unharmed(administrator);
  });

  await test.step('of backups, where one was made and another failed, and of a damaged file', async () => {
    const good = { snapshot: '20261127T094100123Z-5f3a09c1', began_at: 1, ended_at: 2, bytes: 3, new_bytes: 4, blobs: 5 };
    const failed = { began_at: 6, ended_at: 7, error: 'the store is full' };
    const tried = { snapshot: '20261126T031500000Z-77aa01b2', error: 'a table has other rows', restored: true, canary: 'opened' };
    const drill = { ...tried, began_at: 8, ended_at: 9, rows: 10, objects: 11, bytes: 12 };
    await answer(administrator, poison, '/api/v1/admin/backups', { GET: { last: good, failed, drill, overdue: true } });
    const piece = { blob: 'uploads/07/0-1', health: 'missing', found_at: 8 };
    const row = { row: 'event/41', found_at: 9 };
    const stored = { named: 9, damaged_count: 1, damaged: [piece], damaged_rows_count: 1, damaged_rows: [row], restores: false };
    await answer(administrator, poison, '/api/v1/admin/storage', { GET: stored });
    await administrator.page.goto('/administration/backups');
    await administrator.unlock();
    for (const text of [piece.blob, row.row, good.snapshot, failed.error, drill.snapshot, drill.error]) {
      await expect(administrator.page.getByText(`${text}${PAYLOAD}`).first()).toBeVisible({ timeout: 40_000 });
    }
    await unharmed(administrator);
  });

  await test.step('with tokens, teams and second factors', async () => {
    const { page } = author;
    const token = { id: '6'.repeat(32), name: 'Night backup', scopes: ['account:read'], created_at: 1, expires_at: Date.now() + 3_600_000 };
    const made = { token, secret: 'hst_MADE-UP' };
    const team = { id: '7'.repeat(64), name: 'Cardiology', members: 2, state: 'member' };
    const factor = { id: '8'.repeat(32), kind: 'totp', label: 'Phone at work', created_at: 1 };
    await answer(author, poison, '/api/v1/account/tokens', { GET: { items: [token] }, POST: made });
    await answer(author, poison, '/api/v1/teams', { GET: { items: [team] } });
    await answer(author, poison, '/api/v1/account/second-factors', { GET: { items: [factor], recovery_codes_left: 9, required: false } });
    for (const [path, text] of [['/settings/tokens', token.name], ['/teams', team.name], ['/settings/security', factor.label]] as const) {
      await page.goto(path);
      await author.unlock();
      await expect(page.getByText(`${text}${PAYLOAD}`).first(), path).toBeVisible({ timeout: 40_000 });
      await unharmed(author);
    }
    await page.goto('/settings/tokens');
    await author.unlock();
    await author.button(words.tokens.add).click();
    await page.getByLabel(words.tokens.name, { exact: true }).fill('Another');
    await page.getByRole('checkbox', { name: words.tokens.accountRead }).check({ force: true });
    await author.button(words.tokens.make).click();
    await expect(page.getByTestId(words.tokens.shown)).toContainText(`${made.secret}${PAYLOAD}`, { timeout: 40_000 });
    await unharmed(author);
  });

  await test.step('with a device, whose file is made of what the server answers', async () => {
    const { page } = author;
    const w = words.devices;
    await page.goto('/settings/devices');
    await author.unlock();
    await author.button(w.add).click();
    await page.getByLabel(w.name, { exact: true }).fill('Scale');
    await author.button(w.make).click();
    await author.heading(w.shownTitle).waitFor({ timeout: 40_000 });
    await page.getByText(w.file, { exact: true }).click();
    await expect(page.getByTestId(w.shown)).toContainText('x-pwned');
    await unharmed(author);
    await author.button(w.kept).click();
    await author.button(w.remove('Scale')).click();
    await author.dialog().getByRole('button', { name: w.removeConfirm }).click();
    await expect(author.button(w.remove('Scale'))).toBeHidden({ timeout: 40_000 });
  });

  await test.step('with the account’s own address, and one that is to take its place', async () => {
    const { page } = author;
    const own = /\/api\/v1\/account$/;
    const pending = { email: 'jonas@elsewhere.example', old_confirmed: false, new_confirmed: false, expires_at: Date.now() + 3_600_000 };
    await page.goto('/settings/sessions');
    await author.unlock();
    await lie(author, own, (body) => poison.answer(body, 'GET', '/api/v1/account'));
    await lie(author, /\/api\/v1\/instance$/, (body) => poison.answer({ ...fields(body), mail: true }, 'GET', '/api/v1/instance'));
    await answer(author, poison, '/api/v1/account/email/change', { GET: { pending } });
    await author.goTo('settings');
    for (const text of [clinic.author.email, pending.email]) {
      await expect(page.getByText(`${text}${PAYLOAD}`).first()).toBeVisible({ timeout: 40_000 });
    }
    await unharmed(author);
    await page.unroute(own);
  });

  await test.step('on the locked page', async () => {
    const { page } = author;
    const session = /\/api\/v1\/session$/;
    await lie(author, session, (body) => poison.answer(body, 'GET', '/api/v1/session'));
    await page.goto('/reports');
    await expect(page.getByText(`${clinic.author.email}${PAYLOAD}`).first()).toBeVisible({ timeout: 40_000 });
    await unharmed(author);
    await page.unroute(session);
  });

  await test.step('at the second step of signing in', async () => {
    const again = await arrive(clinic.author);
    const { page } = again;
    const code = 'second_factor_required';
    const problem = { type: `urn:healthsecure:problem:${code}`, title: 'One more', status: 401, code, second_factors: ['phone'] };
    await refuse(again, /\/api\/v1\/sign-in\/finish$/, poison.problem({ ...problem, phone: { ending: '07', sent: false } }), 401);
    await page.goto('/sign-in');
    await expect(again.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
    await again.trySignIn(clinic.author.password);
    await again.heading(words.secondStep.title).waitFor({ timeout: 40_000 });
    await expect(page.getByText(`07${PAYLOAD}`)).toBeVisible();
    await unharmed(again);
  });

  await test.step('where no text is due: in the place of an id or a word of a list, and in live events', async () => {
    const { page } = author;
    await lie(author, /\/api\/v1\/sessions$/, (body) => ({
      items: items(body).map((session) => ({ ...fields(session), id: PAYLOAD, place: PAYLOAD })),
    }));
    const said = JSON.stringify({ kind: PAYLOAD, report_id: PAYLOAD });
    const body = `: ${PAYLOAD}\nevent: ${PAYLOAD}\nid: ${PAYLOAD}\ndata: ${said}\n\ndata: ${PAYLOAD}\n\n`;
    await page.route(/\/api\/v1\/live$/, (route) => route.fulfill({ contentType: 'text/event-stream', body }));
    await page.goto('/settings/sessions');
    await author.unlock();
    await settled(author);
    await unharmed(author);
  });

  await test.step('in a refusal', async () => {
    const problem = { type: 'urn:healthsecure:problem:conflict', title: 'No', status: 409, code: 'conflict', detail: 'No', request_id: 'No' };
    await refuse(author, /\/api\/v1\/reports\/[0-9a-f]{64}$/, poison.problem(problem), 409);
    await author.page.goto(`/reports/${id}`);
    await author.unlock();
    await expect(author.page.getByText(PAYLOAD).first()).toBeVisible({ timeout: 40_000 });
    await unharmed(author);
  });

  await test.step('in the public log, which ends the session', async () => {
    const { page } = reader;
    await page.route(/\/log\/events\/checkpoint$/, (route) => route.fulfill({ contentType: 'text/plain', body: PAYLOAD }));
    await page.goto('/shared');
    await page.getByLabel(words.signIn.password, { exact: true }).fill(clinic.doctor.password);
    await reader.button(words.signIn.unlock).click();
    await reader.heading(words.log.stopped).waitFor({ timeout: 60_000 });
    await unharmed(reader);
  });

  // A new one must be met or named above.
  expect([...poison.texts].filter((text) => !poison.met.has(text)), 'texts that no page was asked to show').toEqual([]);
});

/** What each page has asked for and not been told yet. */
const waiting = new WeakMap<Page, Set<Request>>();

/** Everything that this person's browser is told from now on holds the payload, but for what unlocking sends back: the
 * address and the device's name. */
async function poisoned(person: Person, poison: Poison): Promise<void> {
  // But for the live events, which have no end and no texts.
  const told = /\/api\/v1\/(?!live)/;
  const open = new Set<Request>();
  waiting.set(person.page, open);
  person.page.on('request', (request) => void (told.test(request.url()) && open.add(request)));
  person.page.on('requestfinished', (request) => void open.delete(request));
  person.page.on('requestfailed', (request) => void open.delete(request));
  // What the page before asked for is nobody's any more.
  person.page.on('framenavigated', (frame) => void (frame === person.page.mainFrame() && open.clear()));
  await lie(person, told, (body, request) => {
    const path = new URL(request.url()).pathname;
    const mine = /\/api\/v1\/(session|account|sign-in\/(start|finish))$/.test(path);
    return poison.answer(body, request.method(), path, mine ? SENT_BACK : []);
  });
}

/** Answers a path in the server's place, by the request's method and with the payload; others reach it. */
async function answer(person: Person, poison: Poison, path: string, by: { [method: string]: Json }): Promise<void> {
  await person.page.route(
    (url) => url.pathname === path,
    (route) => {
      const method = route.request().method();
      const body = by[method];
      return body === undefined ? route.fallback() : route.fulfill({ json: poison.answer(body, method, path) });
    },
  );
}

/** Refuses what fits in the server's place. */
async function refuse(person: Person, fits: RegExp, problem: Json, status: number): Promise<void> {
  const answer = { status, contentType: 'application/problem+json', body: JSON.stringify(problem) };
  await person.page.route(fits, (route) => route.fulfill(answer));
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
