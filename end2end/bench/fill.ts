// Reports for benchmarks, written by the honest client in one session (cli/examples/fill.rs).
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Clinic } from '../support/clinic.ts';
import type { Identity } from '../support/person.ts';
import { root } from '../support/server.ts';

export interface Filled {
  token: string;
  report: string;
}

export function fill(clinic: Clinic, who: Identity, count: number): Filled {
  const program = join(root, 'target/release/examples/fill');
  const output = execFileSync(program, [clinic.origin, who.email, String(count)], { input: `${who.password}\n` });
  return JSON.parse(output.toString()) as Filled;
}
