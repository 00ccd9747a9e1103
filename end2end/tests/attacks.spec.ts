// Attacks of docs/attacks.md against the page: a browser that is lied to says so, by the same reason that the suite of
// crates/malicious-server proves against the client, and shows nothing of the lie.
import { Hs } from '../support/hs.ts';
import { accompliceCalled, fields, items, lie, lieInBytes, list, sent, type Json } from '../support/liar.ts';
import type { Person } from '../support/person.ts';
import { sameAs, textFile } from '../support/files.ts';
import { inspect } from '../support/screens.ts';
import { grantTo, relabelled, resealed } from '../support/signed.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

/** An answer of the API, asked for by the page itself. */
async function overheard(person: Person, path: RegExp, act: () => Promise<unknown>): Promise<Json> {
  let heard: Json | undefined;
  await lie(person, path, (body) => {
    heard = structuredClone(body);
    return body;
  });
  await act();
  await expect.poll(() => heard).toBeDefined();
  await person.page.unroute(path);
  return heard as Json;
}

/** Goes to a report by its address, as somebody who kept it. */
async function visit(person: Person, id: string): Promise<void> {
  await person.page.goto(`/reports/${id}`);
  await person.unlock();
}

test('key-swap: a doctor whose keys the server exchanged can’t be shared with', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.writeReport({ title: 'Swapped keys', patientName: 'Ole Lind' });
  const account = await overheard(author, /\/api\/v1\/sign-in\/finish$/, () => author.reload());
  const own = fields(fields(fields(account).account!).public!).key_records!;
  const found = /\/api\/v1\/accounts\?name=/;
  await lie(author, found, (body) => {
    for (const account of items(body)) fields(account).key_records = own;
    return body;
  });
  await author.openReport('Swapped keys');
  await author.beginShare();
  await author.dialog().getByLabel(words.share.who).fill(clinic.doctor.name);
  await expect(author.dialog().getByText(words.attacks.keys)).toBeVisible({ timeout: 40_000 });
  await expect(author.dialog().getByRole('list', { name: words.share.results })).toHaveCount(0);

  await author.page.unroute(found);
  await author.reload();
  await author.openReport('Swapped keys');
  await author.beginShare();
  await author.dialog().getByLabel(words.share.who).fill(clinic.doctor.name);
  const results = author.dialog().getByRole('list', { name: words.share.results });
  await expect(results.getByRole('button', { name: clinic.doctor.name }), 'once nobody lies they are found').toBeVisible({ timeout: 40_000 });
});

