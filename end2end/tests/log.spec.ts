// The public log, as people meet it: a mark beside each event, and a page that ends the session where it doesn't hold.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import { Forgery } from '../support/forgery.ts';
import { identity } from '../support/clinic.ts';
import { Hs, HsError } from '../support/hs.ts';
import { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server, pause } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const ada = identity('Ines Moreau', 'administrator');

/** An administrator on a server of their own, who has seen its log. */
async function alone(browser: Browser): Promise<{ server: Server; person: Person; close: () => Promise<void> }> {
  const server = await Server.start();
  const person = await Person.at(browser, server.origin, ada);
  await person.signUp(server.setUpLink());
  await seen(person);
  return {
    server,
    person,
    async close() {
      await person.leave();
      await server.remove();
    },
  };
}

const size = (checkpoint: string) => Number(checkpoint.split('\n')[1]);

async function checkpoint(person: Person): Promise<string> {
  return (await person.context.request.get('/log/events/checkpoint')).text();
}

/** Waits until this browser keeps a checkpoint; answers its size. */
async function seen(person: Person, least = 1): Promise<number> {
  let kept = 0;
  await expect(async () => {
    const memory = await person.page.evaluate(() => Object.values(localStorage).find((value) => value.includes('"logs"')));
    kept = size(JSON.parse(memory ?? '{}').logs?.events?.checkpoint ?? '');
    expect(kept).toBeGreaterThanOrEqual(least);
  }).toPass({ timeout: 40_000 });
  return kept;
}

/** The key of a witness that nobody asked to cosign (c2sp.org/tlog-cosignature). */
function unasked(): string {
  const name = 'witness.example/unasked';
  const key = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const material = Buffer.concat([Buffer.from([4]), key]);
  const id = createHash('sha256').update(`${name}\n`).update(material).digest('hex').slice(0, 8);
  return `${name}+${id}+${material.toString('base64')}`;
}

/** Unlocks into a session that is stopped, saves the evidence, and has it checked by `hs`. */
async function stopped(person: Person, server: Server): Promise<{ code: string }> {
  await person.page.reload();
  await person.heading(words.signIn.locked).waitFor();
  await person.page.getByLabel(words.signIn.password, { exact: true }).fill(ada.password);
  await person.button(words.signIn.unlock).click();
  await person.heading(words.log.stopped).waitFor({ timeout: 60_000 });
  // The page is loaded anew without keys, and says the same.
  await expect(person.navigation()).toBeHidden();
  await person.page.waitForTimeout(1_500);
  await expect(person.heading(words.log.stopped)).toBeVisible();
  await inspect(person.page, 'session-stopped');
  const [download] = await Promise.all([person.page.waitForEvent('download'), person.button(words.log.save).click()]);
  const path = await download.path();
  const hs = new Hs(server.origin, ada);
  try {
    const shown = (await hs.run(['audit', 'evidence', path])) as { code: string };
    expect(JSON.parse(readFileSync(path, 'utf8')).code).toBe(shown.code);
    return shown;
  } finally {
    hs.remove();
  }
}

test('every event carries its mark, for the patient and for the administrator', async ({ clinic, enter, complaints }) => {
  test.setTimeout(240_000);
  const author = await enter(clinic.author);
  await author.writeReport({ title: 'Marked', patientName: 'Vera Falk' });
  const marks = (person: Person) => person.page.getByText(words.log.verified, { exact: true });
  await expect(marks(author).first()).toBeAttached({ timeout: 40_000 });
  const events = author.page.getByRole('list', { name: 'Who opened it' }).getByRole('listitem');
  await expect(async () => expect(await marks(author).count()).toBe(await events.count())).toPass();

  const hs = new Hs(clinic.server.origin, clinic.author);
  const outsider = new Hs(clinic.server.origin, ada);
  try {
    await hs.run(['login', '--email', clinic.author.email]);
    const report = ((await hs.run(['list'])) as { reports: { id: string }[] }).reports[0]!;
    const bundle = (await hs.run(['access', report.id, '--export', 'fhir'])) as { entry: { resource: unknown }[] };
    expect(bundle.entry.length).toBeGreaterThan(1);
    for (const { resource } of bundle.entry) {
      expect(resource).toMatchObject({ resourceType: 'AuditEvent', outcome: '0', type: { code: 'rest' } });
      expect(JSON.stringify(resource)).toContain('"verified"');
    }
    const events = (await hs.run(['access', report.id, '--export', 'json'])) as { in_public_log: string }[];
    // What was exported before is an event by now.
    expect(events.length).toBeGreaterThan(bundle.entry.length);
    expect(new Set(events.map((event) => event.in_public_log))).toEqual(new Set(['verified']));

    // The first of them, proved to somebody who has no account, without the server.
    const written = (await hs.run(['audit', 'proof', report.id, '1'])) as { file: string; index: number; key: string };
    const check = (...args: string[]) => outsider.run(['audit', 'check-proof', join(hs.home, written.file), ...args]);
    expect(await check('--key', written.key)).toMatchObject({ index: written.index, event: { report_id: report.id, report_seq: 1 } });
    const { log_keys_key: other } = (await (await fetch(`${clinic.server.origin}/api/v1/instance`)).json()) as { log_keys_key: string };
    await expect(check('--key', other)).rejects.toThrow(/log_signer_unknown/);
    await expect(check('--key', written.key, '--witness', unasked())).rejects.toThrow(/log_too_few_witnesses/);
    await expect(check(), 'whose log is it?').rejects.toThrow(/pass --key/);
    // This profile knows whose it is.
    expect(await hs.run(['audit', 'check-proof', written.file])).toMatchObject({ key: written.key });
  } finally {
    hs.remove();
    outsider.remove();
  }

  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  await administrator.page.getByRole('link', { name: words.administration.audit, exact: true }).click();
  const rows = administrator.page.locator('tbody').getByRole('row');
  await expect(rows.first()).toBeVisible({ timeout: 40_000 });
  await expect.poll(() => rows.count()).toBeGreaterThan(10);
  await expect(async () => expect(await marks(administrator).count()).toBe(await rows.count())).toPass({ timeout: 40_000 });
  expect(complaints).toEqual([]);
});

