// A file of 10 GiB (HEALTHSECURE_BENCH_GIB says another size): what it takes of the memory of browser, server and hs, both ways.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type Page } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { Hs } from '../support/hs.ts';
import { Person } from '../support/person.ts';
import { words } from '../support/words.ts';
import { record } from './results.ts';

const GIB = 1024 ** 3;
const SIZE = Number(process.env.HEALTHSECURE_BENCH_GIB ?? 10) * GIB;
const HOUR = 3_600_000;
const MOST = 96;

const folder = mkdtempSync(join(tmpdir(), 'healthsecure-large-'));
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.beforeEach(() => {
  const { bavail, bsize } = statfsSync(folder);
  // The server's copy, what the browser keeps of the download before, the file that waits for the archive, and that; or what hs writes.
  test.skip(bavail * bsize < 4.2 * SIZE, `SKIPPED: ${SIZE / GIB} GiB need ${Math.ceil((4.2 * SIZE) / GIB)} GiB of disk below ${folder}`);
});

/** A file of this size that takes no disk. */
function sparse(name: string, size: number): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, size);
  return path;
}

/** KiB of a renderer that it shares with nobody; of the largest. */
function rendererMemory(): number {
  const resident = (pid: string) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) return 0;
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(rollup)?.[1] ?? 0);
      return of('Private_Clean') + of('Private_Dirty');
    } catch {
      return 0;
    }
  };
  return Math.max(...readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(resident));
}

/** How much a renderer grows meanwhile, in MiB, and how many seconds it takes. */
async function growth(work: () => Promise<void>): Promise<{ mib: number; before: number; seconds: number }> {
  const before = rendererMemory();
  let [peak, done] = [before, false];
  const started = performance.now();
  const working = work().finally(() => (done = true));
  while (!done) {
    peak = Math.max(peak, rendererMemory());
    await new Promise((next) => setTimeout(next, 150));
  }
  await working;
  return { mib: (peak - before) / 1024, before: before / 1024, seconds: (performance.now() - started) / 1000 };
}

/**
 * Ends what Playwright has the browser do for its inspector: to keep the body of every request of page and workers, tens of
 * kilobytes a segment, which nobody’s browser keeps. By Playwright's own objects, as no other session can switch it off.
 */
async function unwatched(page: Page): Promise<void> {
  interface Session { send(method: string): Promise<unknown> }
  interface Frame { _client: Session; _workerSessions: Map<string, Session> }
  interface Inside { _connection: { toImpl(page: Page): { delegate: { _mainFrameSession: Frame } } } }
  const { _client, _workerSessions } = (page as unknown as Inside)._connection.toImpl(page).delegate._mainFrameSession;
  for (const session of [_client, ..._workerSessions.values()]) await session.send('Network.disable');
}

async function upload(page: Page, path: string, done: number): Promise<void> {
  await page.locator('input[type=file]').first().setInputFiles(path);
  // Exactly: that files are sealed before they are uploaded stands there from the start.
  await page.getByText(words.draft.fileDone, { exact: true }).nth(done - 1).waitFor({ timeout: HOUR });
}

/** By the button of this name. */
async function download(person: Person, name: string): Promise<void> {
  const download = person.page.waitForEvent('download', { timeout: HOUR });
  await person.button(name).click();
  // All of it was verified by then; what the browser does now is copying.
  await (await download).cancel();
}

test('a4, a5, a6, e3: a large file through the browser', async ({ browser, playwright }, { project }) => {
  test.setTimeout(2 * HOUR);
  const clinic = await Clinic.open(browser);
  // One that keeps files on its disk, as people's do; in a private window they lie in memory.
  const home = { ...project.use.launchOptions, headless: true, locale: 'en-GB', baseURL: clinic.origin, acceptDownloads: true };
  const context = await playwright.chromium.launchPersistentContext(join(folder, 'profile'), home);
  try {
    const author = await Person.in(context, clinic.origin, clinic.author);
    await author.context.addInitScript(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
    await author.signIn();
    await author.beginReport({ title: 'Large', patientName: 'Large' });
    // The workers run and have warmed up: what comes now is growth.
    await upload(author.page, sparse('warm-up.bin', 100_000_000), 1);
    await unwatched(author.page);
    const up = await growth(() => upload(author.page, sparse('large.bin', SIZE), 2));
    const rate = (seconds: number) => `${(SIZE / 1024 ** 2 / seconds).toFixed(0)} MiB/s`;
    const target = { at: 'most' as const, value: MOST };
    record({ id: 'a4', what: `browser: renderer’s growth while ${SIZE / GIB} GiB are sealed and uploaded`, value: up.mib, unit: 'MiB', target, beside: `${rate(up.seconds)}, ${up.before.toFixed(0)} MiB before` });
    await author.complete();
    await download(author, words.report.download('warm-up.bin'));
    await unwatched(author.page);
    const down = await growth(() => download(author, words.report.download('large.bin')));
    record({ id: 'a5', what: `browser: renderer’s growth while ${SIZE / GIB} GiB are fetched, opened and written`, value: down.mib, unit: 'MiB', target, beside: `${rate(down.seconds)}, ${down.before.toFixed(0)} MiB before` });
    await author.goTo('settings');
    await author.page.getByRole('link', { name: words.data.tab }).click();
    await unwatched(author.page);
    const all = await growth(() => download(author, words.data.start));
    record({ id: 'a6', what: `browser: renderer’s growth while all that one has, ${SIZE / GIB} GiB, is taken along as one archive`, value: all.mib, unit: 'MiB', target, beside: `${rate(all.seconds)}, ${all.before.toFixed(0)} MiB before` });
    record({ id: 'e3', what: `server: most memory meanwhile`, value: clinic.server.peak() / 1024, unit: 'MiB', target: { at: 'most', value: 128 } });
  } finally {
    await context.close();
    await clinic.close();
  }
});

test('b7, b8: a large file through hs', async ({ browser }) => {
  test.setTimeout(2 * HOUR);
  const clinic = await Clinic.open(browser);
  const hs = new Hs(clinic.origin, clinic.author);
  try {
    await hs.run(['login', '--email', clinic.author.email]);
    const measured = async (id: string, what: string, args: string[]): Promise<unknown> => {
      execFileSync('sync');
      let peak = 0;
      const started = performance.now();
      const answer = await hs.runWatched(args, (process) => {
        const look = setInterval(() => {
          try {
            const status = readFileSync(`/proc/${process.pid}/status`, 'utf8');
            peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
          } catch {
            clearInterval(look);
          }
        }, 200);
        process.on('exit', () => clearInterval(look));
      });
      const seconds = (performance.now() - started) / 1000;
      const beside = `${(SIZE / 1024 ** 2 / seconds).toFixed(0)} MiB/s with sign-in; 64 MiB of it are Argon2id's`;
      record({ id, what: `${what} ${SIZE / GIB} GiB: most memory of hs`, value: peak / 1024, unit: 'MiB', beside });
      return answer;
    };
    const pushed = (await measured('b7', 'hs push of', ['push', sparse('native.bin', SIZE), '--patient-name', 'Large'])) as { report_id: string };
    await measured('b8', 'hs pull of', ['pull', pushed.report_id, '--out', join(folder, 'pulled')]);
  } finally {
    hs.remove();
    await clinic.close();
  }
});
