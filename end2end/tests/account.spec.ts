// Accounts: creating, signing in, locking, recovering, sessions.
import type { Page } from '@playwright/test';
import { MOST_USED } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

test('creating an account checks what is typed, and the recovery kit was really kept', async ({ clinic, arrive }) => {
  const person = await arrive(clinic.stranger('Yara Lindgren', 'patient'));
  const { page } = person;
  await person.fillSignUp('/sign-up');
  const password = page.getByLabel(words.signUp.password, { exact: true });
  await password.fill('passwordpassword12');
  await person.button(words.signUp.next).click();
  await expect(page.getByText(words.signUp.weak)).toBeVisible();
  await expect(page.getByText(words.signUp.differs)).toBeVisible();
  // Judged without asking anybody: what attackers try first, and what stands up to them. The page stays fluent meanwhile.
  await page.evaluate(() => {
    const long: number[] = ((window as unknown as { long: number[] }).long = []);
    new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' });
  });
  await person.context.setOffline(true);
  await password.fill(MOST_USED);
  await person.button(words.signUp.next).click();
  await expect(page.getByText(words.signUp.common)).toBeVisible();
  await password.fill('lantern mosaic tuba forty glacier');
  await expect(page.getByText(words.signUp.strong, { exact: true })).toBeVisible();
  await person.context.setOffline(false);
  // Were it done in the page, its megabyte would block it for much longer than busy cores do now and then.
  expect(Math.max(0, ...(await page.evaluate(() => (window as unknown as { long: number[] }).long)))).toBeLessThan(200);

  await page.getByLabel(words.signUp.password, { exact: true }).fill(person.identity.password);
  await person.button(words.signUp.next).click();
  await person.keepKit();
  const fields = page.getByRole('textbox', { name: words.signUp.word });
  for (const field of await fields.all()) await field.fill('zzzz');
  await person.button(words.signUp.create).click();
  await expect(page.getByText(words.signUp.wordWrong).first()).toBeVisible();
  await person.answerKit();
  await expect(page).not.toHaveURL(/sign-up/, { timeout: 60_000 });
  await person.heading(words.reports.title).waitFor();
  await expect(page.getByText(words.reports.emptyTitle)).toBeVisible();
});

test('a recovery by a kit, others’ words or shares takes none of the most used passwords', async ({ clinic, arrive }) => {
  const person = await arrive(clinic.stranger('Signe Rud', 'patient'));
  const { page } = person;
  await person.signUp();
  await person.signOut();
  for (const path of ['/recover', '/recover/shares']) {
    await page.goto(path);
    await expect(person.button(words.recover.submit)).toBeEnabled({ timeout: 30_000 });
    await page.getByLabel(words.signIn.email).fill(person.identity.email);
    if (path === '/recover') {
      await page.getByLabel(words.recover.words, { exact: true }).fill((person.identity.kit ?? []).join(' '));
    } else {
      for (const n of [1, 2]) await page.getByLabel(words.shares.number(n), { exact: true }).fill('0000-0000');
    }
    await person.refusesMostUsed();
    await expect(page.getByLabel(words.recover.password), 'what was typed stays').toHaveValue(MOST_USED);
  }
  // Nothing counts but the password from before.
  await person.signIn();
});

test('a password of words of the place is weak, whatever they are', async ({ clinic, arrive }) => {
  const person = await arrive(clinic.stranger('Oda Lie', 'patient'));
  const { page } = person;
  const named = page.waitForResponse((answer) => answer.url().endsWith('/api/v1/instance') && answer.ok());
  await person.fillSignUp('/sign-up');
  await named;
  // Asked for beside the page: what it read can be gone from the browser's memory by now.
  const { name } = (await (await person.context.request.get('/api/v1/instance')).json()) as { name: string };
  const password = page.getByLabel(words.signUp.password, { exact: true });
  for (const weak of [`${name}-${name}-2024`, `${new URL(clinic.origin).hostname}-doctor-2024`, 'healthsecure-patient-1']) {
    await password.fill(weak.padEnd(15, '1'));
    await expect(page.getByText(words.signUp.notEnough), weak).toBeVisible();
    await password.fill('lantern mosaic tuba forty glacier');
    await expect(page.getByText(words.signUp.strong, { exact: true })).toBeVisible();
    await expect(page.getByText(words.signUp.notEnough)).toBeHidden();
  }
});

