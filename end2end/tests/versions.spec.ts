// Versions: changed, compared, restored; two people who save at once; the same with hs.
import { expect, test } from '../support/test.ts';
import { sameAs, textFile } from '../support/files.ts';
import { Hs, HsError } from '../support/hs.ts';
import type { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { words } from '../support/words.ts';

const w = words.versions;

/** The list item of a version. */
function version(person: Person, number: number) {
  return person.page.locator(`[data-version="${number}"]`).and(person.page.locator('li'));
}

test('every save is a version: changed, seen at once, compared, brought back', async ({ clinic, enter, complaints }) => {
  test.setTimeout(360_000);
  const title = 'Holter, with corrections';
  const note = textFile('kept.txt', 'This file stays as it is.');
  const author = await enter(clinic.author);
  await author.writeReport({ title, patientName: clinic.patient.name, patientEmail: clinic.patient.email, diagnosis: 'Sinus rhythm\nNo finding' }, [note]);
  const owner = await enter(clinic.patient);
  await owner.openReport(title);
  await expect(owner.page, 'the browser\'s history is told of no content').toHaveTitle(words.report.windowTitle);

  await test.step('nothing changed is no version', async () => {
    await author.editReport();
    await expect(author.row(note.name).getByText(w.kept)).toBeVisible();
    await author.button(words.draft.fileRemove(note.name)).click();
    await author.dialog().waitFor();
    await author.page.keyboard.press('Escape');
    await expect(author.row(note.name).getByText(w.kept), 'it is asked for first').toBeVisible();
    await author.button(w.save).click();
    await expect(author.page.getByText(w.unchanged)).toBeVisible({ timeout: 30_000 });
    await expect(author.page.getByText(w.nothingYet)).toBeVisible();
  });

  await test.step('the author corrects a line, and the patient sees it without a reload', async () => {
    const sent: string[] = [];
    author.page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await author.field(words.draft.diagnosis).fill('Sinus rhythm\nOne extra beat');
    await expect(author.page.getByText(w.unchanged), 'what was said before says nothing of this').toHaveCount(0);
    await inspect(author.page, 'report-edit');
    await author.saveVersion(2);
    expect(sent.filter((request) => request.includes('/uploads')), 'the file is not uploaded again').toEqual([]);
    await expect(author.page.getByText('One extra beat')).toBeVisible();
    await expect(owner.page.getByText('One extra beat')).toBeVisible();
  });

  await test.step('both versions side by side', async () => {
    await owner.openVersions();
    const today = await owner.page.evaluate(() => new Intl.DateTimeFormat([...navigator.languages], { dateStyle: 'medium' }).format());
    await expect(version(owner, 2).locator('.row-text'), 'who saved it, and when').toContainText(`${clinic.author.name}, ${today}, `);
    const table = owner.page.getByRole('table');
    await expect(table.locator('td', { hasText: 'No finding' })).toBeVisible({ timeout: 30_000 });
    await expect(table.locator('td', { hasText: 'One extra beat' })).toBeVisible();
    await expect(table.locator('ins').first()).toBeVisible();
    await expect(owner.page.getByText(w.sameFile)).toBeVisible();
    await inspect(owner.page, 'report-versions');
  });

  await test.step('the patient brings the first one back; the one in between stays', async () => {
    await version(owner, 1).getByRole('button', { name: w.restore }).click();
    await owner.dialog().waitFor();
    await inspect(owner.page, 'report-version-restore');
    await owner.dialog().getByRole('button', { name: w.restoreConfirm }).click();
    await expect(owner.page.getByText(w.restored(1, 3)).first()).toBeVisible({ timeout: 60_000 });
    await expect(version(owner, 3)).toBeVisible();
    await expect(version(owner, 2)).toBeVisible();
    await owner.openReport(title);
    await expect(owner.page.getByText('No finding')).toBeVisible();
    await expect(owner.page.getByText(w.restores(1))).toBeVisible();
    await owner.button(w.show(2)).click();
    await expect(owner.page.getByText(w.older(2, 3))).toBeVisible({ timeout: 30_000 });
    await expect(owner.page.getByText('One extra beat')).toBeVisible();
    await owner.button(w.olderShow).click();
    await expect(owner.page.getByText(w.older(2, 3))).toHaveCount(0, { timeout: 30_000 });
    await expect(owner.page.getByText('No finding')).toBeVisible();
    const download = owner.page.waitForEvent('download');
    await owner.button(words.report.download(note.name)).click();
    expect(sameAs(note, await (await download).path())).toBe(true);
  });
  expect(complaints).toEqual([]);
});

test('two who save at once both keep their work, and the second sees both', async ({ clinic, enter }) => {
  test.setTimeout(360_000);
  const title = 'Changed by two';
  const author = await enter(clinic.author);
  await author.writeReport({ title, patientName: clinic.patient.name, patientEmail: clinic.patient.email, diagnosis: 'To be seen', prescription: 'None' });
  const owner = await enter(clinic.patient);
  await owner.openReport(title);
  await Promise.all([author.editReport(), owner.editReport()]);
  await owner.field(words.draft.diagnosis).fill('From the patient');
  await owner.field(words.draft.treatmentPlan).fill('Rest');
  await expect(owner.page.getByText(words.draft.saved).first()).toBeVisible({ timeout: 30_000 });

  const found = textFile('found.txt', 'What the author found.');
  await author.field(words.draft.diagnosis).fill('From the author');
  await author.field(words.draft.prescription).fill('Apixaban 5 mg');
  await author.addFiles([found]);
  await author.filesUploaded([found]);
  await author.saveVersion(2);

  await test.step('the other is told while they still type, and nothing is gone, not even after a reload', async () => {
    await expect(owner.page.getByText(w.moved(clinic.author.name, 2)).first()).toBeVisible({ timeout: 30_000 });
    await owner.reload();
    await expect(owner.page.getByText(w.moved(clinic.author.name, 2)).first()).toBeVisible({ timeout: 30_000 });
    await expect(owner.field(words.draft.diagnosis)).toHaveValue('From the patient');
    await expect(owner.page.getByText('From the author')).toBeVisible();
    await expect(owner.page.getByText(w.onlyTheirs)).toBeVisible();
    await expect(owner.page.getByText(found.name)).toBeVisible();
    await expect(owner.page.getByText(w.changesKept)).toBeVisible();
    const heights = await Promise.all([owner.page.locator('#meanwhile'), owner.field(words.draft.title)].map((place) => place.boundingBox()));
    expect(heights[0]?.y ?? Infinity, 'above what one types').toBeLessThan(heights[1]?.y ?? 0);
    await inspect(owner.page, 'report-conflict');
  });

  await test.step('saving all the same is refused, nothing is overwritten', async () => {
    await owner.button(w.save).click();
    await expect(owner.page.getByText(/Somebody saved a version of this report meanwhile/).first()).toBeVisible({ timeout: 30_000 });
    await expect(owner.page.locator('#meanwhile')).toBeFocused({ timeout: 30_000 });
  });

  await test.step('both together are the next version', async () => {
    const whose = owner.page.getByRole('group', { name: w.whose(words.draft.diagnosis) });
    await expect(whose.getByRole('radio', { name: w.mine })).toBeChecked();
    // Typed in a field that both are asked about: it is asked again.
    await owner.field(words.draft.diagnosis).fill('From the patient, at home');
    await owner.button(w.merge).click();
    await expect(owner.page.getByText(w.typedSince).first()).toBeVisible({ timeout: 30_000 });
    await expect(owner.page.locator('td', { hasText: 'From the patient, at home' }).first()).toBeVisible({ timeout: 30_000 });
    await owner.field(words.draft.treatmentPlan).fill('Rest, much');
    // While it is saved one goes on typing, longer than typing rests before it is saved by itself.
    let release = () => {};
    const held = new Promise<void>((resolve) => { release = resolve; });
    await owner.page.route('**/api/v1/drafts/*', async (route) => {
      await held;
      await route.continue();
    });
    await owner.button(w.merge).click();
    await expect(owner.page.getByText(w.merged).first()).toBeVisible({ timeout: 30_000 });
    await expect(owner.field(words.draft.prescription)).toHaveValue('Apixaban 5 mg');
    await owner.field(words.draft.treatmentPlan).fill('Rest');
    await owner.page.waitForTimeout(2_000);
    release();
    await expect(owner.page.getByText(words.draft.saved).first()).toBeVisible({ timeout: 30_000 });
    await owner.page.unroute('**/api/v1/drafts/*');
    await expect(owner.field(words.draft.prescription)).toHaveValue('Apixaban 5 mg');
    await expect(owner.field(words.draft.diagnosis)).toHaveValue('From the patient, at home');
    await expect(owner.field(words.draft.treatmentPlan)).toHaveValue('Rest');
    await expect(owner.row(found.name).getByText(w.kept)).toBeVisible();
    await owner.saveVersion(3);
  });

  await test.step('and all three are there', async () => {
    await author.openVersions();
    await expect(version(author, 3)).toBeVisible();
    await author.page.getByRole('combobox', { name: w.before }).selectOption({ label: 'Version 2' });
    await author.page.getByRole('combobox', { name: w.after }).selectOption({ label: 'Version 3' });
    const cells = author.page.getByRole('table').locator('td');
    for (const text of ['From the author', 'From the patient, at home', 'Rest']) {
      await expect(cells.filter({ hasText: text }).first()).toBeVisible({ timeout: 30_000 });
    }
    await author.page.getByRole('combobox', { name: w.before }).selectOption({ label: 'Version 1' });
    for (const text of ['To be seen', 'Apixaban 5 mg']) {
      await expect(cells.filter({ hasText: text }).first()).toBeVisible({ timeout: 30_000 });
    }
  });
});

test('changes wait in the list until they are saved or discarded', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.writeReport({ title: 'Changed and left', patientName: 'Pia Lund', diagnosis: 'As it was' });
  await author.editReport();
  await author.field(words.draft.diagnosis).fill('Half a thought');
  await expect(author.page.getByText(words.draft.saved).first()).toBeVisible({ timeout: 30_000 });
  await author.goTo('reports');
  await expect(author.page.getByText(w.draft(1))).toBeVisible();
  await author.reload();
  await author.page.getByRole('list', { name: words.reports.drafts }).getByRole('link', { name: 'Changed and left' }).click();
  await expect(author.field(words.draft.diagnosis)).toHaveValue('Half a thought');
  await author.button(w.discard).click();
  await author.dialog().getByRole('button', { name: w.discard }).click();
  await expect(author.page.getByText(w.discarded).first()).toBeVisible({ timeout: 30_000 });
  await expect(author.page.getByText('As it was')).toBeVisible({ timeout: 30_000 });
  await author.goTo('reports');
  await expect(author.page.getByText(w.draft(1))).toHaveCount(0);
});

