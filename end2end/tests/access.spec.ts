// What the owner of reports sees of all of them: who can see what, who opened what and why, and the account of it on paper.
import { readFileSync } from 'node:fs';
import type { Download, Locator, Page } from '@playwright/test';
import { textFile } from '../support/files.ts';
import { Hs } from '../support/hs.ts';
import type { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.access;

const list = (person: Person, name: string) => person.page.getByRole('list', { name, exact: true });
const marks = (person: Person, name: string) => list(person, name).getByText(words.log.verified, { exact: true });

async function saved(page: Page, press: () => Promise<void>): Promise<{ name: string; text: string }> {
  const [download] = (await Promise.all([page.waitForEvent('download'), press()])) as [Download, void];
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}

/** Goes on from the Access page to where an account of disclosures is made. */
async function toDisclosures(person: Person): Promise<void> {
  await person.page.getByRole('link', { name: w.toDisclosures }).click();
  await person.heading(w.toDisclosures).waitFor();
}

/** The lines of the account that tell what somebody received of a report. */
function disclosed(person: Person, title: string, to: string): Locator {
  const rows = person.page.getByRole('region', { name: w.disclosures }).locator('tbody').getByRole('row');
  return rows.filter({ hasText: title }).filter({ hasText: to });
}

/** A report of the patient's that the doctor has opened. */
async function opened(
  { clinic, enter }: { clinic: { author: Person['identity']; doctor: Person['identity']; patient: Person['identity'] }; enter: (who: Person['identity']) => Promise<Person> },
  title: string,
): Promise<Person> {
  const author = await enter(clinic.author);
  await author.writeReport({ title, kind: 'Cardiology', patientName: clinic.patient.name, patientEmail: clinic.patient.email });
  const code = await author.shareWith(clinic.doctor.name);
  const doctor = await enter(clinic.doctor);
  await doctor.redeem(clinic.author.name, code);
  await doctor.heading(title).waitFor();
  return doctor;
}

test('a patient sees who can see what and who opened it why, and takes it back', async ({ clinic, enter, complaints }) => {
  test.setTimeout(450_000);
  const title = 'Stress test';
  const doctor = await opened({ clinic, enter }, title);
  const patient = await enter(clinic.patient);
  await patient.goTo('access');

  const people = list(patient, w.people);
  const person = people.getByRole('listitem').filter({ hasText: clinic.doctor.name }).first();
  const held = person.getByRole('listitem').filter({ hasText: title });
  await expect(held.getByText(w.forTreatment)).toBeVisible({ timeout: 30_000 });
  const since = held.getByText(w.since);
  await expect(since).toBeVisible();
  const given = Date.parse((await since.locator('time').first().getAttribute('datetime')) ?? '');
  expect(Math.abs(Date.now() - given), 'since it was shared, minutes ago').toBeLessThan(600_000);
  await expect(held.getByText(words.log.verified)).toBeAttached();
  await expect(people.getByText(clinic.author.name, { exact: true })).toBeVisible();

  const record = list(patient, w.record);
  const visit = record.getByRole('listitem').filter({ hasText: `${clinic.doctor.name} ${words.report.opened}` }).filter({ hasText: title });
  await expect(visit.first().getByText(w.forTreatment)).toBeVisible();
  await expect(record.getByText('You', { exact: true })).toHaveCount(0);
  await expect(async () => expect(await marks(patient, w.record).count()).toBe(await record.getByRole('listitem').count())).toPass();
  await patient.button(w.everyone).click();
  await inspect(patient.page, 'access');

  const file = await saved(patient.page, () => patient.button(w.save('FHIR')).click());
  expect(file.name).toBe('healthsecure-access.fhir.json');
  const bundle = JSON.parse(file.text) as { entry: { resource: { agent: { who: { display?: string }; purposeOfUse?: unknown }[] } }[] };
  const purposes = bundle.entry.flatMap(({ resource }) => resource.agent.filter((agent) => agent.who.display === clinic.doctor.name).map((agent) => agent.purposeOfUse));
  expect(JSON.stringify(purposes)).toContain('"TREAT"');
  const table = await saved(patient.page, () => patient.button(w.save('CSV')).click());
  expect(table.text.split('\r\n')[0]).toContain('in_public_log,leaf,reading,purpose,report');
  expect(table.text).toContain(`verified`);
  expect(table.text).toContain(title);

  const revoke = patient.button(w.revokeOf(clinic.doctor.name, title));
  expect(Math.round((await revoke.boundingBox())?.height ?? 0), 'one press is enough, so it must be met').toBeGreaterThanOrEqual(44);
  await patient.context.setOffline(true);
  await revoke.click();
  await expect(held.getByText(w.revokeFailed)).toBeVisible({ timeout: 30_000 });
  await expect(held.getByText(w.revokeStands(clinic.doctor.name))).toBeVisible();
  await expect(doctor.heading(title)).toBeVisible();
  await patient.context.setOffline(false);
  await revoke.click();
  const said = held.getByRole('status');
  await expect(said).toContainText(w.revoked(clinic.doctor.name), { timeout: 60_000 });
  await expect(doctor.heading(words.report.endedTitle)).toBeVisible();
  await expect(patient.dialog(), 'nothing was asked').toBeHidden();
  await expect(revoke).toBeHidden();
  await expect(held.getByText(w.revokeFailed)).toBeHidden();
  await expect(said.locator('p'), 'nor is the place lost').toBeFocused();
  await expect(said.getByRole('link', { name: w.giveAgain })).toHaveAttribute('href', /^\/reports\/[0-9a-f]{64}\/share$/);
  await expect(held.getByText(words.report.stateRevoked, { exact: true }), 'the line stays, also when its report is fetched anew').toBeVisible();
  await patient.button(w.ended).click();
  await inspect(patient.page, 'access-ended');

  await test.step('and has an account of it for six years, on clean pages', async () => {
    const { page } = patient;
    await toDisclosures(patient);
    const today = await page.getByLabel(w.to, { exact: true }).inputValue();
    await expect(page.getByLabel(w.from, { exact: true })).toHaveValue(`${Number(today.slice(0, 4)) - 6}${today.slice(4)}`);
    await patient.button(w.make).click();
    const rows = disclosed(patient, title, clinic.doctor.name);
    await expect(rows, 'what came with a list, and what was opened').toHaveCount(2, { timeout: 60_000 });
    await expect(rows.filter({ hasText: w.listed })).toHaveCount(1);
    const row = rows.filter({ hasNotText: w.listed });
    await page.emulateMedia({ media: 'print' });
    await expect(patient.navigation()).toBeHidden();
    await expect(patient.button(w.make)).toBeHidden();
    await expect(row).toBeVisible();
    await page.emulateMedia({ media: null });
  });
  expect(complaints).toEqual([]);
});

test('who only had a report in their list is in its record and in the account of disclosures', async ({ clinic, enter }) => {
  test.setTimeout(240_000);
  const title = 'Echocardiogram';
  const owner = new Hs(clinic.server.origin, clinic.patient);
  const reader = new Hs(clinic.server.origin, clinic.doctor);
  try {
    await owner.run(['login', '--email', clinic.patient.email]);
    const about = ['--title', title, '--patient-name', clinic.patient.name];
    const pushed = await owner.run(['push', textFile('echo.txt', 'Nothing of note.').path, ...about]);
    const { report_id: id } = pushed as { report_id: string };
    await owner.run(['share', id, '--with', clinic.doctor.email, '--expires', '1h', '--no-code']);
    await reader.run(['login', '--email', clinic.doctor.email]);
    await reader.run(['list']);
    await reader.run(['list']);
  } finally {
    owner.remove();
    reader.remove();
  }
  const patient = await enter(clinic.patient);
  await patient.goTo('access');
  const says = `${clinic.doctor.name} ${words.report.listed}`;
  const received = list(patient, w.record).getByRole('listitem').filter({ hasText: says }).filter({ hasText: title });
  await expect(received, 'once, however often they listed').toHaveCount(1, { timeout: 30_000 });
  await expect(received).toContainText('version 1');
  await expect(received.getByText(w.forTreatment)).toBeVisible();
  await expect(received.getByText(words.log.verified, { exact: true })).toBeAttached();

  await toDisclosures(patient);
  await patient.button(w.make).click();
  const rows = disclosed(patient, title, clinic.doctor.name);
  await expect(rows, 'access given, and what came of it').toHaveCount(2, { timeout: 60_000 });
  await expect(rows.filter({ hasText: w.listed })).toHaveCount(1);
});

test('purposes stand beside a report’s events too, and go into its files', { tag: '@long' }, async ({ clinic, enter }) => {
  test.setTimeout(360_000);
  const title = 'Holter monitor';
  await opened({ clinic, enter }, title);
  const patient = await enter(clinic.patient);
  await patient.openReport(title);
  const events = list(patient, words.report.events);
  const visit = events.getByRole('listitem').filter({ hasText: `${clinic.doctor.name} ${words.report.opened}` }).first();
  await expect(visit.getByText(w.forTreatment)).toBeVisible({ timeout: 30_000 });
  const file = await saved(patient.page, () => patient.button(w.save('JSON')).click());
  const saw = JSON.parse(file.text) as { purposes: string[]; actor_name: string; action: string; report_title: string }[];
  const read = saw.find((event) => event.actor_name === clinic.doctor.name && event.action === 'open');
  expect(read).toMatchObject({ purposes: ['treatment'], report_title: title });
});

test('an account of disclosures is made for the days asked for, and says what was verified', { tag: '@long' }, async ({ clinic, enter }) => {
  test.setTimeout(450_000);
  const title = 'Lipid panel';
  await opened({ clinic, enter }, title);
  const patient = await enter(clinic.patient);
  await patient.goTo('access');
  await toDisclosures(patient);
  const { page } = patient;
  const [from, to] = [page.getByLabel(w.from, { exact: true }), page.getByLabel(w.to, { exact: true })];
  const today = await to.inputValue();

  await from.fill(`${Number(today.slice(0, 4)) - 7}-01-01`);
  await patient.button(w.make).click();
  await expect(page.getByText(w.tooLong)).toBeVisible();
  await from.fill(today);
  await to.fill(`${Number(today.slice(0, 4)) - 1}-06-01`);
  await patient.button(w.make).click();
  await expect(page.getByText(w.reversed)).toBeVisible();
  await inspect(page, 'disclosures-wrong');

  await to.fill(today);
  await patient.button(w.make).click();
  const rows = disclosed(patient, title, clinic.doctor.name);
  await expect(rows, 'what came with a list, and what was opened').toHaveCount(2, { timeout: 60_000 });
  const row = rows.filter({ hasNotText: w.listed });
  await expect(row).toContainText('Treatment');
  await expect(row).toContainText('Cardiology');
  await expect(row).toContainText('yes');
  const [, events, verified] = w.verified.exec((await page.locator('main').textContent()) ?? '') ?? [];
  expect(Number(events)).toBeGreaterThan(3);
  expect(verified, 'every entry is in the log').toBe(events);
  await expect(page.getByText(/root [A-Za-z0-9+/]{43}=/)).toBeVisible();
  await inspect(page, 'disclosures');
});

test('who owns nothing is told so, and administrators too', async ({ clinic, arrive, enter }) => {
  test.setTimeout(240_000);
  const newcomer = await arrive(clinic.stranger('Tuva Engen', 'patient'));
  await newcomer.signUp();
  await newcomer.goTo('access');
  await newcomer.heading(w.emptyTitle).waitFor();
  await inspect(newcomer.page, 'access-empty');
  const administrator = await enter(clinic.administrator);
  await expect(administrator.navigation().getByRole('link', { name: words.frame.access })).toHaveCount(0);
  await administrator.page.goto('/access');
  await administrator.unlock();
  await administrator.heading(words.errors.noPermissionTitle).waitFor();
});

test('many reports come a few at a time, and a lost connection is said', { tag: '@long' }, async ({ clinic, arrive }) => {
  test.setTimeout(450_000);
  const patient = await arrive(clinic.stranger('Sigrid Aune', 'patient'));
  await patient.signUp();
  const hs = new Hs(clinic.server.origin, patient.identity);
  try {
    await hs.run(['login', '--email', patient.identity.email]);
    const note = textFile('note.txt', 'Nothing of note.');
    for (let n = 1; n <= 12; n += 1) {
      await hs.run(['push', note.path, '--title', `Visit ${n}`, '--patient-name', patient.name]);
    }
  } finally {
    hs.remove();
  }
  await patient.reload();
  await patient.goTo('access');
  await expect(patient.page.getByText(w.moreNext(10, 2))).toBeVisible({ timeout: 60_000 });
  await expect(patient.page.getByText(w.nobodySoFar)).toBeVisible();
  await patient.context.setOffline(true);
  await patient.button(w.more).click();
  await expect(patient.page.getByText(w.failed)).toBeVisible({ timeout: 30_000 });
  await inspect(patient.page, 'access-offline');
  await patient.context.setOffline(false);
  await patient.button(w.retry).click();
  await expect(patient.page.getByText(w.all(12))).toBeVisible({ timeout: 60_000 });
  await expect(patient.page.getByText(w.failed)).toBeHidden();
  await expect(patient.page.getByText(w.nobody)).toBeVisible();
});