test('the recovery kit on paper: its words, whose they are and where, on one page', async ({ clinic, arrive }) => {
  const person = await arrive(clinic.stranger('Petra Lund', 'patient'));
  const { page } = person;
  await person.fillSignUp('/sign-up');
  await person.button(words.signUp.next).click();
  await person.heading(words.signUp.kitTitle).waitFor();
  await page.emulateMedia({ media: 'print' });
  const kit = page.getByTestId(words.signUp.kitTestId).getByRole('listitem');
  await expect(kit).toHaveCount(24);
  for (const word of await kit.all()) await expect(word).toBeVisible();
  const numbered = (await kit.allInnerTexts()).map((text) => /^(\d+)\s+([a-z]{3,8})$/.exec(text.trim()));
  expect(numbered.map((found) => Number(found?.[1]))).toEqual(Array.from({ length: 24 }, (_, n) => n + 1));
  for (const stands of [person.identity.email, clinic.origin]) {
    await expect(page.getByText(stands, { exact: true })).toBeVisible();
  }
  // Nothing of it can be pressed on paper.
  await expect(page.getByRole('button').and(page.locator(':visible'))).toHaveCount(0);
  const paper = await page.pdf({ preferCSSPageSize: true });
  expect(paper.toString('latin1').match(/\/Type\s*\/Page\b/g), 'one page').toHaveLength(1);
});

test('a password is masked until its reader shows it, and password managers know the fields', async ({ clinic, arrive }) => {
  const person = await arrive(clinic.stranger('Mira Skov', 'patient'));
  const { page } = person;
  const places = [
    ['/sign-in', words.signIn.submit, words.signIn.email, words.signIn.password, 'current-password'],
    ['/sign-up', words.signUp.next, words.signUp.email, words.signUp.password, 'new-password'],
  ] as const;
  for (const [path, ready, email, label, kind] of places) {
    await page.goto(path);
    await expect(person.button(ready)).toBeEnabled({ timeout: 30_000 });
    const password = page.getByLabel(label, { exact: true });
    await expect(page.getByLabel(email)).toHaveAttribute('autocomplete', 'username');
    await expect(password).toHaveAttribute('autocomplete', kind);
    await password.fill(person.identity.password);
    await expect(password).toHaveAttribute('type', 'password');
    await person.button(words.common.showPassword).click();
    await expect(password).toHaveAttribute('type', 'text');
    await person.button(words.common.hidePassword).click();
    await expect(password).toHaveAttribute('type', 'password');
  }
});

