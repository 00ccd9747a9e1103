// Access codes: wrong, wrong five times, too late; and asking for a new one.
import { expect, needsMovableClock, test } from '../support/test.ts';
import { Clinic } from '../support/clinic.ts';
import { Person } from '../support/person.ts';
import { words } from '../support/words.ts';

/** A well-formed code that isn't the one. */
function another(code: string): string {
  const first = code.startsWith('0') ? '1' : '0';
  return first + code.slice(1);
}

test('a wrong code is refused and counted; the right one still opens', async ({ clinic, enter }) => {
  const title = 'Blood count, wrong code';
  const author = await enter(clinic.author);
  await author.writeReport({ title, patientName: 'Oskar Lind' });
  const code = await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  const share = await reader.waitingShare(clinic.author.name);
  await reader.typeCode(share, another(code));
  await expect(reader.page.getByText(words.shared.wrong(4))).toBeVisible({ timeout: 30_000 });
  await expect(reader.page.getByText(title)).toHaveCount(0);
  await reader.typeCode(share, `  ${code.toLowerCase().replaceAll('-', ' ')} `);
  await reader.page.getByRole('link', { name: words.shared.open }).click({ timeout: 30_000 });
  await reader.heading(title).waitFor();
});

test('the fifth wrong code locks the share, and the right one no longer helps', { tag: '@long' }, async ({ clinic, enter }) => {
  const title = 'Liver panel, locked';
  const author = await enter(clinic.author);
  await author.writeReport({ title, patientName: 'Greta Aalto' });
  const code = await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  const share = await reader.waitingShare(clinic.author.name);
  for (const left of [4, 3, 2, 1]) {
    await reader.typeCode(share, another(code));
    await expect(reader.page.getByText(words.shared.wrong(left))).toBeVisible({ timeout: 30_000 });
  }
  await reader.typeCode(share, another(code));
  await expect(reader.page.getByText(words.shared.wrongNone).or(reader.page.getByText(words.shared.locked)).first()).toBeVisible({ timeout: 30_000 });
  await expect(share.getByRole('button', { name: words.shared.redeem })).toHaveCount(0);
  // The server itself refuses, whatever the page offers.
  const id = await grantIdOf(reader);
  const answer = await reader.page.evaluate(async (grant) => {
    const response = await fetch(`/api/v1/grants/${grant}/challenge`, { method: 'POST' });
    return { status: response.status, code: (await response.json()).code };
  }, id);
  expect(answer).toEqual({ status: 403, code: 'code_locked' });
  await author.openReport(title);
  await expect(author.page.getByText(/Locked/).first()).toBeVisible();
});

test('a code that has expired says so, and a new one is one tap away', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(360_000);
  needsMovableClock();
  const clinic = await Clinic.open(browser, { movableClock: true });
  try {
    const title = 'Thyroid, expired';
    const author = await Person.signedIn(browser, clinic.origin, clinic.author);
    await author.writeReport({ title, patientName: 'Paul Novak' });
    const code = await author.shareWith(clinic.doctor.name, { expiry: words.share.expiry1h });
    await clinic.server.moveClock(3700);
    // An hour passes for everyone: the server refuses what is signed at another time than its own.
    const later = () => Date.now() + 3_700_000;
    const reader = await Person.at(browser, clinic.origin, clinic.doctor);
    await reader.context.clock.setSystemTime(later());
    await reader.signIn();
    const share = await reader.waitingShare(clinic.author.name);
    await expect(share.getByText(words.shared.expired).first()).toBeVisible();
    const refused = await reader.page.evaluate(async (grant) => {
      const response = await fetch(`/api/v1/grants/${grant}/challenge`, { method: 'POST' });
      return { status: response.status, code: (await response.json()).code };
    }, await grantIdOf(reader));
    expect(refused).toEqual({ status: 410, code: 'share_expired' });
    await share.getByRole('button', { name: words.shared.ask }).click();
    await expect(reader.page.getByText(words.shared.asked).first()).toBeVisible();
    // The author's page hears of it without reload, and shares anew.
    await expect(author.page.getByText(words.shared.codeRequested).first()).toBeVisible();
    await author.context.clock.setSystemTime(later());
    await author.reload();
    await author.openReport(title);
    const again = await author.shareWith(clinic.doctor.name);
    expect(again).not.toBe(code);
    await reader.redeem(clinic.author.name, again);
    await reader.heading(title).waitFor();
  } finally {
    await clinic.close();
  }
});

/** The newest share that waits for the person, from the API that the page uses. */
async function grantIdOf(person: Person): Promise<string> {
  const list = await person.page.evaluate(async () => (await fetch('/api/v1/grants')).json());
  const id: unknown = list?.items?.[0]?.id;
  if (typeof id !== 'string') throw new Error(`no share waits: ${JSON.stringify(list)}`);
  return id;
}
