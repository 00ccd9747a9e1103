// (d) first load, (e) start and idle memory, (f) the API under load beside its client, on the same two cores.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { pause, root, Server } from '../support/server.ts';
import { databases } from './databases.ts';
import { fill } from './fill.ts';
import { load } from './load.ts';
import { median, record } from './results.ts';

test('d: first load', () => {
  const said = execFileSync('cargo', ['xtask', 'size'], { cwd: root, encoding: 'utf8' });
  const bytes = Number(/^first load: (\d+) bytes/m.exec(said)?.[1]);
  expect(bytes).toBeGreaterThan(100_000);
  record({ id: 'd', what: 'first load: WASM, JavaScript, CSS with brotli', value: bytes / 1024, unit: 'KiB', target: { at: 'most', value: 500 } });
});

test('e: start and idle memory', async () => {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    const server = await Server.start();
    times.push((performance.now() - started) / 1000);
    if (i === 4) {
      await pause(5000);
      record({ id: 'e2', what: 'memory when idle', value: server.memory() / 1024, unit: 'MiB', target: { at: 'most', value: 64 } });
    }
    await server.remove();
  }
  record({ id: 'e1', what: 'start until the first answer, empty data folder', value: median(times), unit: 's', target: { at: 'most', value: 0.5 } });
});

for (const { name, mark, fresh } of databases) {
  test(`f${mark}: the API under load, ${name}`, async ({ browser }) => {
    test.setTimeout(300_000);
    test.skip(!existsSync('/usr/bin/wrk'), 'SKIPPED: wrk is not installed (apt-get install wrk)');
    const clinic = await Clinic.open(browser, { env: fresh() });
    // What is promised is of SQLite; on PostgreSQL it is printed beside.
    const wanted = (value: number) => (mark ? {} : { target: { at: 'least' as const, value } });
    try {
      const { token, report, listed, reads } = await fill(clinic, clinic.author, 100);
      const list = await load(`${clinic.origin}/api/v1/reports?limit=100`, token, listed);
      record({ id: `f1${mark}`, what: `API, ${name}: first page of 100 rows`, value: list.perSecond, unit: '/s', ...wanted(300), beside: `p99 ${list.p99}, ${list.bytes} bytes each, ${list.errors} errors` });
      const one = await load(`${clinic.origin}/api/v1/reports/${report}`, token, reads[0]!);
      record({ id: `f2${mark}`, what: `API, ${name}: one report’s metadata, each read durable in the audit`, value: one.perSecond, unit: '/s', ...wanted(2000), beside: `p99 ${one.p99}, ${one.bytes} bytes each, ${one.errors} errors` });
      expect(list.errors + one.errors).toBe(0);
    } finally {
      await clinic.close();
    }
  });
}
