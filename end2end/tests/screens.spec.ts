// Every screen in two widths and two lights: a picture of each for people to look at, and axe for what they overlook.
import { expect, test } from '../support/test.ts';
import { pdfFile, pngFile, textFile } from '../support/files.ts';
import { inspect } from '../support/screens.ts';
import { words } from '../support/words.ts';

test('public pages', async ({ clinic, arrive }) => {
  test.setTimeout(300_000);
  const person = await arrive(clinic.stranger('Vilde Moen', 'patient'));
  const { page } = person;
  for (const [path, name] of [['/', 'landing'], ['/sign-in', 'sign-in'], ['/recover', 'recover'], ['/verify-email', 'verify-email-incomplete'], ['/verify-email#token=0000', 'verify-email'], ['/change-email', 'change-email-incomplete'], ['/no/such/page', 'not-found']] as const) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await inspect(page, name);
  }
  await person.fillSignUp('/sign-up');
  await inspect(page, 'sign-up-1');
  await page.getByLabel(words.signUp.passwordAgain).fill('different');
  await person.button(words.signUp.next).click();
  await inspect(page, 'sign-up-1-errors');
  await page.getByLabel(words.signUp.passwordAgain).fill(person.identity.password);
  await person.button(words.signUp.next).click();
  await person.heading(words.signUp.kitTitle).waitFor();
  await inspect(page, 'sign-up-2-kit');
  await person.keepKit();
  await inspect(page, 'sign-up-3-check');
  await page.goto('/sign-up#invite=0000');
  await person.heading(words.signUp.deadLink).waitFor();
  await inspect(page, 'sign-up-dead-link');
  await page.goto('/sign-in');
  await person.trySignIn('wrong password for this one');
  await page.getByText(words.signIn.wrong).waitFor({ timeout: 30_000 });
  await inspect(page, 'sign-in-wrong');
});

