// Marked names, titles, texts, file names, file contents, passwords, codes and kits go through the page and `hs`. Then
// every byte that the server has on disk, printed, or was sent is searched for the marks, in every dress.
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { sameAs, textFile } from '../support/files.ts';
import { Hs } from '../support/hs.ts';
import { MarkSearch, type Finding } from '../support/marks.ts';
import { Person } from '../support/person.ts';
import { RecordingProxy } from '../support/proxy.ts';
import { freePort } from '../support/server.ts';
import { words } from '../support/words.ts';

const marks: string[] = [];

/** A text that nothing else contains, remembered as one to look for. */
function mark(what: string): string {
  const text = `${what}-canary-${randomBytes(6).toString('hex')}`;
  marks.push(text);
  return text;
}

test('nothing readable reaches the server, through the page or through hs', async ({ browser }) => {
  test.setTimeout(600_000);
  const port = await freePort();
  const proxy = await RecordingProxy.start(port);
  const clinic = await Clinic.open(browser, { behind: { origin: proxy.origin, port } });
  const hs: Hs[] = [];
  try {
    for (const who of [clinic.administrator, clinic.author, clinic.doctor, clinic.patient]) {
      marks.push(who.password, ...phrases(who.kit ?? []));
    }
    const author = await Person.signedIn(browser, clinic.origin, clinic.author);
    const title = mark('title');
    const file = textFile(`${mark('file-name')}.txt`, `${mark('file-content')}\n`.repeat(500));
    await test.step('a draft, then a report, in the page', async () => {
      await author.beginReport({
        number: mark('number'), title, patientName: mark('patient'), patientId: mark('patient-id'),
        diagnosis: mark('diagnosis'), treatmentPlan: mark('plan'), prescription: mark('prescription'),
      });
      await expect(author.page.getByText(words.draft.saved).first()).toBeVisible();
      await author.addFiles([file]);
      await author.filesUploaded([file]);
      await author.complete();
    });
    await test.step('changed, as its next version', async () => {
      await author.editReport();
      await author.field(words.draft.diagnosis).fill(mark('second-diagnosis'));
      const added = textFile(`${mark('second-file-name')}.txt`, `${mark('second-file-content')}\n`.repeat(500));
      await author.addFiles([added]);
      await author.filesUploaded([added]);
      await author.saveVersion(2);
    });
    await test.step('searched for, shared, redeemed, read, downloaded, revoked, re-keyed', async () => {
      await author.goTo('reports');
      await author.page.getByRole('searchbox', { name: words.reports.search }).fill(title);
      await expect(author.page.getByRole('link', { name: title }).first()).toBeVisible();
      await author.openReport(title);
      const code = await author.shareWith(clinic.doctor.name);
      marks.push(code, code.replaceAll('-', ''));
      const reader = await Person.signedIn(browser, clinic.origin, clinic.doctor);
      await reader.redeem(clinic.author.name, code);
      const download = reader.page.waitForEvent('download');
      await reader.button(words.report.download(file.name)).click();
      expect(sameAs(file, await (await download).path())).toBe(true);
      await author.openReport(title);
      await author.revoke(clinic.doctor.name);
      await expect(author.page.getByText(words.report.keysChanged).first()).toBeVisible({ timeout: 60_000 });
    });
    await test.step('a patient is invited with a secret', async () => {
      await author.openReport(title);
      await author.button(words.report.invite).click();
      const dialog = author.page.getByRole('dialog');
      const email = dialog.getByLabel(words.report.inviteEmail);
      const patient = clinic.stranger('Runa Eide', 'patient');
      if (await email.count()) await email.fill(patient.email);
      await dialog.getByRole('button', { name: words.report.inviteMake }).click();
      const link = await dialog.getByRole('textbox', { name: words.report.inviteLink }).inputValue();
      const secret = /secret=([A-Za-z0-9_-]+)/.exec(link)?.[1] ?? '';
      expect(secret.length).toBeGreaterThanOrEqual(43);
      marks.push(secret);
      const arrived = await Person.at(browser, clinic.origin, patient);
      await arrived.signUp(link);
      marks.push(patient.password, ...phrases(patient.kit ?? []));
      await arrived.openReport(title);
    });
    await test.step('the same with hs', async () => {
      const writer = new Hs(clinic.origin, clinic.author);
      const reader = new Hs(clinic.origin, clinic.doctor);
      hs.push(writer, reader);
      await writer.run(['login', '--email', clinic.author.email]);
      const native = textFile(`${mark('hs-file-name')}.txt`, `${mark('hs-content')}\n`.repeat(500));
      const pushed = await writer.run(['push', native.path, '--title', mark('hs-title'), '--patient-name', mark('hs-patient'),
        '--patient-id', mark('hs-patient-id'), '--diagnosis', mark('hs-diagnosis')]);
      const report = text(pushed, 'report_id');
      const shared = await writer.run(['share', report, '--with', clinic.doctor.email]);
      const code = text(shared, 'code');
      marks.push(code);
      await reader.run(['login', '--email', clinic.doctor.email]);
      await reader.run(['redeem', text(shared, 'grant_id')], { '--code-fd': code });
      const out = join(reader.home, 'out');
      mkdirSync(out);
      await reader.run(['pull', report, '--out', out]);
      expect(find(out, native.name).some((path) => sameAs(native, path)), 'hs reads what hs wrote').toBe(true);
      await writer.run(['revoke', report, text(shared, 'grant_id')]);
      await writer.run(['edit', report, '--treatment-plan', mark('hs-second-plan')]);
      await writer.run(['restore', report, '1']);
    });

    await clinic.server.stop();
    const search = new MarkSearch([...new Set(marks)]);
    expect(marks.length).toBeGreaterThan(20);
    const log = Buffer.from(clinic.server.log);
    const sent = () => proxy.requests.flatMap((r) => [
      ...search.bytes(`${r.method} ${r.url} (head)`, r.head),
      ...search.bytes(`${r.method} ${r.url} (body)`, r.body),
    ]);
    expect(proxy.requests.filter((r) => r.body.length > 0).length, 'the proxy saw bodies').toBeGreaterThan(20);
    expect(log.length, 'the log has something to search').toBeGreaterThan(50);
    await test.step('no mark on disk, in the log or in any request', () => {
      expect(readable(search.folder(clinic.server.data))).toEqual([]);
      expect(readable(search.bytes('server log', log))).toEqual([]);
      expect(readable(sent())).toEqual([]);
    });
    await test.step('no mark in what hs left on disk, except its downloads', () => {
      for (const { home } of hs) {
        const kept = find(home, '').filter((path) => !path.startsWith(join(home, 'out')));
        expect(readable(kept.flatMap((path) => search.bytes(path, readFileSync(path))))).toEqual([]);
      }
    });
    await test.step('the same search finds marks that are planted in the same places', async () => {
      const planted = Buffer.from(`{"x":"${Buffer.from(`. ${title}`).toString('base64url')}"}`);
      await fetch(`${proxy.origin}/api/v1/drafts`, { method: 'POST', body: gzipSync(planted) }).catch(() => undefined);
      expect(readable(sent()).join()).toContain(title);
      appendFileSync(join(clinic.server.data, 'healthsecure.db'), Buffer.from(title, 'utf16le'));
      writeFileSync(join(clinic.server.data, 'planted'), encodeURIComponent(file.name));
      const found = search.folder(clinic.server.data);
      expect(new Set(found.map((f) => f.mark)).size).toBe(2);
      expect(found.some((f) => f.where.endsWith('healthsecure.db'))).toBe(true);
    });
  } finally {
    for (const one of hs) one.remove();
    await clinic.close();
    await proxy.stop();
  }
});

/** The kit whole, and each run of four words: a part of it would be bad enough. */
function phrases(kit: string[]): string[] {
  return kit.length < 24 ? [] : [0, 4, 8, 12, 16, 20].map((from) => kit.slice(from, from + 4).join(' '));
}

function readable(findings: Finding[]): string[] {
  return findings.map((f) => `${f.mark} as ${f.dress} in ${f.where} at ${f.offset}`);
}

function text(answer: unknown, key: string): string {
  const value = (answer as Record<string, unknown> | undefined)?.[key];
  if (typeof value !== 'string') throw new Error(`hs answered no “${key}”: ${JSON.stringify(answer)}`);
  return value;
}

function find(folder: string, ending: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile() && e.name.endsWith(ending)).map((e) => join(e.parentPath, e.name));
}
