// One's own data: all of it as one archive that other programs open, space that is said before it bites, rules on how long
// reports are kept.
import { join } from 'node:path';
import { Archive } from '../support/archive.ts';
import { Clinic } from '../support/clinic.ts';
import { pdfFile, pngFile, sameAs, textFile } from '../support/files.ts';
import { Hs } from '../support/hs.ts';
import { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { doors, expect, needsMovableClock, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.data;

/** No test can use the browser's own dialog: without it the archive is offered as a download. */
async function withoutPicker(person: Person): Promise<void> {
  await person.page.addInitScript(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
}

async function download(person: Person): Promise<Archive> {
  const offered = person.page.waitForEvent('download', { timeout: 120_000 });
  await person.button(w.start).click();
  const archive = await offered;
  expect(archive.suggestedFilename()).toMatch(/^healthsecure-\d{4}-\d\d-\d\d\.zip$/);
  return new Archive(await archive.path());
}

test('the archive holds every file as it was, and who opened it', async ({ clinic, arrive, enter, complaints }) => {
  test.setTimeout(450_000);
  const title = 'Taken along: MRI knee';
  // One that waits in a file of the browser's until it is verified (64 MB and more), and names that a system makes one of.
  const files = [pdfFile('scan.pdf', 66_000_000), pngFile('Ünïcode (left).png'), textFile('note.txt', 'Two lines,\nas they were.')];
  const owner = await arrive(clinic.stranger('Sunniva Berg', 'patient'));
  await withoutPicker(owner);
  await owner.page.addInitScript(() => {
    const made: string[] = [];
    const real = FileSystemDirectoryHandle.prototype.getFileHandle;
    FileSystemDirectoryHandle.prototype.getFileHandle = function (name, options) {
      made.push(name);
      return real.call(this, name, options);
    };
    Object.assign(window, { made });
  });
  await owner.signUp();
  await owner.writeReport({ title, patientName: owner.name, kind: 'Radiology', diagnosis: 'Meniscus intact' }, files);
  const reader = await enter(clinic.doctor);
  const code = await owner.shareWith(reader.name);
  await reader.redeem(owner.name, code);
  await expect(reader.heading(title)).toBeVisible({ timeout: 30_000 });

  await owner.goTo('settings');
  await owner.page.getByRole('link', { name: w.tab }).click();
  await inspect(owner.page, 'settings-data');
  const archive = await download(owner);
  await expect(owner.page.getByText(w.done(1, files.length))).toBeVisible();
  const stored = () =>
    owner.page.evaluate(async () => {
      const names = async (folder: FileSystemDirectoryHandle): Promise<string[]> => {
        const found: string[] = [];
        for await (const handle of (folder as unknown as { values(): AsyncIterable<FileSystemHandle> }).values()) {
          if (handle.kind === 'directory') found.push(...(await names(handle as FileSystemDirectoryHandle)));
          else if (!handle.name.endsWith('.crswap')) found.push(handle.name);
        }
        return found;
      };
      return names(await navigator.storage.getDirectory());
    });
  const made = await owner.page.evaluate(() => (window as unknown as { made: string[] }).made);
  expect(made.filter((name) => name !== 'healthsecure-archive.zip').length, 'the large file waited in one of the browser’s').toBe(1);
  await expect.poll(stored, 'no file waits any more').toEqual(['healthsecure-archive.zip']);
  await inspect(owner.page, 'settings-data-done');

  for (const file of files) expect(sameAs(file, archive.at(archive.find(`/version 1/${file.name}`))), file.name).toBe(true);
  expect(archive.paths).not.toContain('MISSING.txt');
  const said = archive.json(archive.find('/report.json')) as { versions: { fields: { title: string; diagnosis: string } }[] };
  expect(said.versions[0]?.fields).toMatchObject({ title, diagnosis: 'Meniscus intact' });
  const bundle = archive.json(archive.find('/report.fhir.json')) as { entry: { resource: { resourceType: string } }[] };
  expect(bundle.entry.map((entry) => entry.resource.resourceType)).toEqual(['Patient', 'DocumentReference', 'Condition']);
  const history = archive.json(archive.find('/access-history.json')) as { action: string; actor_name?: string }[];
  expect(history.some((event) => event.action === 'open' && event.actor_name === reader.name)).toBe(true);
  expect(archive.text(archive.find('/access-history.csv'))).toContain(reader.name);
  expect(archive.json('account.json')).toMatchObject({ name: owner.name, email: owner.identity.email });

  // The next page finds nothing decrypted in the browser's own storage.
  await owner.reload();
  const left = () =>
    owner.page.evaluate(async () => {
      const names: string[] = [];
      const folder = (await navigator.storage.getDirectory()) as unknown as { keys(): AsyncIterable<string> };
      for await (const name of folder.keys()) names.push(name);
      return names;
    });
  await expect.poll(left).toEqual([]);
  expect(complaints).toEqual([]);
});

test('hs takes the same along, and a doctor also what is shared with them', { tag: '@long' }, async ({ clinic, enter }) => {
  test.setTimeout(360_000);
  const title = 'Taken along by hs';
  const file = textFile('finding.txt', 'Nothing to report.');
  const author = await enter(clinic.author);
  await author.writeReport({ title, patientName: clinic.patient.name, patientEmail: clinic.patient.email }, [file]);
  const hs = new Hs(clinic.origin, clinic.author);
  await hs.run(['login', '--email', clinic.author.email]);
  const done = (await hs.run(['export', 'own.zip'])) as { missing: unknown[] };
  expect(done.missing).toEqual([]);
  // It belongs to the patient.
  const own = new Archive(join(hs.home, 'own.zip'));
  expect(own.paths.filter((path) => path.includes(title))).toEqual([]);
  await hs.run(['export', 'all.zip', '--shared']);
  const all = new Archive(join(hs.home, 'all.zip'));
  expect(sameAs(file, all.at(`reports/${title}/version 1/${file.name}`))).toBe(true);
  await expect(hs.run(['export', 'all.zip'])).rejects.toThrow(/sink/);
});

test('space is said before it bites, and an administrator gives more', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(450_000);
  const clinic = await Clinic.open(browser, { args: ['--quota', '20MB'] });
  try {
    const author = await Person.signedIn(browser, clinic.origin, clinic.author);
    const { page } = author;
    const begun: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/api/v1/uploads')) begun.push(request.url());
    });
    const [large, more] = [pdfFile('large.pdf', 17_000_000), pdfFile('more.pdf', 4_000_000)];
    await author.beginReport({ title: 'Fills the space', patientName: 'Odd Lie' });
    await author.addFiles([large]);
    await author.filesUploaded([large]);
    await expect(page.getByText(w.runsOut)).toBeVisible({ timeout: 40_000 });
    await inspect(page, 'draft-space-runs-out');
    await author.addFiles([more]);
    await expect(page.getByText(w.noRoom(more.name))).toBeVisible({ timeout: 40_000 });
    expect(begun, 'nothing was begun that would not fit').toHaveLength(1);
    const refused = await page.request.post(`${clinic.origin}/api/v1/uploads`, {
      headers: { origin: clinic.origin },
      data: { report_id: /\/drafts\/([0-9a-f]{64})/.exec(page.url())?.[1], version: 1, revision: 0, part: 2, ciphertext_len: 4_003_961 },
    });
    expect(refused.status()).toBe(413);
    expect(await refused.json()).toMatchObject({ code: 'quota_exceeded', quota: { limit: 20_000_000 } });

    await page.goto('/settings/data');
    await author.unlock();
    await expect(page.getByText(w.used)).toBeVisible({ timeout: 40_000 });
    await expect(page.getByText(w.runsOut)).toBeVisible();

    const administrator = await Person.signedIn(browser, clinic.origin, clinic.administrator);
    await administrator.button(w.space(author.name)).click();
    await administrator.dialog().getByLabel(w.rule, { exact: true }).selectOption('limited');
    await administrator.dialog().getByLabel(w.size).fill('1');
    await inspect(administrator.page, 'administration-space');
    await administrator.dialog().getByRole('button', { name: w.saveLimit }).click();
    await expect(administrator.page.getByText(w.limitSaved)).toBeVisible({ timeout: 40_000 });

    await author.goTo('reports');
    await page.getByRole('link', { name: 'Fills the space' }).click();
    await author.addFiles([more]);
    await author.filesUploaded([more]);
    await administrator.leave();
    await author.leave();
  } finally {
    await clinic.close();
  }
});