test('a password is taken as it was pasted, and one that is too long is refused by name', async ({ clinic, arrive }) => {
  test.setTimeout(240_000);
  const person = await arrive(clinic.stranger('Paula Brandt', 'patient'));
  const { page } = person;
  await person.fillSignUp('/sign-up');
  const fields = [page.getByLabel(words.signUp.password, { exact: true }), page.getByLabel(words.signUp.passwordAgain)];
  const paste = async (text: string) => {
    await page.evaluate((text) => navigator.clipboard.writeText(text), text);
    for (const field of fields) {
      await field.fill('');
      await field.press('ControlOrMeta+V');
      await expect(field).toHaveValue(text);
    }
  };
  const letters = (count: number) => Array.from({ length: count }, (_, n) => 'bwqzkfxmvp'[(n * n + 3 * n) % 10]).join('');
  await paste(letters(129));
  await person.button(words.signUp.next).click();
  await expect(page.getByText(words.signUp.long).first()).toBeVisible();
  await inspect(page, 'sign-up-password-long');
  expect(await fields[0]?.inputValue(), 'nothing is cut').toHaveLength(129);
  await paste('lantern mosaic tuba forty glacier kettle');
  await expect(page.getByText(words.signUp.strong, { exact: true })).toBeVisible();
  // A hundred characters, of two UTF-16 units each.
  const emoji = Array.from({ length: 100 }, (_, n) => String.fromCodePoint(0x1f400 + ((n * 37) % 100))).join('');
  expect(emoji).toHaveLength(200);
  await paste(emoji);
  await expect(page.getByText(words.signUp.strong, { exact: true })).toBeVisible();
  person.identity.password = emoji;
  await person.button(words.signUp.next).click();
  await person.keepKit();
  await person.answerKit();
  await expect(page).not.toHaveURL(/sign-up/, { timeout: 60_000 });
  await person.signOut();
  await page.goto('/sign-in');
  await expect(person.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
  await person.trySignIn(emoji);
  await person.heading(words.reports.title).waitFor({ timeout: 30_000 });
});

test('without mail an e-mail that has an account is refused at sign-up', async ({ clinic, arrive }) => {
  const person = await arrive({ ...clinic.patient });
  await person.fillSignUp('/sign-up');
  await person.button(words.signUp.next).click();
  await person.keepKit();
  await person.answerKit();
  await expect(person.page.getByText(words.signUp.taken)).toBeVisible({ timeout: 30_000 });
});

test('sign-in says the same for a wrong password and for an unknown e-mail', async ({ clinic, arrive }) => {
  const known = await arrive(clinic.patient);
  const unknown = await arrive({ ...clinic.patient, email: 'nobody@clinic.example' });
  for (const person of [known, unknown]) {
    await person.page.goto('/sign-in');
    await person.trySignIn('fourteen lanterns kept by nobody');
    await expect(person.page.getByText(words.signIn.wrong)).toBeVisible({ timeout: 30_000 });
    await expect(person.button(words.phones.go), 'no gateway is set up').toHaveCount(0);
  }
  // KE1 of RFC 9807: blinded element, nonce, key share; ristretto255's base point serves as both elements.
  const point = Buffer.from('e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76', 'hex');
  const request = Buffer.concat([point, Buffer.alloc(32, 7), point]).toString('base64url');
  const answers = [];
  for (const email of [clinic.patient.email, 'nobody@clinic.example']) {
    const data = { email, credential_request: request };
    const answer = await known.context.request.post('/api/v1/sign-in/start', { data, headers: { origin: clinic.origin } });
    const body = (await answer.json()) as Record<string, string>;
    answers.push([answer.status(), ...Object.entries(body).map(([key, value]) => `${key}: ${value.length}`).sort()]);
  }
  expect(answers[0]?.[0]).toBe(200);
  expect(answers[0], 'the API answers in the same shape').toEqual(answers[1]);
});

test('locking wipes the page, the password opens it, a reload stays locked', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.writeReport({ title: 'Before the lock', patientName: 'Alva Krog', diagnosis: 'Wiped when locked' });
  await author.lock();
  await expect(author.page.getByText('Wiped when locked')).toHaveCount(0);
  await author.page.getByLabel(words.signIn.password, { exact: true }).fill('not my password at all');
  await author.button(words.signIn.unlock).click();
  await expect(author.page.getByText(words.signIn.unlockWrong).or(author.page.getByText(words.signIn.wrong)).first()).toBeVisible({ timeout: 30_000 });
  await author.unlock();
  await expect(author.page.getByText('Wiped when locked').first()).toBeVisible({ timeout: 30_000 });
  await author.page.reload();
  await author.heading(words.signIn.locked).waitFor();
  await expect(author.page.getByText('Wiped when locked')).toHaveCount(0);
});

