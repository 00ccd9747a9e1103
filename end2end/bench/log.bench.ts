// (g) the log: what it costs to append, to prove, to verify in a browser, and to audit every read.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { Person } from '../support/person.ts';
import { root } from '../support/server.ts';
import { words } from '../support/words.ts';
import { databases } from './databases.ts';
import { fill } from './fill.ts';
import { load } from './load.ts';
import { median, record } from './results.ts';

const examples = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release/examples');

function lines<T>(program: string, args: string[]): T[] {
  const said = execFileSync(join(examples, program), args, { encoding: 'utf8' });
  return said.trim().split('\n').map((line) => JSON.parse(line) as T);
}

for (const { name, mark, server } of databases) {
  test(`g1${mark}: appending, ${name}`, () => {
    test.setTimeout(600_000);
    const rounds = lines<{ recorded: number; sequenced: number; bare: number }>('append', server);
    const ratio = (of: 'recorded' | 'sequenced') => median(rounds.map((round) => round[of] / round.bare));
    const rate = (of: 'recorded' | 'sequenced' | 'bare') => `${median(rounds.map((round) => round[of])).toFixed(0)} /s`;
    record({ id: `g1${mark}`, what: `${name}: events recorded and sequenced ÷ bare inserts of the same rows, 512 a transaction`, value: ratio('sequenced'), unit: '', target: { at: 'least', value: 0.5 }, beside: `${rate('sequenced')}, bare ${rate('bare')}` });
    record({ id: `g1${mark}b`, what: `${name}: events recorded, sequenced later ÷ the same`, value: ratio('recorded'), unit: '', beside: rate('recorded') });
  });
}

/** Bytes, and nanoseconds. */
interface Cost {
  bytes: number;
  make: number;
  verify: number;
}

interface Proof extends Cost {
  leaves: number;
  tiles: number;
  /** That the tree begins with one of a leaf more than half as many. */
  consistency: Cost;
}

test('g2: proving', () => {
  test.setTimeout(600_000);
  const sizes = [10_000, 1_000_000, 10_000_000];
  const found = lines<Proof>('proofs', ['--json', ...sizes.map(String)]);
  const took = ({ make, verify }: Cost, from = '') => `made in ${(make / 1000).toFixed(1)} µs${from}, verified in ${(verify / 1000).toFixed(1)} µs`;
  for (const { leaves, tiles, consistency, ...inclusion } of found) {
    const levels = Math.ceil(Math.log2(leaves));
    record({ id: `g2-${leaves}`, what: `inclusion proof among ${leaves} leaves`, value: inclusion.bytes, unit: 'bytes', target: { at: 'most', value: 32 * levels }, beside: took(inclusion, ` from ${tiles} tiles`) });
    // One hash for each level, and the one that it begins with.
    record({ id: `g2c-${leaves}`, what: `consistency proof of ${leaves} leaves with half as many`, value: consistency.bytes, unit: 'bytes', target: { at: 'most', value: 32 * (levels + 1) }, beside: took(consistency) });
  }
  // What grows with the number itself would be 1,000 times as much.
  const growth = (of: (proof: Proof) => number) => of(found.at(-1)!) / of(found[0]!);
  const levels = Math.log2(sizes.at(-1)!) / Math.log2(sizes[0]!);
  for (const [id, kind, of] of [['g2-growth', 'an inclusion', (proof: Proof): Cost => proof], ['g2c-growth', 'a consistency', (proof: Proof): Cost => proof.consistency]] as const) {
    record({ id, what: `from 10^4 to 10^7 leaves: how many times as long ${kind} proof takes to make, and to verify`, value: Math.max(growth((proof) => of(proof).make), growth((proof) => of(proof).verify)), unit: '×', target: { at: 'most', value: 10 }, beside: `its bytes ${growth((proof) => of(proof).bytes).toFixed(2)} ×, levels ${levels.toFixed(2)} ×` });
  }
});

test('g3: verifying 1,000 events in the browser', async ({ browser }) => {
  test.setTimeout(600_000);
  const clinic = await Clinic.open(browser);
  try {
    const { token, report, reads } = await fill(clinic, clinic.author, 1, 985);
    await read(`${clinic.origin}/api/v1/reports/${report}`, token, reads);
    const author = await Person.at(browser, clinic.origin, clinic.author);
    await author.page.addInitScript(watch);
    await author.signIn();
    const looks: Record<'cold' | 'warm' | 'alone', Look[]> = { cold: [], warm: [], alone: [] };
    for (let round = 0; round < 3; round++) {
      // A session of its own: the client has read none of the tree.
      await author.page.goto(`/reports/${report}`);
      await author.heading(words.signIn.locked).waitFor();
      looks.cold.push(await shown(author, () => author.unlock()));
      for (let again = 0; again < 3; again++) {
        await author.goTo('reports');
        looks.warm.push(await shown(author, () => author.page.goBack()));
      }
    }
    // A page that never hears of a change asks once: then all that it verifies comes after the last byte.
    await author.page.route('**/api/v1/live', () => {});
    for (let round = 0; round < 5; round++) {
      await author.page.goto(`/reports/${report}`);
      await author.heading(words.signIn.locked).waitFor();
      looks.alone.push(await shown(author, () => author.unlock()));
    }
    const of = (kind: keyof typeof looks, key: keyof Look) => median(looks[kind].map((look) => look[key]));
    const most = Math.max(...looks.alone.map((look) => look.loads));
    record({ id: 'g3t', what: 'browser: verifying 1,000 events, all of it, in a new session that asks for them once: from their last byte to their marks', value: of('alone', 'verified'), unit: 'ms', target: { at: 'most', value: 200 }, beside: `${of('alone', 'busy').toFixed(0)} ms of it in tasks of more than 50 ms; ${of('alone', 'files')} files of the log fetched meanwhile; ${of('alone', 'events')} events, asked for ${most === 1 ? 'once' : `up to ${most} times`}` });
    for (const [id, kind] of [['g3', 'cold'], ['g3w', 'warm']] as const) {
      record({ id, what: `browser: from the last byte of 1,000 events to their marks, tiles ${kind}`, value: of(kind, 'verified'), unit: 'ms', target: { at: 'most', value: 200 }, beside: `${of(kind, 'events')} events in ${of(kind, 'fetched').toFixed(0)} ms before; ${of(kind, 'files')} files of the log fetched meanwhile; asked for up to ${Math.max(...looks[kind].map((look) => look.loads))} times` });
    }
  } finally {
    await clinic.close();
  }
});

