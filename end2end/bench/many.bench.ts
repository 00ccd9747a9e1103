// (j) Many reports: pages and openings a second, each authorised and recorded, on the same two cores as who asks; on both
// databases; and by three servers beside one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type Browser } from '@playwright/test';
import { Bucket } from '../support/bucket.ts';
import { Clinic } from '../support/clinic.ts';
import { freePort, Server } from '../support/server.ts';
import { databases } from './databases.ts';
import { examples, fill, run } from './fill.ts';
import { k6, loadInTurn, loadInTurnByK6, type Load, type Signed } from './load.ts';
import { median, record } from './results.ts';

const SIZES = [1_000, 10_000, 100_000];
/** Reports that the honest client writes; the others are copies of them (server/examples/copies.rs). */
const WRITTEN = 100;
/** Reports that are opened in turn, and places in the list from which pages are asked for in turn where many pages are. */
const SAMPLE = 500;
/** Places for pages from anywhere: as many as the smallest list has pages, so that caches hold the same number of them among all. */
const PLACES = 10;
/** How many times as much a page may cost among 100,000 reports as among 1,000. */
const GROWTH = 1.3;

const withoutWrk = [!existsSync('/usr/bin/wrk'), 'SKIPPED: wrk is not installed (apt-get install wrk)'] as const;

/** What is asked for in turn. */
const kinds = ['first', 'any', 'spread', 'open'] as const;
type Kind = (typeof kinds)[number];
/** A second. */
type Rates = Record<Kind, number>;

const words: Record<Kind, string> = { first: 'first page of 100 rows', any: 'page of 100 rows from anywhere', spread: `${SAMPLE} pages from anywhere in turn`, open: 'a report with its fields opened, two requests' };

interface Asking {
  token: string;
  requests: Record<Kind, Signed[]>;
}

/** A clinic whose author can be given more reports. */
class Growing {
  private reports = WRITTEN;

  private constructor(
    readonly clinic: Clinic,
    private readonly database: string,
  ) {}

  static async open(browser: Browser, env: NodeJS.ProcessEnv): Promise<Growing> {
    const clinic = await Clinic.open(browser, { env });
    await fill(clinic, clinic.author, WRITTEN);
    return new Growing(clinic, env.HEALTHSECURE_DATABASE ?? `sqlite:${join(clinic.server.data, 'healthsecure.db')}`);
  }

  /** So many reports in all. The server doesn't run meanwhile. */
  async grow(to: number): Promise<Asking> {
    const { server, origin, author } = this.clinic;
    await server.stop();
    const copied = await run(join(examples, 'copies'), [this.database, String(to - this.reports), String(SAMPLE)]);
    this.reports = to;
    await server.restart();
    const ids = JSON.parse(copied) as string[];
    const signed = await run(join(examples, 'requests'), [origin, author.email], [author.password, ...ids, ''].join('\n'));
    const { token, listed, opens } = JSON.parse(signed) as { token: string; listed: string; opens: Signed[] };
    const page = (query: string) => ({ path: `/api/v1/reports?limit=100${query}`, signed: listed });
    const head = await this.head(page(''), token);
    const anywhere = (count: number) => {
      const places = Array.from({ length: count }, (_, i) => 100 + Math.floor(((head - 100) * (i + 1)) / count));
      // In no order: who leafs through a list would find the next page warm.
      return places.map((_, i) => page(`&before=${places[(i * 211) % count]}`));
    };
    return { token, requests: { first: [page('')], any: anywhere(PLACES), spread: anywhere(SAMPLE), open: opens } };
  }

