// Everything can be done without a mouse, and one sees where one is.
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

test('signing in with the keyboard alone', async ({ clinic, arrive }) => {
  const person = await arrive(clinic.patient);
  const { page } = person;
  await page.goto('/sign-in');
  await expect(person.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
  await page.getByLabel(words.signIn.email).focus();
  await page.keyboard.type(person.identity.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(person.identity.password);
  await page.keyboard.press('Enter');
  await person.heading(words.reports.title).waitFor({ timeout: 60_000 });
});

test('whatever has the focus shows it', async ({ clinic, enter }) => {
  const person = await enter(clinic.author);
  await person.goTo('reports');
  const seen = new Set<string>();
  for (let i = 0; i < 12; i++) {
    await person.page.keyboard.press('Tab');
    const focus = await person.page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return undefined;
      // A row whose title is its link shows the focus around the whole row.
      const frames = [element, element.closest('li')].filter((e) => e !== null);
      const visible = frames.some((e) => {
        const { outlineStyle, boxShadow } = getComputedStyle(e);
        return outlineStyle !== 'none' || boxShadow !== 'none';
      });
      return { visible, what: `${element.tagName} ${element.textContent?.trim().slice(0, 30) ?? ''}` };
    });
    if (!focus) continue;
    seen.add(focus.what);
    expect(focus.visible, focus.what).toBe(true);
  }
  expect(seen.size).toBeGreaterThan(5);
});

test('a dialog keeps the focus, and Escape closes it without doing anything', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.writeReport({ title: 'Keyboard', patientName: 'Siri Vold' });
  await author.shareWith(clinic.doctor.name);
  await author.openReport('Keyboard');
  const opener = author.button(words.report.revokeOf(clinic.doctor.name));
  await opener.focus();
  await author.page.keyboard.press('Enter');
  const dialog = author.page.getByRole('dialog');
  await dialog.waitFor();
  for (let i = 0; i < 6; i++) {
    await author.page.keyboard.press('Tab');
    const inside = await dialog.evaluate((d) => d.contains(document.activeElement) || document.activeElement === document.body);
    expect(inside).toBe(true);
  }
  await author.page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(opener).toBeFocused();
});
