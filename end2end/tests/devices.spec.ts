// Devices that send: made in the settings, their file shown once, used by a machine, removed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hs } from '../support/hs.ts';
import { expect, test } from '../support/test.ts';
import { inspect } from '../support/screens.ts';
import { words } from '../support/words.ts';

const w = words.devices;

test('a device is made, its machine sends, and its reports say whose it is', async ({ clinic, arrive, complaints }) => {
  test.setTimeout(360_000);
  const person = await arrive(clinic.stranger('Signe Holm', 'patient'));
  const { page } = person;
  await person.signUp();
  await person.goTo('settings');
  await page.getByRole('link', { name: w.tab, exact: true }).click();
  await expect(page.getByText(w.none)).toBeVisible();
  await inspect(page, 'settings-devices-empty');

  await person.button(w.add).click();
  await inspect(page, 'settings-devices-new');
  await page.getByLabel(w.name, { exact: true }).fill('Scale at home');
  await page.getByLabel(w.endsIn).selectOption({ label: '7 days' });
  await person.button(w.make).click();
  await person.heading(w.shownTitle).waitFor({ timeout: 30_000 });
  await page.getByText(w.file, { exact: true }).click();
  const file = (await page.getByTestId(w.shown).innerText()).trim();
  await inspect(page, 'settings-devices-shown');
  await person.button(w.kept).click();
  await expect(person.row('Scale at home')).toContainText('never sent');
  expect(await page.content()).not.toContain((JSON.parse(file) as { token: string }).token);

  const machine = new Hs(person.origin, person.identity);
  try {
    const path = join(machine.home, 'device.json');
    const result = join(machine.home, 'weight.txt');
    writeFileSync(path, file, { mode: 0o600 });
    writeFileSync(result, '71.4 kg');
    await machine.run(['send', '--device', path, '--title', 'Weight', result]);
  } finally {
    machine.remove();
  }

  await person.goTo('reports');
  await page.getByRole('link', { name: 'Weight' }).first().click();
  await person.heading('Weight').waitFor({ timeout: 30_000 });
  await expect(page.getByText(`Device Scale at home, of ${person.identity.name}`).first()).toBeVisible();
  await inspect(page, 'report-by-device');

  await person.goTo('settings');
  await page.getByRole('link', { name: w.tab, exact: true }).click();
  await expect(person.row('Scale at home')).toContainText(/last sent/);
  await person.button(w.remove('Scale at home')).click();
  await person.dialog().getByRole('button', { name: w.removeConfirm }).click();
  await expect(page.getByText(w.none)).toBeVisible({ timeout: 30_000 });
  expect(complaints).toEqual([]);
});
