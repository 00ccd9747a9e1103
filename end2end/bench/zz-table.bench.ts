// The table, once everything has run.
import { cpus } from 'node:os';
import { test } from '@playwright/test';
import { table } from './results.ts';

test('the table of docs/benchmarks.md', () => {
  const { model } = cpus()[0] ?? { model: 'unknown' };
  console.log(`\n${table()}\n\n${cpus().length} × ${model}`);
});
