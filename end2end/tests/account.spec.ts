// Accounts: creating, signing in, locking, recovering, sessions.
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
  await password.fill('1QAZ2wsx3edc4rfv');
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

test('an e-mail that has an account is refused at sign-up', async ({ clinic, arrive }) => {
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

test('a forgotten password: the recovery kit sets a new one and ends other sessions', async ({ clinic, arrive }) => {
  test.setTimeout(150_000);
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
  await expect(page.getByRole('link', { name: words.recover.lostCreate })).toHaveAttribute('href', '/sign-up');
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
});

test('sessions are listed and ended; the ended page notices', async ({ clinic, enter }) => {
  const here = await enter(clinic.patient);
  await here.heading(words.reports.title).waitFor();
  const there = await enter(clinic.patient);
  await expect(here.page.getByText(words.settings.sessionBegan)).toBeVisible();
  // Unlocking goes on with the session that there is: no news for anybody.
  await there.page.reload();
  await there.unlock();
  await there.heading(words.reports.title).waitFor();
  await here.goTo('settings');
  await here.page.getByRole('link', { name: words.settings.sessions }).or(here.page.getByRole('tab', { name: words.settings.sessions })).first().click();
  await expect(here.page.getByText(words.settings.current)).toHaveCount(1);
  await expect(here.page.getByText(words.settings.sessionBegan), 'said once, of the sign-in').toHaveCount(1);
  await expect(here.page.getByText(words.settings.placeHere).first()).toBeVisible();
  await here.button(words.settings.endOthers).click();
  await here.dialog().getByRole('button', { name: words.settings.endOthers }).click();
  await expect(there.page.getByLabel(words.signIn.email)).toBeVisible({ timeout: 10_000 });
  expect((await there.context.request.get('/api/v1/drafts')).status()).toBe(401);
  expect((await here.context.request.get('/api/v1/drafts')).status()).toBe(200);
});
