// Reports for benchmarks, written by the honest client in one session (cli/examples/fill.rs).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Clinic } from '../support/clinic.ts';
import type { Identity } from '../support/person.ts';
import { root } from '../support/server.ts';

/** Where programs for benchmarks are. */
export const examples = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release/examples');

export interface Filled {
  token: string;
  report: string;
  /** Signed requests, for the header healthsecure-read-request: of the list, and of that report as often as was asked. */
  listed: string;
  reads: string[];
}

export async function fill(clinic: Clinic, who: Identity, count: number, reads = 1): Promise<Filled> {
  return JSON.parse(await run(join(examples, 'fill'), [clinic.origin, who.email, String(count), String(reads)], `${who.password}\n`)) as Filled;
}

/** What a program prints. The server's output goes on being read meanwhile: a full pipe would stop it. */
export async function run(program: string, args: string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise((done, fail) => child.on('close', done).on('error', fail));
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return output;
}