test('denied-key-log and key-rollback: who is told of no log of keys is stopped, and contacts explain keys that changed without a reason', { tag: '@long' }, async ({ clinic, enter, arrive }) => {
  test.setTimeout(360_000);
  const doctor = await arrive(clinic.stranger('Hedda Moe', 'doctor'));
  // To somebody who has never seen one the server says that it keeps no log of keys. Once it names it again, all goes on.
  const instance = /\/api\/v1\/instance$/;
  await lie(doctor, instance, (body) => Object.fromEntries(Object.entries(fields(body)).filter(([name]) => name !== 'log_keys_key')));
  await doctor.signUp();
  await doctor.heading(words.log.stopped).waitFor({ timeout: 40_000 });
  await expect(doctor.page.getByText(words.attacks.logDenied)).toBeVisible();
  await doctor.page.unroute(instance);
  const administrator = await enter(clinic.administrator);
  await administrator.approve(doctor.name);
  await doctor.reload();
  await doctor.goTo('settings');
  await doctor.page.getByRole('link', { name: words.security.tab, exact: true }).click();
  await doctor.button(words.newKeys.make).click();
  await doctor.dialog().getByRole('button', { name: words.newKeys.make }).click();
  await expect(doctor.page.getByText(words.newKeys.done)).toBeVisible({ timeout: 30_000 });
  const author = await enter(clinic.author);
  const { page } = author;
  await author.writeReport({ title: 'Shared before', patientName: 'Ole Lind' });
  await author.shareWith(doctor.name);
  await author.writeReport({ title: 'Shared never', patientName: 'Ole Lind' });

  // The keys from before, which were stolen, are shown as those of now.
  const accounts = /\/api\/v1\/accounts(\/[0-9a-f]{64})?(\?.*)?$/;
  let lied = 0;
  await lie(author, accounts, (body) => {
    for (const account of (Array.isArray(fields(body).items) ? items(body) : [body]).map(fields)) {
      const { key_records: records, key_leaves: leaves } = account;
      if (account.name !== doctor.name || !Array.isArray(records) || !Array.isArray(leaves)) continue;
      Object.assign(account, { key_records: records.slice(0, 1), key_leaves: leaves.slice(0, 1) });
      lied += 1;
    }
    return body;
  });
  await author.reload();
  await author.goTo('contacts');
  const refused = page.getByText(words.contacts.refused);
  await expect(refused).toBeVisible({ timeout: 40_000 });
  await expect(page.getByText(words.attacks.keysChanged)).toBeVisible();
  await expect(page.getByText(words.contacts.refusedWhy)).toBeVisible();
  for (const step of words.contacts.steps) await expect(page.getByRole('listitem').filter({ hasText: step }).last()).toBeVisible();
  await inspect(page, 'contacts-refused');
  await author.openReport('Shared never');
  await author.beginShare();
  const results = author.dialog().getByRole('list', { name: words.share.results });
  await author.dialog().getByLabel(words.share.who).fill(doctor.name);
  await expect(author.dialog().getByText(words.attacks.keysChanged)).toBeVisible({ timeout: 40_000 });
  await expect(results).toHaveCount(0);
  expect(lied).toBeGreaterThan(1);

  await page.unroute(accounts);
  await author.reload();
  await author.goTo('contacts');
  await expect(page.getByRole('list', { name: words.contacts.people }).getByText(doctor.name, { exact: true }).first()).toBeVisible({ timeout: 40_000 });
  await expect(refused, 'once nobody lies').toHaveCount(0);
  await author.openReport('Shared never');
  await author.beginShare();
  await author.dialog().getByLabel(words.share.who).fill(doctor.name);
  await expect(results.getByRole('button', { name: doctor.name })).toBeVisible({ timeout: 40_000 });
});

/** A report that is open can't be shared, for this reason, and nothing is sealed. Gives the shares that are sent from then on. */
async function refusesToShare(author: Person, name: string, reason: RegExp): Promise<string[]> {
  const shares = sent(author, 'POST', /\/grants$/);
  await author.beginShare();
  const dialog = author.dialog();
  await dialog.getByLabel(words.share.who).fill(name);
  await dialog.getByRole('list', { name: words.share.results }).getByRole('button', { name }).click();
  await dialog.getByRole('button', { name: words.share.submit }).click();
  await expect(dialog.getByText(reason).first()).toBeVisible({ timeout: 30_000 });
  expect(shares, 'nothing was sealed').toEqual([]);
  return shares;
}

