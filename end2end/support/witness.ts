// Somebody else's witness: `healthsecure witness` as a process with a folder of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary, pause } from './server.ts';

export class Witness {
  private constructor(
    private readonly child: ChildProcess,
    private readonly data: string,
    /** Where it listens. */
    readonly url: string,
    /** Its verifier key. */
    readonly key: string,
  ) {}

  /** Follows the logs with these keys. */
  static async start(name: string, logs: string[]): Promise<Witness> {
    const data = mkdtempSync(join(tmpdir(), 'healthsecure-witness-'));
    const args = ['witness', '--data', data, '--listen', '127.0.0.1:0', '--name', name, ...logs.flatMap((log) => ['--log', log])];
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const collect = (chunk: Buffer) => (said += chunk.toString('utf8'));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(50)) {
      const [, url, key] = /ready at (\S+)\n(\S+)\n/.exec(said) ?? [];
      if (url && key) return new Witness(child, data, url, key);
      if (child.exitCode !== null) break;
    }
    child.kill('SIGKILL');
    throw new Error(`the witness isn't ready:\n${said}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = new Promise((done) => this.child.once('exit', done));
      this.child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** A checkpoint whose line of that witness is one of another's under the same name, which cosigned just now: the server's own. */
export function byAnotherKey(checkpoint: string, name: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  // C2SP's tlog-cosignature: 4 is its kind of signature.
  const id = createHash('sha256').update(`${name}\n`).update(Buffer.from([4])).update(key).digest().subarray(0, 4);
  const seconds = Math.floor(Date.now() / 1000);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const text = checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1);
  const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), privateKey);
  const line = Buffer.concat([id, time, signature]).toString('base64');
  return checkpoint.replace(new RegExp(`^— ${name} .*$`, 'm'), `— ${name} ${line}`);
}
