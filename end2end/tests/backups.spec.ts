// Administrators see whether there are backups: one made beside the running server, and one that failed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identity } from '../support/clinic.ts';
import { textFile } from '../support/files.ts';
import { Hs, hsBinary } from '../support/hs.ts';
import { Person } from '../support/person.ts';
import { binary, Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

/** An age key that was made for these tests, and opens nothing else. */
const key = 'AGE-SECRET-KEY-106LTN9X7K52J33QXN984MV0SJP04WZK3ZL63LP674FHXD9VGSRMS9T5TAH';
const recipient = 'age189v7n77vzz8akfk0wwgjtzmaz4u0x2jhlpmsqccwxngr33lgtd8s7nk355';

test('that there is no backup is an alert, until one was made beside the server', async ({ clinic, enter }) => {
  const folder = mkdtempSync(join(tmpdir(), 'healthsecure-backup-'));
  const hs = new Hs(clinic.server.origin, clinic.author);
  try {
    await hs.run(['login', '--email', clinic.author.email]);
    await hs.run(['push', textFile('kept.txt', 'To be kept.').path, '--title', 'To be kept', '--patient-name', 'Ole Lind']);
  } finally {
    hs.remove();
  }
  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  await expect(administrator.page.getByText(words.backups.notice)).toBeVisible();
  await expect(administrator.page.getByText(words.backups.noticeMissing)).toBeVisible();
  await administrator.page.getByRole('link', { name: words.backups.noticeOpen }).click();
  await expect(administrator.page.getByText(words.backups.noneYet, { exact: true })).toBeVisible();
  await expect(administrator.page.getByText(words.backups.none)).toBeVisible();
  const args = ['backup', '--to', folder, '--recipient', recipient, '--data', clinic.server.data];
  const said = execFileSync(binary, args, { encoding: 'utf8' });
  const snapshot = /Snapshot (\S+):/.exec(said)?.[1] ?? 'none';
  const asked = ['backups', 'storage'].map((what) => administrator.page.waitForResponse((response) => response.url().endsWith(`/admin/${what}`)));
  await administrator.goTo('administration');
  await Promise.all(asked);
  await expect(administrator.page.getByText(words.backups.notice)).toHaveCount(0);
  await administrator.page.getByRole('link', { name: words.backups.tab }).click();
  await expect(administrator.page.getByText(words.backups.good, { exact: true })).toBeVisible();
  await expect(administrator.page.getByText(snapshot)).toBeVisible();
  rmSync(folder, { recursive: true });
});

test('one that failed is an alert, beside what was decided', async ({ browser }) => {
  test.setTimeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), 'healthsecure-backup-'));
  const place = join(folder, 'no-folder');
  writeFileSync(place, 'a file');
  const server = await Server.start({ args: ['--backup-to', place, '--backup-recipient', recipient] });
  try {
    const administrator = await Person.at(browser, server.origin, identity('Ines Moreau', 'administrator'));
    await administrator.signUp(server.setUpLink());
    await administrator.goTo('administration');
    // Without mail nothing else tells of it.
    await expect(administrator.page.getByText(words.backups.notice)).toBeVisible();
    await expect(administrator.page.getByText(words.backups.noticeFailed)).toBeVisible();
    await administrator.page.getByRole('link', { name: words.backups.noticeOpen }).click();
    await expect(administrator.page.getByText(words.backups.failed)).toBeVisible({ timeout: 40_000 });
    await expect(administrator.page.getByText(words.backups.every)).toBeVisible();
    await expect(administrator.page.getByText(words.backups.kept)).toBeVisible();
    await administrator.goTo('settings');
    await administrator.page.getByRole('link', { name: words.leaving.open }).click();
    await expect(administrator.page.getByText(words.leaving.inBackupsUntil)).toBeVisible();
    await administrator.leave();
  } finally {
    await server.remove();
    rmSync(folder, { recursive: true });
  }
});

test('a drill restores the newest backup, and hs opens the canary in it', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(450_000);
  const folder = mkdtempSync(join(tmpdir(), 'healthsecure-drill-'));
  const args: string[] = [];
  const server = await Server.start({ args });
  const ada = identity('Ines Moreau', 'administrator');
  const hs = new Hs(server.origin, ada);
  const [canary, opener] = [join(folder, 'canary.json'), join(folder, 'identity')];
  writeFileSync(opener, `${key}\n`, { mode: 0o600 });
  try {
    const who = ['--name', ada.name, '--email', ada.email, '--role', 'administrator'];
    await hs.run(['signup', ...who], { '--link-fd': server.setUpLink() });
    const made = (await hs.run(['canary', 'make', '--email', 'canary@clinic.example', '--file', canary])) as { report_id: string };
    expect(statSync(canary).mode & 0o777).toBe(0o600);
    expect(await hs.run(['canary', 'open', '--file', canary])).toEqual({ report_id: made.report_id });

    args.push('--backup-to', join(folder, 'backups'), '--backup-recipient', recipient, '--drill-identity', opener);
    args.push('--drill-canary', canary, '--drill-hs', hsBinary);
    await server.restart();
    const administrator = await Person.at(browser, server.origin, ada);
    await administrator.signIn();
    await administrator.goTo('administration');
    await expect(async () => {
      await administrator.page.getByRole('link', { name: words.administration.invitations }).click();
      await administrator.page.getByRole('link', { name: words.backups.tab }).click();
      await expect(administrator.page.getByText(words.backups.drillGood, { exact: true }).first()).toBeVisible({ timeout: 3_000 });
    }).toPass({ timeout: 180_000 });
    await expect(administrator.page.getByText(words.backups.drillOpened)).toBeVisible();
    expect(readdirSync(server.data)).not.toContain('healthsecure-drill');
    await administrator.leave();
  } finally {
    hs.remove();
    await server.remove();
    rmSync(folder, { recursive: true });
  }
});
