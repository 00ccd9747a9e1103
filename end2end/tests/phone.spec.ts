// A phone: a number is added by a code, is a second factor and the weaker one, signs in, and opens nothing. The gateway is a
// webhook of the test's own that checks who sends.
import { expect, type Page } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import type { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { SmsGateway } from '../support/sms_gateway.ts';
import { doors, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.phones;
const TYPED = '+49 151 23456789';
const NUMBER = '+4915123456789';

const code = (person: Person) => person.page.getByLabel(w.code);
/** One that is not that one. */
const wrong = (right: string) => (right === '000000' ? '000001' : '000000');

test('a phone is a second factor or signs in, and the password opens the reports all the same', async ({ browser }) => {
  test.setTimeout(450_000);
  const complaints: string[] = [];
  const gateway = await SmsGateway.start();
  const server = await Server.start({ args: gateway.args() });
  const { open, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const person = await open(identity('Runa Solberg', 'patient'), {});
    const { page } = person;
    await person.signUp();
    await add(person, gateway);

    // The second factor. A number that was confirmed a while ago is asked for once more; the server's clock stays as it is, so
    // its answer is given here.
    await confirmedAWhileAgo(page);
    await person.button(w.factorOn).click();
    await expect(page.getByText(w.again)).toBeVisible();
    const again = await gateway.code(NUMBER);
    await expect(code(person)).toBeFocused();
    await inspect(page, 'settings-security-phone-again');
    await code(person).fill(again);
    await person.button(w.verify).click();
    await person.heading(words.security.codesTitle).waitFor();
    await person.button(words.security.codesKept).click();
    await expect(page.getByText(w.weaker).first()).toBeVisible();
    await inspect(page, 'settings-security-phone');
    await person.signOut();
    await page.goto('/sign-in');
    // What is typed before the program has taken over would be lost.
    await expect(person.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
    await person.trySignIn(person.identity.password);
    await person.heading(words.secondStep.title).waitFor({ timeout: 30_000 });
    expect(gateway.waiting, 'nobody is woken before they ask').toBe(0);
    await inspect(page, 'second-step-phone');
    await person.button(w.send).click();
    const first = await gateway.code(NUMBER);
    await expect(code(person)).toBeFocused();
    await code(person).fill(wrong(first));
    await person.button(words.secondStep.submit).click();
    await expect(page.getByText(w.stepWrong)).toBeVisible();
    await inspect(page, 'second-step-phone-wrong');
    await code(person).fill(first);
    await person.button(words.secondStep.submit).click();
    await person.heading(words.reports.title).waitFor({ timeout: 30_000 });

    // It can't be both steps at once.
    await security(person);
    await person.button(w.signInOn).click();
    await expect(page.getByText(w.changed).first()).toBeVisible();
    await person.signOut();
    await byPhone(person);
    await code(person).fill(await gateway.code(NUMBER));
    await person.button(w.submit).click();
    await expect(page.getByText(w.onlyFactor)).toBeVisible();

    // Signing in.
    await person.button(w.back).click();
    await person.trySignIn(person.identity.password);
    await person.button(w.send).click();
    await code(person).fill(await gateway.code(NUMBER));
    await person.button(words.secondStep.submit).click();
    await person.heading(words.reports.title).waitFor({ timeout: 30_000 });
    await security(person);
    await person.button(w.factorOff).click();
    await expect(person.button(w.factorOn)).toBeVisible();
    await person.signOut();
    await byPhone(person);
    await inspect(page, 'sign-in-phone-code');
    const last = await gateway.code(NUMBER);
    await code(person).fill(wrong(last));
    await person.button(w.submit).click();
    await expect(page.getByText(w.codeWrong)).toBeVisible();
    await code(person).fill(last);
    await person.button(w.submit).click();
    await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
    await expect(page.getByText(w.locked)).toBeVisible();
    await person.unlock();
    await person.heading(words.reports.title).waitFor({ timeout: 30_000 });

    // Gone again.
    await security(person);
    await person.button(words.security.remove(NUMBER)).click();
    await inspect(page, 'settings-security-phone-remove');
    await person.dialog().getByRole('button', { name: words.security.removeConfirm }).click();
    await expect(page.getByText(w.none)).toBeVisible();
    await person.signOut();
    await byPhone(person);
    await page.waitForTimeout(1_500);
    expect(gateway.waiting, 'a number that signs nobody in gets nothing').toBe(0);

    expect(gateway.codes.length).toBeGreaterThan(4);
    for (const secret of [NUMBER, ...gateway.codes]) {
      const logged = new RegExp(`(?<![0-9a-f])${secret.replace('+', '\\+')}(?![0-9a-f])`);
      expect(server.log, 'neither numbers nor codes are logged').not.toMatch(logged);
    }
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
    await gateway.stop();
  }
});

/** The next time that the number is to be used for something, it is refused for its age. */
async function confirmedAWhileAgo(page: Page): Promise<void> {
  const problem = { type: 'urn:healthsecure:problem:phone_code_required', title: 'Have a code sent first', status: 403, code: 'phone_code_required' };
  let told = false;
  await page.route('**/api/v1/account/phone', async (route) => {
    if (told || route.request().method() !== 'PUT') return route.fallback();
    told = true;
    return route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  });
}

async function security(person: Person): Promise<void> {
  await person.goTo('settings');
  await person.page.getByRole('link', { name: words.security.tab, exact: true }).click();
  await person.button(words.security.add).waitFor();
}

/** From the settings to the number that is the account's. */
async function add(person: Person, gateway: SmsGateway): Promise<void> {
  const { page } = person;
  await security(person);
  await expect(page.getByText(w.none)).toBeVisible();
  await person.button(w.add).click();
  await expect(page.getByLabel(w.number)).toBeFocused();
  await page.getByLabel(w.number).fill('0151 23456789');
  await person.button(w.send).click();
  await expect(page.getByText(w.badNumber).first()).toBeVisible();
  await page.getByLabel(w.number).fill(TYPED);
  await person.button(w.send).click();
  const sent = await gateway.code(NUMBER);
  await expect(code(person)).toBeFocused();
  await inspect(page, 'settings-security-phone-code');
  await code(person).fill(wrong(sent));
  await person.button(w.verify).click();
  await expect(page.getByText(w.codeWrong)).toBeVisible();
  await code(person).fill(sent);
  await person.button(w.verify).click();
  await expect(page.getByText(w.added).first()).toBeVisible();
  await expect(person.row(NUMBER)).toBeVisible();
}

/** On a page that nobody is signed in on, to the field for the code. */
async function byPhone(person: Person): Promise<void> {
  const { page } = person;
  await page.goto('/sign-in');
  await person.button(w.go).click({ timeout: 30_000 });
  await inspect(page, 'sign-in-phone');
  await page.getByLabel(w.number).fill(TYPED);
  await person.button(w.send).click();
  await expect(page.getByText(w.sentMaybe)).toBeVisible();
}
