// Requests a second, as wrk counts them.
import { run } from './fill.ts';

export interface Load {
  perSecond: number;
  p99: string;
  bytes: number;
  errors: number;
}

/** 32 connections for ten seconds. */
export async function load(url: string, token: string, signed: string): Promise<Load> {
  const args = ['-t', '2', '-c', '32', '-d', '10s', '--latency', '-H', `Authorization: Bearer ${token}`, '-H', `healthsecure-read-request: ${signed}`, '-H', 'Accept-Encoding: identity', url];
  const output = await run('wrk', args);
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
