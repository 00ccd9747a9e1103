// The native client, as a program is run: secrets by file descriptor, an own home folder, no keyring.
import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Identity } from './person.ts';
import { root } from './server.ts';

export const hsBinary = process.env.HEALTHSECURE_HS_BIN ?? join(root, 'target/release/hs');

/** What is written to a descriptor, once standard error says so. */
export interface Answer {
  ready(said: string): boolean;
  answer(said: string): Promise<string>;
}

export class Hs {
  readonly home = mkdtempSync(join(tmpdir(), 'healthsecure-hs-'));
  /** What the last command said on standard error. */
  said = '';

  constructor(
    private readonly server: string,
    private readonly identity: Identity,
  ) {}

  /** Runs a command that needs the password, and answers what it printed as JSON. */
  async run(args: string[], secrets: Record<string, string> = {}): Promise<unknown> {
    const all: Record<string, string> = { '--password-fd': this.identity.password, ...secrets };
    const output = await this.spawn([...args, '--json', '--no-keyring', '--server', this.server], all);
    try {
      return output.trim() ? JSON.parse(output) : undefined;
    } catch {
      throw new Error(`hs ${args[0]} printed no JSON: ${output}`);
    }
  }

  /** As `run`, with a descriptor that is written to once the program said on standard error what it is to hold. */
  async runAnswering(args: string[], option: string, answer: Answer): Promise<unknown> {
    const all = [...args, '--json', '--no-keyring', '--server', this.server];
    const output = await this.spawn(all, { '--password-fd': this.identity.password }, { option, ...answer });
    return JSON.parse(output);
  }

  /** As `run`, with the process as soon as it runs. */
  async runWatched(args: string[], started: (process: ChildProcess) => void): Promise<unknown> {
    const all = [...args, '--json', '--no-keyring', '--server', this.server];
    const output = await this.spawn(all, { '--password-fd': this.identity.password }, undefined, started);
    return JSON.parse(output);
  }

  private async spawn(
    args: string[],
    secrets: Record<string, string>,
    later?: { option: string } & Answer,
    started?: (process: ChildProcess) => void,
  ): Promise<string> {
    const names = Object.keys(secrets);
    const descriptors = Object.values(secrets).map((secret) => readable(this.home, `${secret}\n`));
    const numbered = names.flatMap((name, i) => [name, String(3 + i)]);
    const env = { PATH: process.env.PATH, HOME: this.home, RUST_BACKTRACE: '0' };
    const asked = later ? [later.option, String(3 + names.length)] : [];
    const reply = later ? pipe(this.home) : undefined;
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...descriptors, ...(reply === undefined ? [] : [reply])];
    const child = spawn(hsBinary, [...args, ...numbered, ...asked], { env, cwd: this.home, stdio });
    descriptors.forEach(closeSync);
    started?.(child);
    let output = '';
    let errors = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    let answered = false;
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
      if (!later || reply === undefined || answered || !later.ready(errors)) return;
      answered = true;
      void later.answer(errors).then((answer) => writeSync(reply, `${answer}\n`));
    });
    const code = await new Promise<number | null>((done, fail) => {
      child.on('error', fail);
      child.on('close', done);
    });
    if (reply !== undefined) closeSync(reply);
    this.said = errors;
    if (code !== 0) throw new HsError(`hs ${args[0]} ended with ${code}`, errors + output, code);
    return output;
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

export class HsError extends Error {
  constructor(
    message: string,
    readonly output: string,
    readonly code: number | null,
  ) {
    super(`${message}:\n${output}`);
  }
}

/** A descriptor that reads the text; the file behind it has no name any more. */
function readable(folder: string, text: string): number {
  const path = join(folder, '.handed-over');
  writeFileSync(path, text, { mode: 0o600 });
  const descriptor = openSync(path, 'r');
  unlinkSync(path);
  return descriptor;
}

/** A pipe that is open for both ends; without a name any more. The program opens descriptors anew, which a socket doesn't let it. */
function pipe(folder: string): number {
  const path = join(folder, '.answer');
  execFileSync('mkfifo', ['-m', '600', path]);
  const descriptor = openSync(path, 'r+');
  unlinkSync(path);
  return descriptor;
}