test('signing out ends the session on the server and leaves nothing readable', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.writeReport({ title: 'Before leaving', patientName: 'Bo Nyman' });
  const cookie = (await author.context.cookies()).find((cookie) => cookie.name === '__Host-session');
  await author.signOut();
  const still = await author.context.request.get('/api/v1/drafts', { headers: { cookie: `${cookie?.name}=${cookie?.value}` } });
  expect(still.status()).toBe(401);
  await author.page.goto('/reports');
  await expect(author.page.getByText('Before leaving')).toHaveCount(0);
  await expect(author.page.getByLabel(words.signIn.email)).toBeVisible();
});

test('a forgotten password: the recovery kit sets a new one and ends other sessions', async ({ clinic, arrive, enter }) => {
  test.setTimeout(360_000);
  const person = await arrive(clinic.stranger('Nils Overgaard', 'patient'));
  await person.signUp();
  await person.writeReport({ title: 'Kept through recovery', patientName: 'Nils Overgaard' });
  const again = await arrive(person.identity);
  const { page } = again;
  const changed = 'nine copper kettles by the window';
  await page.goto('/sign-in');
  await page.getByRole('link', { name: words.signIn.forgot }).click();
  await again.heading(words.recover.title).waitFor();
  await expect(page.getByText(words.recover.noKit)).toBeVisible();
  // Who has nothing left is told so, and where to begin anew.
  await page.getByRole('link', { name: words.recover.lost }).click();
  await again.heading(words.recover.lostTitle).waitFor();
  await expect(page.getByText(words.recover.lostLead)).toBeVisible();
  await expect(page.getByText(words.recover.lostEscrow)).toBeVisible();
  await expect(page.getByText(words.recover.lostAddress)).toBeVisible();
  await inspect(page, 'recover-lost');
  await page.getByRole('link', { name: words.recover.lostBack }).click();
  await again.heading(words.recover.title).waitFor();

  const attempt = async (kit: string) => {
    await expect(again.button(words.recover.submit)).toBeEnabled({ timeout: 30_000 });
    await page.getByLabel(words.signIn.email).fill(person.identity.email);
    await page.getByLabel(words.recover.words, { exact: true }).fill(kit);
    await page.getByLabel(words.recover.password).fill(changed);
    await again.button(words.recover.submit).click();
  };
  const kit = person.identity.kit ?? [];
  await attempt([...kit.slice(1), kit[0]].join(' '));
  await expect(page.getByText(words.recover.wrong)).toBeVisible({ timeout: 30_000 });
  await attempt(kit.join('  ').toUpperCase());
  await again.heading(words.reports.title).waitFor({ timeout: 60_000 });
  await expect(page.getByText('Kept through recovery').first()).toBeVisible({ timeout: 30_000 });

  const old = await person.context.request.get('/api/v1/drafts');
  expect(old.status(), 'the session from before has ended').toBe(401);
  const third = await arrive({ ...person.identity, password: changed });
  await third.page.goto('/sign-in');
  await third.trySignIn(person.identity.password);
  await expect(third.page.getByText(words.signIn.wrong)).toBeVisible({ timeout: 30_000 });
  await third.signIn();

  // Anew, under another address, from the page that says so: what a doctor has is shared again.
  const anew = await arrive({ ...clinic.stranger('Nils Overgaard', 'patient'), email: 'nils.anew@clinic.example' });
  await anew.page.goto('/recover/lost');
  await anew.page.getByRole('link', { name: words.recover.lostCreate }).click();
  await expect(anew.page).toHaveURL(/\/sign-up$/);
  await anew.heading(words.signUp.title).waitFor();
  await anew.signUp(anew.page.url());
  await expect(anew.page.getByText(words.reports.emptyTitle)).toBeVisible({ timeout: 30_000 });
  const doctor = await enter(clinic.author);
  await doctor.writeReport({ title: 'Kept by his doctor', patientName: anew.name });
  const code = await doctor.shareWith(anew.name, { find: anew.identity.email });
  await anew.redeem(doctor.name, code);
  await anew.heading('Kept by his doctor').waitFor({ timeout: 30_000 });
});