/** The organisation's rules on how long reports are kept, one a line. */
async function setRules(administrator: Person, rules: string): Promise<void> {
  await administrator.page.goto('/administration/policies');
  await administrator.unlock();
  await administrator.page.getByLabel(w.rules).fill(rules);
  await administrator.button(w.saveRules).click();
  await expect(administrator.page.getByText(w.rulesSaved)).toBeVisible({ timeout: 30_000 });
}

test('after its years a report is named with its date by its owner’s browser, and goes when they erase it', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(450_000);
  needsMovableClock();
  const [due, kept] = ['Knee, for a year', 'Blood count, for ten'];
  const complaints: string[] = [];
  const clinic = await Clinic.open(browser, { movableClock: true });
  const { open, later, close } = doors(browser, clinic.origin, complaints);
  try {
    const administrator = await open(clinic.administrator, {});
    await administrator.signIn();
    await setRules(administrator, 'Radiology = 1\n* = 10');
    await administrator.leave();
    const owner = await open(clinic.patient, {});
    await owner.signIn();
    await owner.writeReport({ title: due, patientName: owner.name, kind: 'Radiology' });
    await owner.writeReport({ title: kept, patientName: owner.name, kind: 'Laboratory' });
    const year = new Date().getFullYear() + 1;
    await owner.leave();

    const days = 367;
    await clinic.server.moveClock(days * 86_400);
    const back = await later(clinic.patient, days * 24);
    await back.signIn();
    await back.goTo('settings');
    await back.page.getByRole('link', { name: w.tab }).click();
    await expect(back.page.getByText(w.keptRule('Radiology', 1))).toBeVisible({ timeout: 40_000 });
    await back.button(w.look).click();
    const named = back.page.getByRole('listitem').filter({ has: back.page.getByRole('link', { name: due }) });
    await expect(named).toContainText(w.keptUntil('Radiology', year), { timeout: 60_000 });
    await expect(back.page.getByRole('link', { name: kept }), 'its time isn’t over').toHaveCount(0);
    await inspect(back.page, 'settings-data-due');

    // Nothing went by itself; now its owner erases it.
    await named.getByRole('link', { name: due }).click();
    await back.heading(due).waitFor({ timeout: 30_000 });
    await back.button(words.report.erase).click();
    await back.dialog().getByRole('button', { name: words.report.erase, exact: true }).click();
    await expect(back.heading(words.report.erasedTitle)).toBeVisible({ timeout: 60_000 });
    await back.goTo('settings');
    await back.page.getByRole('link', { name: w.tab }).click();
    await back.button(w.look).click();
    await expect(back.page.getByText(w.keptNone)).toBeVisible({ timeout: 60_000 });
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await clinic.close();
  }
});

test('rules on how long reports are kept are signed, and applied by the owner’s browser', { tag: '@long' }, async ({ clinic, enter }) => {
  test.setTimeout(300_000);
  const administrator = await enter(clinic.administrator);
  await administrator.page.goto('/administration/policies');
  await administrator.unlock();
  await administrator.page.getByLabel(w.rules).fill('Radiology = 30\n* = 10');
  await inspect(administrator.page, 'administration-policies-data');
  await administrator.button(w.saveRules).click();
  await expect(administrator.page.getByText(w.rulesSaved)).toBeVisible({ timeout: 30_000 });

  const patient = await enter(clinic.patient);
  await patient.page.goto('/settings/data');
  await patient.unlock();
  await expect(patient.page.getByText(w.keptRule('Radiology', 30))).toBeVisible({ timeout: 40_000 });
  await patient.button(w.look).click();
  await expect(patient.page.getByText(w.keptNone)).toBeVisible({ timeout: 60_000 });
  await inspect(patient.page, 'settings-data-kept');
});
