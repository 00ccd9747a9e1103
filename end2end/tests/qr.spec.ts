// Finding somebody by the QR code of their key, and comparing a key by it: from pictures, and from a camera.
import { readFileSync } from 'node:fs';
import { expect, test } from '../support/test.ts';
import type { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { words } from '../support/words.ts';

/** A picture of the code that a person shows under Settings, as a screenshot of it would be. */
async function codeOf(person: Person): Promise<string> {
  await person.goTo('settings');
  const code = person.page.getByRole('img', { name: words.settings.key });
  await expect(code).toBeVisible();
  const path = test.info().outputPath(`${person.name.replaceAll(' ', '-')}.png`);
  await code.screenshot({ path });
  return path;
}

/** Opens the scanner below `label` and gives it a picture. */
async function choosePicture(person: Person, label: string, path: string): Promise<void> {
  const scanner = person.page.getByRole('group', { name: words.scan.title });
  if (!(await scanner.isVisible())) await person.button(label).click();
  await scanner.getByLabel(words.scan.picture).setInputFiles(path);
}

/** From now on the page's camera shows this picture. Nothing of a real one is asked for. */
async function holdBeforeCamera(person: Person, path: string): Promise<void> {
  const url = `data:image/png;base64,${readFileSync(path).toString('base64')}`;
  await person.page.addInitScript((picture) => {
    // Not every document that a browser opens on the way has devices.
    const devices: MediaDevices | undefined = navigator.mediaDevices;
    if (!devices) return;
    devices.getUserMedia = async () => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [640, 480];
      const context = canvas.getContext('2d');
      const image = new Image();
      image.src = picture;
      await image.decode();
      setInterval(() => {
        if (!context) return;
        context.fillStyle = '#777';
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.drawImage(image, 150, 70, 340, 340);
      }, 100);
      const stream = canvas.captureStream(10);
      Object.assign(window, { cameraOfTest: stream });
      return stream;
    };
  }, url);
}

/** What the page's camera does: `none` was asked for, it is `live`, or it has `ended`. */
function camera(person: Person): Promise<string> {
  return person.page.evaluate(() => {
    const { cameraOfTest } = window as unknown as { cameraOfTest?: MediaStream };
    return cameraOfTest?.getTracks().map((track) => track.readyState as string).join() ?? 'none';
  });
}

test('a patient is found by e-mail or a picture of their code; finding is not comparing', async ({ clinic, enter, complaints }) => {
  test.setTimeout(300_000);
  const patient = await enter(clinic.patient);
  const picture = await codeOf(patient);
  const author = await enter(clinic.author);
  await author.beginReport({ title: 'Found by code', patientEmail: clinic.patient.email });
  await expect(author.page.getByText(words.report.keyUnverified)).toBeVisible();
  await expect(author.page.getByText(words.draft.notCompared)).toBeVisible();
  await inspect(author.page, 'draft-patient-not-compared');
  await author.button(words.draft.accountClear).click();
  await choosePicture(author, words.draft.accountScan, picture);
  await expect(author.page.getByText(words.draft.accountFound(clinic.patient.name))).toBeVisible({ timeout: 30_000 });
  await expect(author.field(words.draft.patientName)).toHaveValue(clinic.patient.name);
  await author.field(words.draft.patientName).fill('Somebody Else'.padEnd(201, '.'));
  await expect(author.page.getByText(words.draft.accountDiffers)).toBeVisible();
  await expect(author.page.getByText('At most 200 characters; these are 201.'), 'nothing is cut').toBeVisible();
  await author.field(words.draft.patientName).fill(clinic.patient.name);
  await expect(author.page.getByText(words.draft.accountDiffers)).toBeHidden();
  await expect(author.page.getByText(words.report.keyUnverified), 'a picture can come from anyone').toBeVisible();
  await expect(author.page.getByText(words.report.keyVerified)).toBeHidden();
  await author.button(words.scan.ownScreen).click();
  await expect(author.page.getByText(words.report.keyVerified)).toBeVisible();
  await expect(author.page.getByText(words.draft.notCompared)).toBeHidden();
  await author.complete();
  await patient.openReport('Found by code');
  expect(complaints).toEqual([]);
});

