// Where figures go: printed as they come, and kept for the table at the end.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/server.ts';

const path = join(root, 'target/bench.json');

export interface Figure {
  id: string;
  what: string;
  value: number;
  unit: string;
  /** Whether it is good enough; absent where there is nothing to reach. */
  target?: { at: 'least' | 'most'; value: number };
  /** What it was measured against, in numbers. */
  beside?: string;
}

export function record(figure: Figure): void {
  const all = recorded().filter((f) => f.id !== figure.id);
  mkdirSync(join(root, 'target'), { recursive: true });
  writeFileSync(path, JSON.stringify([...all, figure], null, 2));
  console.log(row(figure));
}

export function recorded(): Figure[] {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Figure[]) : [];
}

export function reached({ value, target }: Figure): boolean | undefined {
  if (!target) return undefined;
  return target.at === 'least' ? value >= target.value : value <= target.value;
}

function row(figure: Figure): string {
  const { id, what, value, unit, target, beside } = figure;
  const wanted = target ? `${target.at === 'least' ? '≥' : '≤'} ${target.value} ${unit}`.trim() : '';
  const verdict = { true: 'reached', false: 'FALLS SHORT', undefined: '' }[String(reached(figure))];
  return `| ${id} | ${what} | ${round(value)} ${unit} | ${wanted} | ${verdict} | ${beside ?? ''} |`;
}

/** The table of docs/benchmarks.md. */
export function table(): string {
  const head = '| | What | Measured | Target | | Beside |\n|---|---|---|---|---|---|';
  const rows = recorded().sort((a, b) => a.id.localeCompare(b.id)).map(row);
  return [head, ...rows].join('\n');
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
