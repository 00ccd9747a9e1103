// Administrators: approve, refuse, invite, watch. And what they can't do.
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

test('a doctor waits for approval, and the waiting page goes on by itself', async ({ clinic, arrive, enter }) => {
  test.setTimeout(240_000);
  const doctor = await arrive(clinic.stranger('Rune Halvorsen', 'doctor'));
  await doctor.signUp();
  await doctor.heading(words.signIn.pending).waitFor();
  const refused = await doctor.page.evaluate(async () => {
    const response = await fetch('/api/v1/reports');
    return [response.status, (await response.json()).code];
  });
  expect(refused).toEqual([403, 'account_pending']);
  const author = await enter(clinic.author);
  const found = await author.page.evaluate(async () => (await fetch('/api/v1/accounts?name=Halvorsen')).json());
  expect(found.items, 'who isn’t approved isn’t found').toEqual([]);

  const administrator = await enter(clinic.administrator);
  await administrator.approve(doctor.name);
  await expect(doctor.heading(words.signIn.pending)).toBeHidden();
  await author.writeReport({ title: 'For the new doctor', patientName: 'Vera Falk' });
  const code = await author.shareWith(doctor.name);
  if (await doctor.heading(words.signIn.locked).isVisible()) await doctor.unlock();
  await doctor.redeem(clinic.author.name, code);
  await doctor.heading('For the new doctor').waitFor();
});

test('a refused doctor is told so and may do nothing', async ({ clinic, arrive, enter }) => {
  const doctor = await arrive(clinic.stranger('Odd Refsnes', 'doctor'));
  await doctor.signUp();
  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  await administrator.button(words.administration.refuse(doctor.name)).click();
  await administrator.dialog().getByRole('button', { name: words.administration.refuseConfirm }).click();
  await expect(administrator.page.getByText(words.administration.refused(doctor.name)).first()).toBeVisible();
  await expect(doctor.heading(words.signIn.refused)).toBeVisible();
  expect((await doctor.context.request.get('/api/v1/reports')).status()).toBe(403);
});

test('an invited doctor is active at once; the link works once', async ({ clinic, arrive, enter }) => {
  test.setTimeout(240_000);
  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  await administrator.page.getByRole('link', { name: words.administration.invitations }).click();
  await administrator.button(words.administration.invite).click();
  const dialog = administrator.page.getByRole('dialog');
  await dialog.getByRole('radio', { name: words.administration.inviteDoctor }).check({ force: true });
  await dialog.getByRole('button', { name: words.administration.inviteMake }).click();
  const link = await dialog.getByRole('textbox', { name: words.administration.inviteLink }).inputValue();
  expect(link).toMatch(/\/sign-up#invite=/);

  const doctor = await arrive(clinic.stranger('Sunniva Dahl', 'doctor'));
  await doctor.page.goto(link);
  await expect(doctor.page.getByText(words.signUp.invitedBy(clinic.administrator.name, 'doctor'))).toBeVisible();
  await doctor.signUp(link);
  await doctor.heading(words.reports.title).waitFor();
  await expect(doctor.page, 'the token doesn’t stay in the address').not.toHaveURL(/#/);
  const late = await arrive(clinic.stranger('Too Late', 'doctor'));
  await late.page.goto(link);
  await expect(late.heading(words.signUp.deadLink)).toBeVisible();
});

test('the audit shows what happened, unbroken; an administrator opens no report', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title: 'Not for administrators', patientName: 'Ylva Strand' });
  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  await expect(administrator.page.getByText(words.administration.noContent)).toBeVisible();
  await administrator.page.getByRole('link', { name: words.administration.audit, exact: true }).click();
  await expect(administrator.page.getByText(words.administration.auditVerified)).toBeVisible();
  await expect(administrator.row(clinic.author.name)).toBeVisible();
  await expect(administrator.page.getByText('Not for administrators')).toHaveCount(0);
  const status = await administrator.page.evaluate(async (report) => (await fetch(`/api/v1/reports/${report}`)).status, id);
  expect(status).toBe(404);
});

test('a patient without account: invited, they arrive and own their report', async ({ clinic, arrive, enter }) => {
  test.setTimeout(240_000);
  const author = await enter(clinic.author);
  await author.writeReport({ title: 'First visit', patientName: 'Maja Sundby', diagnosis: 'Migraine' });
  await author.button(words.report.invite).click();
  const dialog = author.page.getByRole('dialog');
  const email = dialog.getByLabel(words.report.inviteEmail);
  const patient = clinic.stranger('Maja Sundby', 'patient');
  if (await email.count()) await email.fill(patient.email);
  await dialog.getByRole('button', { name: words.report.inviteMake }).click();
  const link = await dialog.getByRole('textbox', { name: words.report.inviteLink }).inputValue();
  expect(link).toMatch(/#invite=[^&]+&secret=/);
  const arrived = await arrive(patient);
  await arrived.signUp(link);
  await arrived.openReport('First visit');
  await expect(arrived.page.getByText('Migraine').first()).toBeVisible();
  await arrived.revoke(clinic.author.name);
  await expect(author.heading(words.report.endedTitle)).toBeVisible();
});

test('pages of another role are not shown', async ({ clinic, enter }) => {
  const patient = await enter(clinic.patient);
  await patient.page.goto('/administration');
  await patient.unlock();
  await expect(patient.heading(words.errors.noPermissionTitle)).toBeVisible();
});