test('a doctor’s and a patient’s pages', async ({ clinic, enter, arrive }) => {
  test.setTimeout(600_000);
  const title = 'Screens: cardiology follow-up';
  const files = [pdfFile('ecg.pdf', 100_000), pngFile('strip.png'), textFile('note.txt', 'Rhythm steady.\nNo pauses.')];
  const newcomer = await arrive(clinic.stranger('Hedda Lunde', 'patient'));
  await newcomer.signUp();
  await newcomer.heading(words.reports.title).waitFor();
  await inspect(newcomer.page, 'reports-empty');
  await newcomer.goTo('shared');
  await inspect(newcomer.page, 'shared-empty');

  const author = await enter(clinic.author);
  await author.goTo('reports');
  await inspect(author.page, 'reports');
  await author.beginReport({});
  await inspect(author.page, 'new-report-empty');
  await author.fillReport({
    number: 'C-2026-0042', title, patientName: clinic.patient.name, patientId: 'P-0042', patientEmail: clinic.patient.email,
    kind: 'Cardiology', diagnosis: 'Paroxysmal atrial fibrillation', treatmentPlan: 'Rate control', prescription: 'Apixaban 5 mg',
  });
  await author.addFiles(files);
  await author.filesUploaded(files);
  await inspect(author.page, 'new-report');
  await author.goTo('reports');
  await author.page.getByText(words.reports.draft, { exact: true }).first().waitFor();
  await inspect(author.page, 'reports-with-draft');
  await author.page.getByRole('link', { name: title }).first().click();
  await author.complete();
  await author.heading(title).waitFor();
  await inspect(author.page, 'report');
  for (const file of files) await author.button(words.report.show(file.name)).click();
  await author.page.getByText('Rhythm steady.').waitFor({ timeout: 30_000 });
  await inspect(author.page, 'report-files');
  await author.page.reload();
  await author.heading(words.signIn.locked).waitFor();
  await inspect(author.page, 'locked');
  await author.unlock();

  await author.openReport(title);
  await author.beginShare();
  await inspect(author.page, 'share');
  await author.dialog().getByLabel(words.share.who).fill(clinic.doctor.name);
  await author.dialog().getByRole('list', { name: words.share.results }).getByRole('button').first().click();
  await author.dialog().getByRole('button', { name: words.share.submit }).waitFor();
  await inspect(author.page, 'share-form');
  await author.page.keyboard.press('Escape');
  const code = await author.shareWith(clinic.doctor.name, { stay: true });
  await inspect(author.page, 'share-code');

  const reader = await enter(clinic.doctor);
  const share = await reader.waitingShare(clinic.author.name);
  await inspect(reader.page, 'shared-waiting');
  await reader.typeCode(share, code.startsWith('0') ? `1${code.slice(1)}` : `0${code.slice(1)}`);
  await reader.page.getByText(words.shared.wrong(4)).waitFor({ timeout: 30_000 });
  await inspect(reader.page, 'shared-wrong-code');
  await reader.redeem(clinic.author.name, code);
  await reader.heading(title).waitFor();
  await inspect(reader.page, 'report-recipient');

  const owner = await enter(clinic.patient);
  await owner.openReport(title);
  await owner.page.getByText(words.report.eventsVerified).waitFor();
  await inspect(owner.page, 'report-owner');
  await owner.button(words.report.revokeOf(clinic.doctor.name)).click();
  await owner.dialog().waitFor();
  await inspect(owner.page, 'revoke-question');
  await owner.dialog().getByRole('button', { name: words.report.revoke }).click();
  await reader.heading(words.report.endedTitle).waitFor();
  await inspect(reader.page, 'access-ended');
  await owner.goTo('reports');
  await owner.page.getByRole('searchbox', { name: words.reports.search }).fill('nothing like this');
  await owner.heading(words.reports.nothingTitle).waitFor();
  await inspect(owner.page, 'reports-nothing-found');
  await owner.goTo('settings');
  await inspect(owner.page, 'settings');
  await owner.page.getByRole('link', { name: words.settings.sessions }).or(owner.page.getByRole('tab', { name: words.settings.sessions })).first().click();
  await owner.page.getByText(words.settings.current).waitFor();
  await inspect(owner.page, 'settings-sessions');
});

test('administration, and accounts that wait', async ({ clinic, enter, arrive }) => {
  test.setTimeout(360_000);
  const doctor = await arrive(clinic.stranger('Sverre Tangen', 'doctor'));
  await doctor.signUp();
  await doctor.heading(words.signIn.pending).waitFor();
  await inspect(doctor.page, 'pending');
  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  await administrator.button(words.administration.refuse(doctor.name)).waitFor();
  await inspect(administrator.page, 'administration');
  await administrator.button(words.administration.refuse(doctor.name)).click();
  await administrator.dialog().waitFor();
  await inspect(administrator.page, 'administration-refuse');
  await administrator.dialog().getByRole('button', { name: words.administration.refuseConfirm }).click();
  await doctor.heading(words.signIn.refused).waitFor();
  await inspect(doctor.page, 'refused');
  await administrator.page.getByRole('link', { name: words.administration.invitations }).click();
  await administrator.button(words.administration.invite).click();
  await administrator.dialog().waitFor();
  await inspect(administrator.page, 'administration-invite');
  await administrator.dialog().getByRole('button', { name: words.administration.inviteMake }).click();
  await administrator.page.getByRole('dialog').getByRole('textbox', { name: words.administration.inviteLink }).waitFor();
  await inspect(administrator.page, 'administration-invite-link');
  await administrator.page.goto('/administration/backups');
  await administrator.unlock();
  // Whether an earlier test made one of this clinic or not.
  await administrator.page.getByText(words.backups.none).or(administrator.page.getByText(words.backups.good, { exact: true })).first().waitFor();
  await inspect(administrator.page, 'administration-backups');
  await administrator.page.goto('/administration/audit');
  await administrator.unlock();
  await administrator.page.getByText(words.administration.auditVerified).waitFor();
  await inspect(administrator.page, 'administration-audit');
});
