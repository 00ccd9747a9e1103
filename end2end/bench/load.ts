// Requests a second, as wrk and k6 count them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../support/server.ts';
import { run } from './fill.ts';

export interface Load {
  perSecond: number;
  p99: string;
  bytes: number;
  errors: number;
}

/** 32 connections for ten seconds. */
export async function load(url: string, token: string, signed: string): Promise<Load> {
  return wrk(['-t', '2', '-c', '32', '-H', `Authorization: Bearer ${token}`, '-H', `healthsecure-read-request: ${signed}`, '-H', 'Accept-Encoding: identity', url]);
}

/** A request to read, and what its reader signed for it. */
export interface Signed {
  path: string;
  signed: string;
}

/** As `load`, many requests in turn, by 33 connections in three threads, which go to these ports in turn. */
export async function loadInTurn(ports: string[], token: string, requests: Signed[]): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), 'healthsecure-load-'));
  const file = join(folder, 'requests');
  writeFileSync(file, requests.map(({ path, signed }) => `${path} ${signed}\n`).join(''));
  try {
    const script = join(import.meta.dirname, 'in-turn.lua');
    const env = { WRK_PORTS: ports.join(','), WRK_REQUESTS: file, WRK_TOKEN: token };
    return await wrk(['-t', '3', '-c', '33', '-s', script, `http://localhost:${ports[0]}`], env);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Beside the tests' Python: end2end/requirements-bench.txt. */
export const k6 = join(dirname(process.env.HEALTHSECURE_PYTHON ?? join(root, '.tools/venv/bin/python')), 'k6');

/** As `loadInTurn`, by k6. It takes more of the same cores for itself than wrk does, and so leaves the server fewer. */
export async function loadInTurnByK6(ports: string[], token: string, requests: Signed[]): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), 'healthsecure-load-'));
  const file = join(folder, 'requests.json');
  writeFileSync(file, JSON.stringify(requests));
  try {
    const args = ['run', '--quiet', '--no-usage-report', '--vus', '33', '--duration', '10s', join(import.meta.dirname, 'in-turn.k6.js')];
    const said = await run(k6, args, '', { K6_PORTS: ports.join(','), K6_REQUESTS: file, K6_TOKEN: token });
    const { perSecond, p99, bytes, errors } = JSON.parse(said) as Record<'perSecond' | 'p99' | 'bytes' | 'errors', number>;
    return { perSecond, p99: `${p99.toFixed(1)}ms`, bytes, errors };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function wrk(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Load> {
  const output = await run('wrk', ['-d', '10s', '--latency', ...args], '', env);
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1).map(Number) ?? [];
  const requests = number(/(\d+) requests in/);
  return {
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p99: /99%\s+(\S+)/.exec(output)?.[1] ?? '?',
    bytes: Math.round(size(/, ([\d.]+[KMG]?B) read/.exec(output)?.[1] ?? '0B') / Math.max(1, requests)),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + errors.reduce((a, b) => a + b, 0),
  };
}

function size(text: string): number {
  const units = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };
  const [, digits = '0', unit = 'B'] = /([\d.]+)([KMG]?B)/.exec(text) ?? [];
  return Number(digits) * units[unit as keyof typeof units];
}
