// Access that ends: while the page is open, before the code is used, by the recipient's own wish; and what nobody may see.
import { expect, test } from '../support/test.ts';
import { sameAs, textFile } from '../support/files.ts';
import { words } from '../support/words.ts';

test('a revocation closes the open page at once and wipes it', async ({ clinic, enter }) => {
  const title = 'MRI knee, revoked while open';
  const file = textFile('finding.txt', 'Partial tear of the medial meniscus');
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title, patientName: 'Mara Diaz', diagnosis: 'Meniscus tear' }, [file]);
  const code = await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  await reader.redeem(clinic.author.name, code);
  await reader.button(words.report.show(file.name)).click();
  await expect(reader.page.getByText('Partial tear')).toBeVisible({ timeout: 30_000 });

  await author.openReport(title);
  await author.revoke(clinic.doctor.name);
  await expect(reader.heading(words.report.endedTitle)).toBeVisible({ timeout: 5_000 });
  for (const text of [title, 'Meniscus tear', 'Partial tear']) {
    await expect(reader.page.getByText(text)).toHaveCount(0);
  }
  const status = await reader.page.evaluate(async (report) => {
    const paths = ['', '/versions/1', '/versions/1/revisions/0/parts/1', '/grants', '/events', '/people'];
    return Promise.all(paths.map(async (path) => (await fetch(`/api/v1/reports/${report}${path}`)).status));
  }, id);
  expect(status).toEqual([404, 404, 404, 404, 404, 404]);

  await test.step('and the report gets new keys', async () => {
    await expect(author.page.getByText(words.report.keysChanged).first()).toBeVisible({ timeout: 60_000 });
    await expect(author.page.locator('[data-revision="1"]')).toBeVisible();
  });
});

test('a download that a change of keys overtakes still arrives', { tag: '@long' }, async ({ clinic, enter }) => {
  const title = 'Spirometry, keys changed';
  const file = textFile('curve.txt', 'FEV1 2.9 l, FVC 3.8 l');
  const author = await enter(clinic.author);
  await author.writeReport({ title, patientName: clinic.patient.name, patientEmail: clinic.patient.email }, [file]);
  const code = await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  await reader.redeem(clinic.author.name, code);
  let goOn = () => {};
  const held = new Promise<void>((done) => (goOn = done));
  await author.page.route(/\/revisions\/0\/parts\/1$/, async (route) => held.then(() => route.continue()));
  const asked = author.page.waitForRequest(/\/revisions\/0\/parts\/1$/);
  const download = author.page.waitForEvent('download', { timeout: 60_000 });
  await author.button(words.report.download(file.name)).click();
  await asked;

  const owner = await enter(clinic.patient);
  await owner.openReport(title);
  await owner.revoke(clinic.doctor.name);
  await expect(owner.page.getByText(words.report.keysChanged).first()).toBeVisible({ timeout: 60_000 });
  await expect(author.page.locator('[data-revision="1"]')).toBeVisible();
  goOn();
  expect(sameAs(file, await (await download).path())).toBe(true);
  await expect(author.heading(title)).toBeVisible();
});

test('a share that is revoked before its code is used opens nothing', async ({ clinic, enter }) => {
  const title = 'Allergy test, revoked early';
  const author = await enter(clinic.author);
  await author.writeReport({ title, patientName: 'Noel Berg' });
  await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  await reader.waitingShare(clinic.author.name);
  const [grant] = await reader.page.evaluate(async () => (await (await fetch('/api/v1/grants')).json()).items);
  await author.openReport(title);
  await author.revoke(clinic.doctor.name);
  const status = await reader.page.evaluate(async (id) => {
    const response = await fetch(`/api/v1/grants/${id}/challenge`, { method: 'POST' });
    return response.status;
  }, grant.id);
  expect([403, 404, 410]).toContain(status);
});

test('a doctor without a grant sees nothing of a report, not even that it exists', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title: 'Private', patientName: 'Ida Holm' });
  const stranger = await enter(clinic.doctor);
  const codes = await stranger.page.evaluate(async (report) => {
    const known = await fetch(`/api/v1/reports/${report}`);
    const unknown = await fetch(`/api/v1/reports/${'0'.repeat(64)}`);
    return [known.status, (await known.json()).code, unknown.status, (await unknown.json()).code];
  }, id);
  expect(codes).toEqual([404, 'not_found', 404, 'not_found']);
  await stranger.page.goto(`/reports/${id}`);
  await stranger.unlock();
  await expect(stranger.heading(words.report.endedTitle).or(stranger.heading(words.errors.notFoundTitle)).first()).toBeVisible();
});