test('log-rollback: an older checkpoint stops the session; an honest one lets it go on', async ({ browser }) => {
  test.setTimeout(240_000);
  const { server, person, close } = await alone(browser);
  try {
    const old = await checkpoint(person);
    // Events of one session are in the log when the next one looks.
    await person.reload();
    await person.reload();
    await seen(person, size(old) + 1);
    await person.page.route('**/log/events/checkpoint', (route) => route.fulfill({ body: old, contentType: 'text/plain' }));
    expect((await stopped(person, server)).code).toBe('log_rolled_back');
    await person.page.unroute('**/log/events/checkpoint');
    await person.button(words.log.again).click();
    await person.unlock();
    await expect(person.navigation()).toBeVisible();
    await expect(person.heading(words.log.stopped)).toBeHidden();
  } finally {
    await close();
  }
});

test('forked-log: a forked log stops the session, though its own key signed it', async ({ browser }) => {
  test.setTimeout(300_000);
  const { server, person, close } = await alone(browser);
  try {
    const forged = new Forgery(server.data, (await seen(person)) + 300);
    await person.page.route('**/log/events/**', (route) => {
      const path = new URL(route.request().url()).pathname.replace('/log/events/', '');
      const body = path === 'checkpoint' ? forged.checkpoint() : forged.tile(path);
      return route.fulfill({ body, contentType: 'application/octet-stream' });
    });
    expect((await stopped(person, server)).code).toBe('log_forked');
    await person.page.unroute('**/log/events/**');
    await person.button(words.log.again).click();
    await person.heading(words.signIn.locked).waitFor();

    // That of keys, which is honest at the first look of the session and another one at the next.
    const keys = await (await person.context.request.get('/log/keys/checkpoint')).text();
    const others = new Forgery(server.data, size(keys) + 300, 'keys');
    let looks = 0;
    await person.page.route('**/log/keys/**', (route) => {
      const path = new URL(route.request().url()).pathname.replace('/log/keys/', '');
      if (path === 'checkpoint') looks += 1;
      if (looks < 2) return route.continue();
      const body = path === 'checkpoint' ? others.checkpoint() : others.tile(path);
      return route.fulfill({ body, contentType: 'application/octet-stream' });
    });
    expect((await stopped(person, server)).code).toBe('log_forked');
  } finally {
    await close();
  }
});

test('hs checks the whole log from outside, and finds one flipped byte', async ({ browser }) => {
  test.setTimeout(240_000);
  const { server, close } = await alone(browser);
  const hs = new Hs(server.origin, ada);
  try {
    type Tree = { size: number; origin: string };
    const verify = () => hs.run(['audit', 'verify', server.origin]) as Promise<{ events: Tree; keys: Tree }>;
    const whole = await verify();
    expect(whole.events.size).toBeGreaterThan(2);
    expect(whole.events.origin).toContain('/log/events');
    expect(whole.keys.size).toBe(2);
    expect(whole.keys.origin).toContain('/log/keys');
    // What is appended later would write the tile anew.
    const size = () => fetch(`${server.origin}/log/events/checkpoint`).then((answer) => answer.text());
    await expect.poll(async () => {
      const before = await size();
      await pause(2_500);
      return (await size()) === before;
    }, { timeout: 30_000 }).toBe(true);
    const flip = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10)
tile = bytearray(db.execute("SELECT hashes FROM log_tiles WHERE tree = 'events' AND level = -1 AND place = 0").fetchone()[0])
tile[40] ^= 1
db.execute("UPDATE log_tiles SET hashes = ? WHERE tree = 'events' AND level = -1 AND place = 0", (bytes(tile),))
db.commit()`;
    execFileSync(process.env.HEALTHSECURE_PYTHON ?? 'python3', ['-c', flip, join(server.data, 'healthsecure.db')]);
    const refused = await verify().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HsError);
    expect((refused as HsError).code).toBe(4);
    expect((refused as HsError).output).toContain('log_tile_forged');
    const evidence = join(hs.home, 'healthsecure-log-evidence.json');
    expect(await hs.run(['audit', 'evidence', evidence])).toMatchObject({ code: 'log_tile_forged' });
  } finally {
    hs.remove();
    await close();
  }
});