test('forged-grant, access-rollback and wrap-rollback: an access list with an entry of the server’s, or from before a revocation, is refused, and so is the key from then', async ({ clinic, enter }) => {
  const title = 'Rolled back';
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title, patientName: 'Ole Lind' });
  const accomplice = await accompliceCalled(author, clinic.doctor.name);
  const [report, people] = [new RegExp(`/api/v1/reports/${id}$`), new RegExp(`/api/v1/reports/${id}/people$`)];
  let lied = 0;
  await lie(author, report, (body) => {
    const entries = list(body, 'entries');
    lied += 1;
    return { ...fields(body), entries: [...entries, grantTo(accomplice, entries.at(-1))] };
  });
  await lie(author, people, (body) => ({ ...fields(body), items: [...items(body), accomplice] }));
  await author.goTo('reports');
  await author.page.getByRole('link', { name: title }).first().click();
  await expect(author.page.getByText(words.attacks.grant).first()).toBeVisible({ timeout: 40_000 });
  await expect(author.page.getByText(clinic.doctor.name)).toHaveCount(0);
  // Nothing is sealed by a list like that: there is no next version, and no other share.
  await expect(author.page.getByRole('link', { name: words.versions.edit, exact: true })).toHaveCount(0);
  await expect(author.button(words.report.share)).toHaveCount(0);
  expect(lied).toBeGreaterThan(0);
  await author.page.unroute(report);
  await author.page.unroute(people);

  // The same doctor, let in by the owner: that list is taken.
  await author.openReport(title);
  await author.shareWith(clinic.doctor.name);
  const old = await overheard(author, report, () => visit(author, id));
  await author.revoke(clinic.doctor.name);
  await expect(author.page.getByText(words.report.keysChanged).first()).toBeVisible({ timeout: 60_000 });
  await lie(author, report, () => old);
  await visit(author, id);
  await expect(author.page.getByText(words.attacks.accessOlder).first()).toBeVisible({ timeout: 40_000 });
  // Which `revoke` found and pressed above.
  await expect(author.button(words.report.revokeOf(clinic.doctor.name))).toHaveCount(0);
  await author.page.unroute(report);

  // The key from before the revocation, which that doctor has, as if it were the new one.
  const before = list(list(old, 'versions')[0]!, 'wraps');
  const wraps = new RegExp(`/api/v1/reports/${id}(/versions/1)?$`);
  let put = 0;
  const rolledBack = (version: Json) => {
    const now = list(version, 'wraps').map((wrap) => {
      const then = before.find((other) => fields(other).grant_id === fields(wrap).grant_id);
      if (then) put += 1;
      return then ? resealed(wrap, then) : wrap;
    });
    return { ...fields(version), wraps: now };
  };
  await lie(author, wraps, (body, request) =>
    request.url().endsWith(id) ? { ...fields(body), versions: list(body, 'versions').map(rolledBack) } : rolledBack(body),
  );
  await author.goTo('reports');
  await author.page.getByRole('link', { name: title }).first().click();
  await expect(author.page.getByText(words.attacks.wrap(1)).first()).toBeVisible({ timeout: 40_000 });
  expect(put, 'it was put in place of the new one').toBeGreaterThan(0);
  const shares = await refusesToShare(author, clinic.doctor.name, words.attacks.wrap(1));

  await author.page.unroute(wraps);
  await author.page.keyboard.press('Escape');
  await author.openReport(title);
  await author.shareWith(clinic.doctor.name);
  expect(shares.length, 'once nobody lies').toBeGreaterThan(0);
});