test('sessions are listed and ended; the ended page notices', async ({ clinic, enter, arrive }) => {
  test.setTimeout(240_000);
  const here = await enter(clinic.patient);
  await here.heading(words.reports.title).waitFor();
  await noteWhen(here.page, words.settings.sessionBeganStart);
  const there = await arrive(clinic.patient);
  const answer = there.page.waitForResponse((answer) => answer.url().endsWith('/api/v1/sign-in/finish') && answer.ok());
  const answered = answer.then(() => Date.now());
  await there.signIn();
  await expect(here.page.getByText(words.settings.sessionBegan)).toBeVisible();
  const told = await here.page.evaluate(() => (window as unknown as { toldAt: number }).toldAt);
  expect(told - (await answered), 'the other page tells within a second').toBeLessThan(1_000);
  // Unlocking goes on with the session that there is: no news for anybody.
  await there.page.reload();
  await there.unlock();
  await there.heading(words.reports.title).waitFor();
  await here.goTo('settings');
  await here.page.getByRole('link', { name: words.settings.sessions }).or(here.page.getByRole('tab', { name: words.settings.sessions })).first().click();
  await expect(here.page.getByText(words.settings.current)).toHaveCount(1);
  await expect(here.page.getByText(words.settings.sessionBegan), 'said once, of the sign-in').toHaveCount(1);
  await expect(here.page.getByText(words.settings.placeHere).first()).toBeVisible();
  // One of them alone.
  const rows = here.page.getByRole('list', { name: words.settings.sessionList, exact: true }).getByRole('listitem');
  await expect(rows.first()).toBeVisible();
  const before = await rows.count();
  const third = await enter(clinic.patient);
  await third.heading(words.reports.title).waitFor();
  await expect(rows).toHaveCount(before + 1);
  const device = (await rows.first().innerText()).split('\n')[0] ?? '';
  expect(device, 'named as the browser calls itself').toMatch(/^\w+ on \w+/);
  for (const told of words.settings.sessionTimes) await expect(rows.first()).toContainText(told);
  await inspect(here.page, 'settings-sessions');
  // Newest first: the third.
  await rows.first().getByRole('button', { name: words.settings.endOne }).click();
  await expect(here.page.getByText(words.settings.ended(device)).first()).toBeVisible();
  await expect(rows).toHaveCount(before);
  await expect(third.page.getByLabel(words.signIn.email)).toBeVisible();
  expect((await third.context.request.get('/api/v1/drafts')).status()).toBe(401);
  expect((await there.context.request.get('/api/v1/drafts')).status(), 'the others go on').toBe(200);

  await here.button(words.settings.endOthers).click();
  // What isn't a session goes on, and the way to end it is beside it.
  for (const [name, path] of [[words.settings.toTokens, '/settings/tokens'], [words.settings.toDevices, '/settings/devices']] as const) {
    await expect(here.dialog().getByRole('link', { name })).toHaveAttribute('href', path);
  }
  await inspect(here.page, 'settings-sessions-end-all');
  await here.dialog().getByRole('button', { name: words.settings.endOthers }).click();
  await expect(there.page.getByLabel(words.signIn.email)).toBeVisible();
  expect((await there.context.request.get('/api/v1/drafts')).status()).toBe(401);
  expect((await here.context.request.get('/api/v1/drafts')).status()).toBe(200);
});

/** Notes in a page when a text first stands in it, by the clock that both have. */
async function noteWhen(page: Page, text: string): Promise<void> {
  await page.evaluate((text) => {
    const marks = window as unknown as { toldAt?: number };
    new MutationObserver(() => {
      if (marks.toldAt === undefined && document.body.textContent?.includes(text)) marks.toldAt = Date.now();
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  }, text);
}