test('codes of other things, and pictures without one, are said by name', { tag: '@long' }, async ({ clinic, enter }) => {
  test.setTimeout(300_000);
  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  await administrator.page.getByRole('link', { name: words.administration.invitations }).click();
  await administrator.button(words.administration.invite).click();
  const dialog = administrator.dialog();
  await dialog.getByRole('radio', { name: words.administration.inviteDoctor }).check({ force: true });
  await dialog.getByRole('button', { name: words.administration.inviteMake }).click();
  const foreign = test.info().outputPath('invitation.png');
  await dialog.getByRole('img', { name: words.administration.inviteQr }).screenshot({ path: foreign });
  const heading = test.info().outputPath('heading.png');
  await dialog.getByRole('heading').first().screenshot({ path: heading });

  const author = await enter(clinic.author);
  await author.beginReport({ title: 'Nobody found' });
  await choosePicture(author, words.draft.accountScan, foreign);
  await expect(author.page.getByText(words.scan.foreign)).toBeVisible({ timeout: 30_000 });
  await choosePicture(author, words.draft.accountScan, heading);
  await expect(author.page.getByText(words.scan.nothing)).toBeVisible({ timeout: 30_000 });
  const scanner = author.page.getByRole('group', { name: words.scan.title });
  await scanner.getByLabel(words.scan.picture).setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: Buffer.from('none') });
  await expect(author.page.getByText(words.scan.noPicture)).toBeVisible();
  await inspect(author.page, 'scanner');
  // A doctor's code is a key's, and no patient's.
  const doctor = await enter(clinic.doctor);
  await choosePicture(author, words.draft.accountScan, await codeOf(doctor));
  await expect(author.page.getByText(words.scan.notPatient(clinic.doctor.name))).toBeVisible({ timeout: 30_000 });
  await expect(author.page.getByText(/The report will belong to/)).toBeHidden();
});

test('a key is compared by code: another’s pins nothing, theirs does', async ({ clinic, enter }) => {
  test.setTimeout(300_000);
  const [doctor, patient] = [await enter(clinic.doctor), await enter(clinic.patient)];
  const [theirs, anothers] = [await codeOf(doctor), await codeOf(patient)];
  const author = await enter(clinic.author);
  const own = await codeOf(author);
  await author.writeReport({ title: 'Compared by code', patientName: 'Tuva Berge' });
  await author.beginShare();
  const dialog = author.dialog();
  await dialog.getByLabel(words.share.who).fill(clinic.doctor.name);
  await dialog.getByRole('list', { name: words.share.results }).getByRole('button', { name: clinic.doctor.name }).click();
  await dialog.getByText(words.share.notCompared).click();
  await choosePicture(author, words.scan.theirs, anothers);
  await expect(dialog.getByText(words.scan.mismatch(clinic.doctor.name))).toBeVisible({ timeout: 30_000 });
  await expect(dialog.getByText(words.report.keyUnverified)).toBeVisible();
  await expect(dialog.getByText(words.report.keyVerified)).toBeHidden();
  await choosePicture(author, words.scan.theirs, theirs);
  await expect(dialog.getByText(words.report.keyVerified)).toBeVisible({ timeout: 30_000 });
  await expect(dialog.getByText(words.report.keyUnverified)).toBeHidden();
  // It stays so for whoever opens the page anew.
  await author.reload();
  await author.openReport('Compared by code');
  await author.beginShare();
  await dialog.getByLabel(words.share.who).fill(clinic.doctor.name);
  const found = dialog.getByRole('list', { name: words.share.results }).getByRole('button', { name: clinic.doctor.name });
  await expect(found.getByText(words.report.keyVerified)).toBeVisible();

  // Contacts say the same of everybody, and compare those who weren't compared yet.
  await author.page.keyboard.press('Escape');
  await author.goTo('contacts');
  const people = author.page.getByRole('list', { name: words.contacts.people });
  const line = (name: string) => people.getByRole('listitem').filter({ hasText: name });
  await expect(line(clinic.doctor.name).getByText(words.report.keyVerified)).toBeVisible();
  await expect(line(clinic.doctor.name).getByRole('button')).toHaveCount(0);
  await choosePicture(author, words.contacts.scan, own);
  await expect(author.page.getByText(words.contacts.own)).toBeVisible({ timeout: 30_000 });
  await choosePicture(author, words.contacts.scan, anothers);
  // Another test may have compared this key before, for the same author.
  const ask = author.page.getByRole('button', { name: words.scan.ownScreen });
  const done = author.page.getByText(words.contacts.compared);
  await expect(ask.or(done)).toBeVisible({ timeout: 30_000 });
  if (await ask.isVisible()) await ask.click();
  await expect(line(clinic.patient.name).getByText(words.report.keyVerified)).toBeVisible();
  await inspect(author.page, 'contacts');
});

test('the camera finds a code, and is off afterwards', async ({ clinic, enter, arrive }) => {
  test.setTimeout(300_000);
  const patient = await enter(clinic.patient);
  const author = await arrive(clinic.author);
  await holdBeforeCamera(author, await codeOf(patient));
  await author.signIn();
  await author.beginReport({ title: 'By camera' });
  expect(await camera(author)).toBe('none');
  await author.button(words.draft.accountScan).click();
  await expect(author.page.getByText(words.draft.accountFound(clinic.patient.name))).toBeVisible({ timeout: 30_000 });
  expect(await camera(author)).toBe('ended');
});