test('manifest-rollback, version-transplant and wrap-transplant: a corrected report is not shown as it was before, nor shared by its old key', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title: 'Corrected since', patientName: 'Ole Lind', diagnosis: 'Before the correction' });
  const report = new RegExp(`/api/v1/reports/${id}$`);
  const old = await overheard(author, report, () => visit(author, id));
  await author.editReport();
  await author.field(words.draft.diagnosis).fill('After the correction');
  await author.saveVersion(2);
  await lie(author, report, () => old);
  await visit(author, id);
  await expect(author.page.getByText(words.attacks.versionOlder).first()).toBeVisible({ timeout: 40_000 });
  await expect(author.page.getByText('Before the correction')).toHaveCount(0);
  await author.page.unroute(report);

  // All of the version before, as if it were the corrected one.
  let transplanted = 0;
  await lie(author, report, (body) => {
    const versions = list(body, 'versions').map(fields);
    const first = versions.find((version) => version.version === 1);
    transplanted += 1;
    return { ...fields(body), versions: versions.map((version) => (version.version === 2 ? { ...first, version: 2 } : version)) };
  });
  await author.goTo('reports');
  await author.page.getByRole('link', { name: 'Corrected since' }).first().click();
  await expect(author.page.getByText(words.attacks.versionElsewhere(2)).first()).toBeVisible({ timeout: 40_000 });
  await expect(author.page.getByText('Before the correction')).toHaveCount(0);
  expect(transplanted).toBeGreaterThan(0);
  await author.page.unroute(report);

  // The key of the version before, as if it were the corrected one's.
  const key = relabelled(list(list(old, 'versions')[0]!, 'wraps')[0]!, 2);
  const wraps = new RegExp(`/api/v1/reports/${id}(/versions/2)?$`);
  const lied = { report: 0, version: 0 };
  await lie(author, wraps, (body, request) => {
    if (!request.url().endsWith(id)) {
      lied.version += 1;
      return { ...fields(body), wraps: [key] };
    }
    lied.report += 1;
    const versions = list(body, 'versions').map((version) => (fields(version).version === 2 ? { ...fields(version), wraps: [key] } : version));
    return { ...fields(body), versions };
  });
  await author.goTo('reports');
  await author.page.getByRole('link', { name: 'Corrected since' }).first().click();
  await expect(author.page.getByText(words.attacks.wrap(2)).first()).toBeVisible({ timeout: 40_000 });
  await expect(author.page.getByText('After the correction')).toHaveCount(0);
  const shares = await refusesToShare(author, clinic.doctor.name, words.attacks.wrap(2));
  expect(lied.version).toBeGreaterThan(0);
  expect(lied.report, 'to read, and to share').toBeGreaterThan(1);

  await author.page.unroute(wraps);
  await author.page.keyboard.press('Escape');
  await author.openReport('Corrected since');
  await expect(author.page.getByText('After the correction').first(), 'once nobody lies').toBeVisible({ timeout: 40_000 });
  await author.shareWith(clinic.doctor.name);
  expect(shares.length).toBeGreaterThan(0);
});

test('expired-grant: a report that the server goes on serving after its reader’s time does not open', async ({ clinic, enter }) => {
  const title = 'Served on';
  const hs = new Hs(clinic.server.origin, clinic.author);
  let id = '';
  try {
    await hs.run(['login', '--email', clinic.author.email]);
    const about = ['--title', title, '--patient-name', 'Ole Lind', '--diagnosis', 'For one hour'];
    id = ((await hs.run(['push', textFile('served.txt', 'Served on.').path, ...about])) as { report_id: string }).report_id;
    await hs.run(['share', id, '--with', clinic.doctor.email, '--expires', '1h', '--no-code']);
  } finally {
    hs.remove();
  }
  const reader = await enter(clinic.doctor);
  await reader.openReport(title);
  await expect(reader.page.getByText('For one hour').first(), 'while it lasts it opens').toBeVisible({ timeout: 40_000 });

  // Two hours later by the reader's clock. The server knows of no end.
  await reader.page.goto('about:blank');
  await reader.context.clock.setSystemTime(Date.now() + 7_200_000);
  let lied = 0;
  await lie(reader, new RegExp(`/api/v1/reports/${id}$`), (body) => {
    const grants = list(body, 'grants').map((grant) => ({ ...fields(grant), expires_at: 0 }));
    lied += grants.length;
    return { ...fields(body), grants };
  });
  await visit(reader, id);
  await expect(reader.page.getByText(words.attacks.expired).first()).toBeVisible({ timeout: 40_000 });
  await expect(reader.page.getByText('For one hour')).toHaveCount(0);
  expect(lied, 'it was served').toBeGreaterThan(0);
});

