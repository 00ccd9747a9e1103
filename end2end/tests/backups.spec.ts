// Administrators see whether there are backups: one made beside the running server, and one that failed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identity } from '../support/clinic.ts';
import { Person } from '../support/person.ts';
import { binary, Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

/** An age recipient; its key was made for these tests and thrown away. */
const recipient = 'age189v7n77vzz8akfk0wwgjtzmaz4u0x2jhlpmsqccwxngr33lgtd8s7nk355';

test('a backup that was made beside the server is shown', async ({ clinic, enter }) => {
  const folder = mkdtempSync(join(tmpdir(), 'healthsecure-backup-'));
  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  await administrator.page.getByRole('link', { name: words.backups.tab }).click();
  await expect(administrator.page.getByText(words.backups.noneYet, { exact: true })).toBeVisible();
  await expect(administrator.page.getByText(words.backups.none)).toBeVisible();
  const args = ['backup', '--to', folder, '--recipient', recipient, '--data', clinic.server.data];
  const said = execFileSync(binary, args, { encoding: 'utf8' });
  const snapshot = /Snapshot (\S+):/.exec(said)?.[1] ?? 'none';
  await administrator.page.getByRole('link', { name: words.administration.invitations }).click();
  await administrator.page.getByRole('link', { name: words.backups.tab }).click();
  await expect(administrator.page.getByText(words.backups.good, { exact: true })).toBeVisible();
  await expect(administrator.page.getByText(snapshot)).toBeVisible();
  rmSync(folder, { recursive: true });
});

test('one that failed is an alert, beside what was decided', async ({ browser }) => {
  test.setTimeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'healthsecure-backup-'));
  const place = join(folder, 'no-folder');
  writeFileSync(place, 'a file');
  const server = await Server.start({ args: ['--backup-to', place, '--backup-recipient', recipient] });
  try {
    const administrator = await Person.at(browser, server.origin, identity('Ines Moreau', 'administrator'));
    await administrator.signUp(server.setUpLink());
    await administrator.goTo('administration');
    await administrator.page.getByRole('link', { name: words.backups.tab }).click();
    await expect(administrator.page.getByText(words.backups.failed)).toBeVisible({ timeout: 20_000 });
    await expect(administrator.page.getByText(words.backups.every)).toBeVisible();
    await expect(administrator.page.getByText(words.backups.kept)).toBeVisible();
    await administrator.leave();
  } finally {
    await server.remove();
    rmSync(folder, { recursive: true });
  }
});