for (const { name, mark, fresh } of databases) {
  test(`g4${mark}: audited reads, ${name}`, async ({ browser }) => {
    test.setTimeout(900_000);
    test.skip(!existsSync('/usr/bin/wrk'), 'SKIPPED: wrk is not installed (apt-get install wrk)');
    const rates: Record<'on' | 'off', number[]> = { on: [], off: [] };
    // One program with and without, in turns.
    for (const audit of ['on', 'off', 'off', 'on', 'on', 'off'] as const) {
      const env = { ...fresh(), HEALTHSECURE_AUDIT_READS: audit };
      const clinic = await Clinic.open(browser, { binary: join(examples, 'unaudited'), env });
      try {
        const { token, report, reads } = await fill(clinic, clinic.author, 1);
        const found = await load(`${clinic.origin}/api/v1/reports/${report}`, token, reads[0]!);
        expect(found.errors).toBe(0);
        rates[audit].push(found.perSecond);
      } finally {
        await clinic.close();
      }
    }
    const [on, off] = [median(rates.on), median(rates.off)];
    record({ id: `g4${mark}`, what: `${name}: audited reads a second ÷ the same reads unaudited, 32 connections`, value: on / off, unit: '', target: { at: 'least', value: 0.7 }, beside: `${on.toFixed(0)} /s, unaudited ${off.toFixed(0)} /s` });
  });
}

/** So many reads, each an event of the report. */
async function read(url: string, token: string, requests: string[]): Promise<void> {
  for (let done = 0; done < requests.length; done += 5) {
    const some = requests.slice(done, done + 5);
    const headers = (signed: string) => ({ authorization: `Bearer ${token}`, 'healthsecure-read-request': signed });
    const answers = await Promise.all(some.map((signed) => fetch(url, { headers: headers(signed) })));
    expect(answers.every((answer) => answer.ok)).toBe(true);
  }
}

interface Look {
  /** Milliseconds from the last byte of the events until their list is there. */
  verified: number;
  /** From the first request for them to that byte. */
  fetched: number;
  events: number;
  files: number;
  /** How often the events were asked for by then. */
  loads: number;
  /** Of `verified`, how long the page's thread was held in tasks of more than 50 ms. */
  busy: number;
}

/** What the page keeps of itself. */
interface Watched {
  listed?: Element;
  listedAt?: number[];
  tasks?: PerformanceObserver;
  long?: PerformanceEntry[];
}

/** In the page: notes when a list of events appears. It is loaded again where the report changed meanwhile. */
function watch(): void {
  performance.setResourceTimingBufferSize(10_000);
  const known = window as unknown as Watched;
  const long: PerformanceEntry[] = [];
  known.long = long;
  known.tasks = new PerformanceObserver((list) => void long.push(...list.getEntries()));
  known.tasks.observe({ type: 'longtask', buffered: true });
  const note = () => {
    const list = document.querySelector('ul[aria-label="Who opened it"]');
    if (!list || list === known.listed) return;
    known.listed = list;
    (known.listedAt ??= []).push(performance.now());
  };
  new MutationObserver(note).observe(document, { childList: true, subtree: true });
}

async function shown(person: Person, begin: () => Promise<unknown>): Promise<Look> {
  const since = await person.page.evaluate(() => performance.now());
  await begin();
  await person.page.getByRole('list', { name: 'Who opened it' }).waitFor({ timeout: 60_000 });
  // A task is told of when it is over.
  await person.page.waitForTimeout(300);
  return person.page.evaluate((since) => {
    const { listedAt, tasks, long } = window as unknown as Watched;
    const at = listedAt?.find((time) => time > since) ?? Number.NaN;
    const all = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const of = (part: string) => all.filter((entry) => entry.name.includes(part) && entry.startTime >= since && entry.responseEnd <= at);
    const pages = of('/events').filter((entry) => entry.name.includes('/api/v1/reports/'));
    // The load that was shown: from the newest first page on, which names no `before`.
    const begun = pages.filter((entry) => !entry.name.includes('before')).map((entry) => entry.startTime);
    const first = Math.max(...begun);
    const shown = pages.filter((entry) => entry.startTime >= first);
    const last = Math.max(...shown.map((entry) => entry.responseEnd));
    const files = of('/log/events/').filter((entry) => entry.startTime >= last);
    const held = [...(long ?? []), ...(tasks?.takeRecords() ?? [])];
    const busy = held.reduce((sum, task) => sum + Math.max(0, Math.min(task.startTime + task.duration, at) - Math.max(task.startTime, last)), 0);
    const events = (new Set(shown.map((entry) => entry.name)).size - 1) * 100;
    return { verified: at - last, fetched: last - first, events, files: files.length, loads: begun.length, busy };
  }, since);
}