test('a key is compared by camera while sharing, and by its words in contacts', { tag: '@long' }, async ({ clinic, enter, arrive }) => {
  test.setTimeout(360_000);
  const doctor = await enter(clinic.doctor);
  const author = await enter(clinic.author);
  await author.goTo('settings');
  await expect(author.page.locator('.key-list li')).toHaveCount(12);
  const own = await author.page.locator('.key-list li').allInnerTexts();
  // Somebody who has compared nobody's key.
  const person = await arrive(clinic.stranger('Karin Foss', 'patient'));
  const { page } = person;
  await holdBeforeCamera(person, await codeOf(doctor));
  await person.signUp();
  await person.writeReport({ title: 'For two doctors', patientName: person.name });
  await person.beginShare();
  const dialog = person.dialog();
  await dialog.getByLabel(words.share.who).fill(doctor.name);
  await dialog.getByRole('list', { name: words.share.results }).getByRole('button', { name: doctor.name }).click();
  await expect(dialog.getByText(words.report.keyUnverified)).toBeVisible();
  await dialog.getByText(words.share.notCompared).click();
  await person.button(words.scan.theirs).click();
  await expect(dialog.getByText(words.report.keyVerified)).toBeVisible({ timeout: 30_000 });
  await expect(dialog.getByText(words.report.keyUnverified)).toBeHidden();
  expect(await camera(person)).toBe('ended');
  await dialog.getByRole('button', { name: words.share.submit }).click();
  await dialog.getByRole('heading', { name: words.share.done }).waitFor({ timeout: 30_000 });
  await dialog.getByRole('button', { name: words.share.close }).click();

  await person.shareWith(author.name);
  await person.goTo('contacts');
  const line = page.getByRole('list', { name: words.contacts.people }).getByRole('listitem').filter({ hasText: author.name });
  await expect(line.getByText(words.report.keyUnverified)).toBeVisible();
  await person.button(words.contacts.compare(author.name)).click();
  await expect(dialog.locator('.key-list li')).toHaveCount(own.length);
  expect(await dialog.locator('.key-list li').allInnerTexts(), 'as their owner sees them').toEqual(own);
  await inspect(page, 'contacts-compare');
  await person.button(words.contacts.same).click();
  await expect(line.getByText(words.report.keyVerified)).toBeVisible();
  await person.reload();
  await expect(line.getByText(words.report.keyVerified), 'it stays so').toBeVisible();

  // Somebody who is there, and with whom nothing was shared yet: found first, by the box for that.
  const met = clinic.patient.name;
  await person.button(words.contacts.byWords).click();
  await dialog.getByLabel(words.share.who).fill(clinic.patient.email);
  await dialog.getByRole('list', { name: words.share.results }).getByRole('button', { name: met }).click();
  await expect(dialog.locator('.key-list li')).toHaveCount(own.length);
  expect(await dialog.locator('.key-list li').allInnerTexts(), 'another’s').not.toEqual(own);
  await person.button(words.contacts.same).click();
  const people = page.getByRole('list', { name: words.contacts.people });
  await expect(people.getByRole('listitem').filter({ hasText: met }).getByText(words.report.keyVerified)).toBeVisible();
});

test('the camera goes off when the scanner closes, and when its page is left', async ({ clinic, enter, arrive }) => {
  test.setTimeout(300_000);
  const administrator = await enter(clinic.administrator);
  const blank = test.info().outputPath('blank.png');
  await administrator.goTo('settings');
  await administrator.heading(words.settings.title).screenshot({ path: blank });
  const author = await arrive(clinic.author);
  await holdBeforeCamera(author, blank);
  await author.signIn();
  await author.beginReport({ title: 'Nothing to see' });
  await author.button(words.draft.accountScan).click();
  await expect(author.page.getByText(words.scan.looking)).toBeVisible();
  expect(await camera(author)).toBe('live');
  await author.button(words.scan.stop).click();
  expect(await camera(author)).toBe('ended');
  await author.button(words.draft.accountScan).click();
  await expect(author.page.getByText(words.scan.looking)).toBeVisible();
  // No reload lies between: the page is another, the program the same.
  await author.goTo('shared');
  expect(await camera(author)).toBe('ended');
});

test('who refuses the camera is told how to go on', async ({ clinic, arrive }) => {
  const author = await arrive(clinic.author);
  await author.page.addInitScript(() => {
    const devices: MediaDevices | undefined = navigator.mediaDevices;
    if (devices) devices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await author.signIn();
  await author.beginReport({ title: 'Refused' });
  await author.button(words.draft.accountScan).focus();
  await author.page.keyboard.press('Enter');
  await expect(author.page.getByText(words.scan.denied)).toBeVisible();
  await author.page.keyboard.press('Tab');
  const scanner = author.page.getByRole('group', { name: words.scan.title });
  await expect(scanner.getByLabel(words.scan.picture)).toBeFocused();
});