test('hs changes a report, compares its versions and brings one back', async ({ clinic }) => {
  test.setTimeout(240_000);
  const hs = new Hs(clinic.server.origin, clinic.author);
  const refusal = async (command: Promise<unknown>) => {
    const error = await command.then(() => undefined, (error: unknown) => error);
    if (!(error instanceof HsError)) throw new Error('it was not refused');
    const said = error.output.split('\n').find((line) => line.includes('"error"'));
    return (JSON.parse(said ?? '{}') as { error: { code: string } }).error.code;
  };
  try {
    await hs.run(['login', '--email', clinic.author.email]);
    const [first, second] = [textFile('first.txt', 'first'), textFile('second.txt', 'second')];
    const pushed = await hs.run(['push', first.path, '--title', 'By hs', '--patient-name', 'Nils Berg', '--diagnosis', 'One\nTwo']);
    const { report_id: id } = pushed as { report_id: string };
    expect(await refusal(hs.run(['edit', id]))).toBe('unchanged');
    const edited = await hs.run(['edit', id, '--diagnosis', 'One\nThree', '--add', second.path, '--remove', 'first.txt']);
    expect(edited).toMatchObject({ report_id: id, version: 2 });
    expect(await refusal(hs.run(['edit', id, '--remove', 'first.txt']))).toBe('argument');
    const compared = await hs.run(['versions', 'compare', id, '1']);
    expect(compared).toMatchObject({
      before: 1,
      after: 2,
      fields: [{ field: 'diagnosis', before: 'One\nTwo', after: 'One\nThree' }],
      files: [{ change: 'removed' }, { change: 'added' }],
    });
    expect(await hs.run(['restore', id, '1'])).toMatchObject({ version: 3, restores: 1 });
    const listed = (await hs.run(['versions', 'list', id])) as { version: number; author_name: string }[];
    expect(listed.map((row) => row.version)).toEqual([3, 2, 1]);
    expect(listed[0]?.author_name).toBe(clinic.author.name);
    const pulled = await hs.run(['pull', id, '--at', '2', '--fields-only']);
    expect(pulled).toMatchObject({ version: 2, fields: { diagnosis: 'One\nThree' } });
  } finally {
    hs.remove();
  }
});