test('revoked-grant: a report that the server goes on showing after its revocation does not open', { tag: '@long' }, async ({ clinic, enter }) => {
  const title = 'Shown on';
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title, patientName: 'Ole Lind', diagnosis: 'Not for everyone' });
  const code = await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  await reader.redeem(clinic.author.name, code);
  await reader.heading(title).waitFor();
  const seen = fields(await overheard(reader, new RegExp(`/api/v1/reports/${id}$`), () => visit(reader, id)));
  const version = await overheard(reader, new RegExp(`/api/v1/reports/${id}/versions/1$`), () => visit(reader, id));
  await expect(reader.page.getByText('Not for everyone').first(), 'before the revocation it opens').toBeVisible({ timeout: 40_000 });
  await author.revoke(clinic.doctor.name);
  const now = fields(await overheard(author, new RegExp(`/api/v1/reports/${id}$`), () => visit(author, id)));
  // A revocation that it shows, and a reader whom it serves on.
  const api = new RegExp(`/api/v1/reports/${id}(/versions/1)?$`);
  await reader.page.route(api, (route) => {
    const whole = route.request().url().endsWith(id);
    return route.fulfill({ json: whole ? { ...seen, entries: now.entries } : version });
  });
  await visit(reader, id);
  await expect(reader.page.getByText(words.attacks.withdrawn).first()).toBeVisible({ timeout: 40_000 });
  await expect(reader.page.getByText('Not for everyone')).toHaveCount(0);
});

test('report-transplant, part-transplant and truncation: what isn’t the report’s own is neither shown nor given out', async ({ clinic, enter }) => {
  const [mine, other] = [textFile('mine.txt', 'Of this report. '.repeat(40)), textFile('other.txt', 'Of another one. '.repeat(40))];
  const author = await enter(clinic.author);
  const elsewhere = await author.writeReport({ title: 'Elsewhere', patientName: 'Ole Lind', diagnosis: 'Written elsewhere' }, [other]);
  const id = await author.writeReport({ title: 'Here', patientName: 'Ole Lind' }, [mine]);
  const part = /\/revisions\/0\/parts\/1$/;
  const download = async () => {
    await author.button(words.report.download(mine.name)).click();
  };
  let foreign: Buffer | undefined;
  const there = await overheard(author, new RegExp(`/api/v1/reports/${elsewhere}$`), () => author.openReport('Elsewhere'));
  await expect(author.page.getByText('Written elsewhere').first()).toBeVisible({ timeout: 40_000 });
  await lieInBytes(author, part, (bytes) => {
    if (!foreign || bytes.length > foreign.length) foreign = bytes;
    return bytes;
  });
  const [kept] = await Promise.all([author.page.waitForEvent('download'), author.button(words.report.download(other.name)).click()]);
  expect(sameAs(other, await kept.path()), 'what passes unchanged opens').toBe(true);
  expect(author.page.url()).toContain(elsewhere);
  await author.page.unroute(part);

  // All of the other report's version, as if it were this one's.
  const here = new RegExp(`/api/v1/reports/${id}$`);
  let transplanted = 0;
  await lie(author, here, (body) => {
    transplanted += 1;
    return { ...fields(body), versions: list(there, 'versions') };
  });
  await author.goTo('reports');
  await author.page.getByRole('link', { name: 'Here' }).first().click();
  await expect(author.page.getByText(words.attacks.versionElsewhere(1)).first()).toBeVisible({ timeout: 40_000 });
  expect(author.page.url()).toContain(id);
  await expect(author.page.getByText('Written elsewhere')).toHaveCount(0);
  expect(transplanted).toBeGreaterThan(0);
  await author.page.unroute(here);

  await author.openReport('Here');
  expect(author.page.url()).toContain(id);
  for (const change of [(bytes: Buffer) => foreign!.subarray(0, bytes.length), (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)]) {
    let given = false;
    author.page.once('download', () => (given = true));
    await lieInBytes(author, part, change);
    await download();
    await expect(author.page.getByText(words.attacks.file).first()).toBeVisible({ timeout: 40_000 });
    expect(given).toBe(false);
    await author.page.unroute(part);
    await author.openReport('Elsewhere');
    await author.openReport('Here');
  }
  const [whole] = await Promise.all([author.page.waitForEvent('download'), download()]);
  expect(sameAs(mine, await whole.path()), 'and once nobody lies it is there').toBe(true);
});

