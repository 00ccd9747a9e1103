// (b) `hs` beside Debian's `age` and OpenSSL, on a file of 1 GiB. Like `age`, b1 and b2 read a file and write one: the
// pipeline of `hs` with a file where the server would be (cli/examples/part.rs). b5 and b6 are `hs push` and `hs pull`
// through a server on the same two cores, which hashes and syncs every segment.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync, closeSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { Hs } from '../support/hs.ts';
import { root } from '../support/server.ts';
import { median, record } from './results.ts';

const GIB = 1024 ** 3;
const ROUNDS = 3;

/** Seconds; what was written before is on the disk first, so that nobody waits for another's bytes. */
function timed(work: () => void): number {
  execFileSync('sync');
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

test('b: hs, 1 GiB', async ({ browser }) => {
  test.setTimeout(900_000);
  test.skip(!existsSync('/usr/bin/age'), 'SKIPPED: Debian’s age is not installed (apt-get install age)');
  const clinic = await Clinic.open(browser);
  const folder = mkdtempSync(join(tmpdir(), 'healthsecure-bench-'));
  const hs = new Hs(clinic.origin, clinic.author);
  try {
    const plain = join(folder, 'plain.bin');
    randomFile(plain, GIB);
    const key = join(folder, 'key.txt');
    execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' });
    const recipient = execFileSync('age-keygen', ['-y', key]).toString().trim();
    const program = join(root, 'target/release/examples/part');
    const [sealed, opened] = [join(folder, 'sealed'), join(folder, 'opened')];
    const rounds: Array<Record<'ageSeal' | 'ageOpen' | 'seal' | 'open', number>> = [];
    for (let i = 0; i < ROUNDS; i++) {
      const ageSeal = timed(() => execFileSync('age', ['-r', recipient, '-o', sealed, plain]));
      const ageOpen = timed(() => execFileSync('age', ['-d', '-i', key, '-o', opened, sealed]));
      for (const file of [sealed, opened]) rmSync(file);
      execFileSync('sync');
      const { seal, open } = JSON.parse(execFileSync(program, [plain, sealed, opened]).toString()) as { seal: number; open: number };
      for (const file of [sealed, opened]) rmSync(file);
      rounds.push({ ageSeal, ageOpen, seal, open });
    }
    const of = (what: keyof (typeof rounds)[number]) => median(rounds.map((round) => round[what]));
    const [ageSeal, ageOpen, seal, open] = [of('ageSeal'), of('ageOpen'), of('seal'), of('open')];

    await hs.run(['login', '--email', clinic.author.email]);
    const empty = join(folder, 'empty.bin');
    randomFile(empty, 16);
    const measure = async (args: string[]) => {
      execFileSync('sync');
      const started = performance.now();
      const answer = (await hs.run(args)) as { report_id?: string } | undefined;
      return { seconds: (performance.now() - started) / 1000, report: answer?.report_id ?? '' };
    };
    // Signing in (Argon2id) and the fixed requests are no part of sealing: a push of 16 bytes says what they take.
    const small = await measure(['push', empty, '--patient-name', 'Bench']);
    const push = await measure(['push', plain, '--patient-name', 'Bench']);
    mkdirSync(join(folder, 'a'));
    mkdirSync(join(folder, 'b'));
    const smallPull = await measure(['pull', small.report, '--out', join(folder, 'a')]);
    const pull = await measure(['pull', push.report, '--out', join(folder, 'b')]);
    const sealSeconds = push.seconds - small.seconds;
    const openSeconds = pull.seconds - smallPull.seconds;
    const openssl = opensslRate();
    const mib = (seconds: number) => `${(1024 / seconds).toFixed(0)} MiB/s`;
    record({ id: 'b1', what: 'hs: sealing 1 GiB, file to file ÷ age', value: ageSeal / seal, unit: '', target: { at: 'least', value: 1.5 }, beside: `${mib(seal)}, age ${mib(ageSeal)}` });
    record({ id: 'b2', what: 'hs: opening 1 GiB, file to file ÷ age', value: ageOpen / open, unit: '', target: { at: 'least', value: 1.5 }, beside: `${mib(open)}, age ${mib(ageOpen)}` });
    record({ id: 'b3', what: 'hs: sealing ÷ openssl speed aes-256-gcm at 16 KiB, one core', value: 1024 / seal / openssl, unit: '', beside: `openssl ${openssl.toFixed(0)} MiB/s` });
    record({ id: 'b4', what: 'hs: sign-in and fixed requests', value: small.seconds, unit: 's' });
    record({ id: 'b5', what: 'hs push (seal, upload, durable on the server) of 1 GiB ÷ age', value: ageSeal / sealSeconds, unit: '', beside: mib(sealSeconds) });
    record({ id: 'b6', what: 'hs pull (download, verify, open) of 1 GiB ÷ age', value: ageOpen / openSeconds, unit: '', beside: mib(openSeconds) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    hs.remove();
    await clinic.close();
  }
});

function randomFile(path: string, size: number): void {
  const file = openSync(path, 'w');
  const piece = randomFillSync(Buffer.alloc(Math.min(size, 8 * 1024 * 1024)));
  for (let at = 0; at < size; at += piece.length) writeSync(file, piece, 0, Math.min(piece.length, size - at));
  closeSync(file);
}

/** MiB/s of one core. */
function opensslRate(): number {
  const output = execFileSync('openssl', ['speed', '-seconds', '2', '-bytes', '16384', '-evp', 'aes-256-gcm'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const thousands = /([\d.]+)k\s*$/m.exec(output)?.[1];
  return (Number(thousands) * 1000) / 1024 / 1024;
}
