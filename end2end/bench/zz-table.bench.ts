// The table, once everything has run. What falls short of its target fails here, when all of it has been measured.
import { cpus } from 'node:os';
import { expect, test } from '@playwright/test';
import { reached, recorded, table } from './results.ts';

test('the table of docs/benchmarks.md', () => {
  const { model } = cpus()[0] ?? { model: 'unknown' };
  console.log(`\n${table()}\n\n${cpus().length} × ${model}`);
  const short = recorded().filter((figure) => reached(figure) === false);
  expect(short.map(({ id, what }) => `${id}: ${what}`), 'what falls short').toEqual([]);
});