test('suppressed-event and rewritten-event: a record that was tampered with is not shown, and ends the session', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title: 'Tampered record', patientName: 'Ole Lind' });
  const events = new RegExp(`/api/v1/reports/${id}/events`);
  const list = author.page.getByRole('list', { name: words.report.events });
  await expect(list.getByRole('listitem').first()).toBeVisible({ timeout: 40_000 });
  const lies: ((events: Json[]) => Json[])[] = [
    (events) => events.toSpliced(1, 1),
    (events) => events.map((event) => ({ ...fields(event), actor: 'ab'.repeat(32) })),
    // What a reader signed, taken out of an event that happened.
    (events) => events.map((event) => Object.fromEntries(Object.entries(fields(event)).filter(([name]) => name !== 'request'))),
  ];
  for (const change of lies) {
    await lie(author, events, (body) => ({ ...fields(body), items: change(items(body)) }));
    await visit(author, id);
    // It ends the session, whose page is loaded anew without keys.
    await author.heading(words.log.stopped).waitFor({ timeout: 40_000 });
    await expect(author.navigation()).toBeHidden();
    await expect(author.page.getByText(words.attacks.record)).toBeVisible();
    await expect(list).toHaveCount(0);
    await author.page.unroute(events);
    await author.page.waitForTimeout(1_500);
    await author.button(words.log.again).click();
  }
  await visit(author, id);
  await expect(list.getByRole('listitem').first()).toBeVisible({ timeout: 40_000 });
});

test('a reader whom the server gives another name in the record keeps their own', async ({ clinic, enter }) => {
  const title = 'Renamed reader';
  const author = await enter(clinic.author);
  const id = await author.writeReport({ title, patientName: 'Ole Lind' });
  const code = await author.shareWith(clinic.doctor.name);
  const reader = await enter(clinic.doctor);
  await reader.redeem(clinic.author.name, code);
  await reader.heading(title).waitFor();
  let lied = 0;
  const renamed = (event: Json) => {
    lied += 1;
    return { ...fields(event), actor_name: clinic.patient.name };
  };
  await lie(author, new RegExp(`/api/v1/reports/${id}/events`), (body) => ({ ...fields(body), items: items(body).map(renamed) }));
  await visit(author, id);
  const list = author.page.getByRole('list', { name: words.report.events });
  await expect(list.getByText(clinic.doctor.name, { exact: true }).first()).toBeVisible({ timeout: 40_000 });
  await expect(author.page.getByText(words.report.eventsVerified)).toBeVisible();
  await expect(list.getByText(clinic.patient.name)).toHaveCount(0);
  expect(lied, 'it was served').toBeGreaterThan(0);
});

test('instance-swap: another server under the same address gets no password’s work', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  const instance = /\/api\/v1\/instance$/;
  await lie(author, instance, (body) => ({ ...fields(body), instance_id: 'AAAAAAAAAAAAAAAAAAAAAA' }));
  await author.page.reload();
  // Its session is another server's: it is not even shown who was here.
  await author.heading(words.signIn.title).waitFor();
  let started = false;
  await author.page.route(/\/api\/v1\/sign-in\/start$/, (route) => {
    started = true;
    return route.continue();
  });
  await author.trySignIn(clinic.author.password);
  await expect(author.page.getByText(words.attacks.otherServer).first()).toBeVisible({ timeout: 40_000 });
  expect(started, 'nothing of the password went out').toBe(false);

  await author.page.unroute(instance);
  await author.page.reload();
  const locked = author.heading(words.signIn.locked);
  await locked.or(author.heading(words.signIn.title)).first().waitFor();
  if (await locked.isVisible()) await author.unlock();
  else await author.trySignIn(clinic.author.password);
  await expect.poll(() => started, { message: 'once nobody lies it does' }).toBe(true);
});