  private async head({ path, signed }: Signed, token: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}`, 'healthsecure-read-request': signed };
    const answer = await fetch(this.clinic.origin + path, { headers });
    const { items, head } = (await answer.json()) as { items: unknown[]; head: number };
    expect(items.length).toBe(100);
    expect(head).toBeGreaterThanOrEqual(this.reports);
    return head;
  }

  get port(): string {
    return new URL(this.clinic.origin).port;
  }
}

/** Once to warm up, once that counts. */
async function measured(ports: string[], { token, requests }: Asking, kind: Kind): Promise<Load> {
  let found = await loadInTurn(ports, token, requests[kind]);
  found = await loadInTurn(ports, token, requests[kind]);
  expect(found.errors).toBe(0);
  return { ...found, perSecond: found.perSecond / (kind === 'open' ? 2 : 1) };
}

/** A page of the list and an opening, as k6 counts them: the median of three, on what is warm by then. Gives pages a second. */
async function recordByK6(growing: Growing, { token, requests }: Asking, name: string, id: string, size: number): Promise<number> {
  const rate = async (kind: 'first' | 'open') => {
    const loads: Load[] = [];
    for (let i = 0; i < 3; i++) loads.push(await loadInTurnByK6([growing.port], token, requests[kind]));
    expect(loads.map(({ errors }) => errors)).toEqual([0, 0, 0]);
    const { p99, bytes } = loads.at(-1)!;
    const value = median(loads.map(({ perSecond }) => perSecond)) / (kind === 'open' ? 2 : 1);
    record({ id: `${id}-${kind}-${size}-k6`, what: `API, ${name}, ${size} reports: ${words[kind]}, by k6`, value, unit: '/s', beside: `p99 ${p99}, ${bytes} bytes an answer` });
    return value;
  };
  const pages = await rate('first');
  await rate('open');
  return pages;
}

/** What a page costs must not grow with the number of reports. */
function recordGrowth(id: string, what: string, few: number, many: number, wanted: boolean): void {
  const target = wanted ? { target: { at: 'most' as const, value: GROWTH } } : {};
  record({ id, what: `${what}, cost among ${SIZES.at(-1)} reports ÷ among ${SIZES[0]}`, value: few / many, unit: '×', ...target, beside: `${few.toFixed(0)} /s, ${many.toFixed(0)} /s` });
}

/** By database, among the most reports. */
const most = new Map<string, Rates>();

for (const { name, mark, fresh } of databases) {
  test(`j1${mark}: many reports, ${name}`, async ({ browser }) => {
    test.setTimeout(3_600_000);
    test.skip(...withoutWrk);
    const growing = await Growing.open(browser, fresh());
    const rates: Rates[] = [];
    const byK6: number[] = [];
    try {
      for (const size of SIZES) {
        const asking = await growing.grow(size);
        const at: Partial<Rates> = {};
        for (const kind of kinds) {
          const { perSecond, p99, bytes } = await measured([growing.port], asking, kind);
          at[kind] = perSecond;
          record({ id: `j1${mark}-${kind}-${size}`, what: `API, ${name}, ${size} reports: ${words[kind]}`, value: perSecond, unit: '/s', beside: `p99 ${p99}, ${bytes} bytes an answer` });
        }
        rates.push(at as Rates);
        if (existsSync(k6)) byK6.push(await recordByK6(growing, asking, name, `j1${mark}`, size));
        else console.warn('WITHOUT K6: what it counts is left out (scripts/setup bench)');
      }
    } finally {
      await growing.clinic.close();
    }
    const [few, many] = [rates[0]!, rates.at(-1)!];
    most.set(mark, many);
    // What many cost that no cache holds, and an opening, is printed beside.
    for (const kind of kinds) recordGrowth(`j1${mark}-growth-${kind}`, `API, ${name}: ${words[kind]}`, few[kind], many[kind], kind === 'first' || kind === 'any');
    if (byK6.length > 0) recordGrowth(`j1${mark}-growth-first-k6`, `API, ${name}: ${words.first}, by k6`, byK6[0]!, byK6.at(-1)!, true);
  });
}

test('j2: PostgreSQL beside SQLite', () => {
  const [sqlite, postgres] = [most.get(''), most.get('p')];
  test.skip(!sqlite || !postgres, 'SKIPPED: one of them was not measured');
  for (const kind of kinds) {
    record({ id: `j2-${kind}`, what: `API, ${SIZES.at(-1)} reports, PostgreSQL ÷ SQLite: ${words[kind]}`, value: postgres![kind] / sqlite![kind], unit: '', beside: `${postgres![kind].toFixed(0)} /s, ${sqlite![kind].toFixed(0)} /s` });
  }
});

test('j3: three servers beside one, PostgreSQL', async ({ browser }) => {
  test.setTimeout(1_800_000);
  test.skip(...withoutWrk);
  const postgres = databases.find(({ mark }) => mark === 'p');
  test.skip(!postgres, 'SKIPPED: there is no PostgreSQL');
  const bucket = await Bucket.start();
  const env = { ...postgres!.fresh(), ...bucket.env() };
  let growing: Growing | undefined;
  const others: Server[] = [];
  try {
    growing = await Growing.open(browser, env);
    const ports = [growing.port];
    const asking = await growing.grow(10_000);
    for (let i = 0; i < 2; i++) {
      const port = await freePort();
      others.push(await Server.start({ env, beside: growing.clinic.server, behind: { origin: growing.clinic.origin, port } }));
      ports.push(String(port));
    }
    for (const kind of ['first', 'open'] as const) {
      const rates: Record<'one' | 'three', number[]> = { one: [], three: [] };
      for (const servers of ['one', 'three', 'three', 'one', 'one', 'three'] as const) {
        const { perSecond } = await measured(servers === 'one' ? ports.slice(0, 1) : ports, asking, kind);
        rates[servers].push(perSecond);
      }
      const [one, three] = [median(rates.one), median(rates.three)];
      record({ id: `j3-${kind}`, what: `API, PostgreSQL, 10000 reports, three servers ÷ one on the same cores: ${words[kind]}`, value: three / one, unit: '', beside: `${three.toFixed(0)} /s, ${one.toFixed(0)} /s` });
    }
  } finally {
    for (const server of others) await server.remove();
    await growing?.clinic.close();
    await bucket.stop();
  }
});
