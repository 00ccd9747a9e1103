// A server of one's own: the release binary on a free port with an empty data folder.
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
export const binary = process.env.HEALTHSECURE_SERVER_BIN ?? join(root, 'target/release/healthsecure');
const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const fakeTime = `/usr/lib/${architecture}-linux-gnu/faketime/libfaketimeMT.so.1`;

// Below those that the system gives by itself, and a range for each worker: between the look and the server's start, and while a
// server is restarted, nobody else is given the port.
const PORTS = 4_000;
const worker = Number(process.env.TEST_PARALLEL_INDEX ?? 0) % 3;
const firstPort = 20_000 + PORTS * worker;
let nextPort = Math.floor(Math.random() * PORTS);

/** A port that nothing listens on now, and that this worker hasn't given before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = firstPort + nextPort;
    nextPort = (nextPort + 1) % PORTS;
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.on('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

export interface ServerOptions {
  /** Listen here, while browsers reach it through a proxy at `origin`. */
  behind?: { origin: string; port: number };
  /** Give it a clock that `moveClock` can move; needs Debian's libfaketime. */
  movableClock?: boolean;
  args?: string[];
  /** Another server of the same installation: it has the same secrets, and should be told of the same database. */
  beside?: Server;
  /** Another program than the release, and what its environment has besides. */
  binary?: string;
  env?: NodeJS.ProcessEnv;
}

export class Server {
  readonly origin: string;
  readonly data: string;
  /** Everything it printed on standard output and standard error. */
  log = '';
  private child: ChildProcess | undefined;
  private readonly clock: string | undefined;

  private constructor(
    private readonly port: number,
    private readonly options: ServerOptions,
  ) {
    this.origin = options.behind?.origin ?? `http://localhost:${port}`;
    this.data = mkdtempSync(join(tmpdir(), 'healthsecure-'));
    if (options.beside) cpSync(join(options.beside.data, 'secrets'), join(this.data, 'secrets'), { recursive: true });
    if (options.movableClock) {
      this.clock = join(this.data, 'clock');
      writeFileSync(this.clock, '+0s\n');
    }
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const program = options.binary ?? binary;
    if (!existsSync(program)) throw new Error(`${program} is missing: build it first (make site server)`);
    const server = new Server(options.behind?.port ?? (await freePort()), options);
    await server.launch();
    return server;
  }

  static canMoveClocks(): boolean {
    return existsSync(fakeTime);
  }

  private async launch(): Promise<void> {
    const args = ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, '--origin', this.origin];
    // Each browser says a client address of its own, so that one test's wrong tries don't slow the next.
    args.push('--trusted-proxy', '127.0.0.1', ...(this.options.args ?? []));
    const env: NodeJS.ProcessEnv = { ...process.env, ...this.options.env, RUST_LOG: process.env.RUST_LOG ?? 'info,sqlx=off,sea_orm=off' };
    if (this.clock) {
      env.LD_PRELOAD = fakeTime;
      env.FAKETIME_TIMESTAMP_FILE = this.clock;
      env.FAKETIME_NO_CACHE = '1';
      env.FAKETIME_DONT_FAKE_MONOTONIC = '1';
    }
    const child = spawn(this.options.binary ?? binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    const collect = (chunk: Buffer) => {
      this.log += chunk.toString('utf8');
      if (process.env.HEALTHSECURE_E2E_LOG) appendFileSync(process.env.HEALTHSECURE_E2E_LOG, chunk);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    await this.ready(child);
  }

  private async ready(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${this.log}`);
      if (this.log.includes('is ready at') && (await this.answers())) return;
      await pause(50);
    }
    throw new Error(`the server isn't ready after 60 s:\n${this.log}`);
  }

  private async answers(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/readyz`).then((r) => r.ok, () => false);
  }

  /** The one-time link that makes the first administrator, as printed at the last start. */
  setUpLink(): string {
    const links = this.log.match(/https?:\/\/\S+\/sign-up#setup=\S+/g);
    const link = links?.at(-1);
    if (!link) throw new Error(`the server printed no set-up link:\n${this.log}`);
    return link;
  }

  /** Moves the server's wall clock; relative to the real one. */
  async moveClock(seconds: number): Promise<void> {
    if (!this.clock) throw new Error('this server was started with a fixed clock');
    writeFileSync(this.clock, `${seconds >= 0 ? '+' : ''}${seconds}s\n`);
    await pause(50);
  }

  async stop(): Promise<void> {
    const child = this.child;
    if (child && child.exitCode === null) {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await Promise.race([ended, pause(30_000).then(() => child.kill('SIGKILL'))]);
    }
    this.child = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.launch();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Resident memory in KiB. */
  memory(): number {
    const status = readFileSync(`/proc/${this.child?.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
  }

  /** The most resident memory that it ever had, in KiB. */
  peak(): number {
    const status = readFileSync(`/proc/${this.child?.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
