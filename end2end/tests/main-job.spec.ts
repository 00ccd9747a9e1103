// The main job of the product, with real files: written, sealed, shared, redeemed, read, watched, taken back.
import { expect, test } from '../support/test.ts';
import { dicomFile, fhirBundle, pdfFile, pngFile, sameAs, textFile, type TestFile } from '../support/files.ts';
import { showsPdf } from '../support/viewer.ts';
import { words } from '../support/words.ts';

test('a report travels from its author to a doctor, and its patient stays in charge', async ({ clinic, enter, complaints }) => {
  test.setTimeout(450_000);
  const title = 'Holter ECG, spring';
  const pdf = pdfFile('holter.pdf', 20_000_000);
  const picture = pngFile('strip.png');
  const note = textFile('note.txt', 'Palpitations in the evening, none at rest. <b>Not bold</b>.');
  const dicom = dicomFile('thorax.dcm');
  const fhir = fhirBundle();
  const files = [pdf, picture, note, dicom, fhir].filter((f): f is TestFile => f !== undefined);

  const author = await enter(clinic.author);
  await test.step('the author writes it, with files', async () => {
    await author.writeReport(
      {
        number: 'H-2026-0117',
        title,
        patientName: clinic.patient.name,
        patientId: 'P-0042',
        patientEmail: clinic.patient.email,
        kind: 'Cardiology',
        diagnosis: 'Paroxysmal atrial fibrillation',
        treatmentPlan: 'Rate control, ECG again in three months',
        prescription: 'Apixaban 5 mg twice daily',
      },
      files,
    );
    await expect(author.page.getByText(words.report.completed).first()).toBeVisible();
  });

  const reader = await enter(clinic.doctor);
  const code = await test.step('and shares it by name, with a code', async () => {
    const code = await author.shareWith(clinic.doctor.name, { stay: true });
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){1,2}$/);
    await expect(author.page.getByText(words.share.expires24)).toBeVisible();
    await author.dialog().getByRole('button', { name: 'Copy' }).click();
    expect(await author.page.evaluate(() => navigator.clipboard.readText())).toBe(code);
    await author.dialog().getByRole('button', { name: words.share.close }).click();
    return code;
  });

  await test.step('the doctor redeems the code and reads every field', async () => {
    await reader.redeem(clinic.author.name, code.toLowerCase());
    await reader.heading(title).waitFor();
    for (const text of ['H-2026-0117', clinic.patient.name, 'P-0042', 'Cardiology', 'Paroxysmal atrial fibrillation',
      'Rate control, ECG again in three months', 'Apixaban 5 mg twice daily']) {
      await expect(reader.page.getByText(text).first()).toBeVisible();
    }
  });

  await test.step('PDF, picture and text are shown in place', async () => {
    await reader.button(words.report.show(pdf.name)).click();
    await showsPdf(reader.page, words.report.pdfFrame(pdf.name), 5);
    await reader.button(words.report.show(picture.name)).click();
    const image = reader.page.getByRole('img', { name: picture.name });
    await expect.poll(() => image.evaluate((i: HTMLImageElement) => [i.naturalWidth, i.naturalHeight])).toEqual([320, 200]);
    await reader.button(words.report.show(note.name)).click();
    await expect(reader.page.getByText('<b>Not bold</b>')).toBeVisible();
  });

  await test.step('what was uploaded is what is downloaded', async () => {
    for (const file of files) {
      const download = reader.page.waitForEvent('download');
      await reader.button(words.report.download(file.name)).click();
      const got = await download;
      expect(got.suggestedFilename()).toBe(file.name);
      expect(sameAs(file, await got.path()), file.name).toBe(true);
    }
  });

  const owner = await enter(clinic.patient);
  await test.step('the patient sees who has access and who opened it', async () => {
    await owner.openReport(title);
    const access = owner.page.getByRole('list', { name: words.report.access });
    await expect(access.getByText(clinic.doctor.name).first()).toBeVisible();
    await expect(access.getByText(clinic.author.name).first()).toBeVisible();
    await expect(owner.page.getByText(words.report.eventsVerified)).toBeVisible();
    const events = owner.page.getByRole('list', { name: words.report.events }).getByRole('listitem');
    await expect(events.filter({ hasText: `${clinic.doctor.name} ${words.report.opened}` }).first()).toBeVisible();
  });

  await test.step('and takes it back: the doctor’s open page closes', async () => {
    await owner.revoke(clinic.doctor.name);
    await expect(reader.heading(words.report.endedTitle)).toBeVisible({ timeout: 5_000 });
    await expect(reader.page.getByText('Apixaban')).toHaveCount(0);
    await reader.reload();
    await expect(reader.page.getByText('Apixaban')).toHaveCount(0);
    await reader.goTo('reports');
    await expect(reader.page.getByRole('link', { name: title })).toHaveCount(0);
  });

  await test.step('author and patient still open it under its new keys', async () => {
    for (const person of [owner, author]) {
      await person.openReport(title);
      const download = person.page.waitForEvent('download');
      await person.button(words.report.download(note.name)).click();
      expect(sameAs(note, await (await download).path())).toBe(true);
    }
  });
  expect(complaints).toEqual([]);
});
