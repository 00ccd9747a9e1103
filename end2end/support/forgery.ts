// Another history of a server's log, signed with its own key: what an operator could do who wanted to cheat one person.
import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ed25519 private keys begin so in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** RFC 6962 section 2.1, over hashes of leaves. */
function root(hashes: Buffer[]): Buffer {
  if (hashes.length <= 1) return hashes[0] ?? sha256();
  let half = 1;
  while (half * 2 < hashes.length) half *= 2;
  return sha256(Buffer.from([1]), root(hashes.slice(0, half)), root(hashes.slice(half)));
}

export class Forgery {
  private readonly leaves: Buffer[];
  private readonly name: string;
  private readonly id: Buffer;
  private readonly seed: Buffer;

  /** A tree of so many leaves that nobody ever made, under the key in a server's data folder. */
  constructor(data: string, size: number, log: 'events' | 'keys' = 'events') {
    this.leaves = Array.from({ length: size }, () => randomBytes(32));
    const skey = readFileSync(join(data, `secrets/log-${log}-key`), 'utf8').trim().slice('PRIVATE+KEY+'.length);
    const [name, id, key] = skey.split(/\+(.*?)\+(.*)/s) as [string, string, string];
    this.name = name;
    this.id = Buffer.from(id, 'hex');
    this.seed = Buffer.from(key, 'base64').subarray(1);
  }

  checkpoint(): string {
    const text = `${this.name}\n${this.leaves.length}\n${root(this.leaves).toString('base64')}\n`;
    const key = createPrivateKey({ key: Buffer.concat([PKCS8, this.seed]), format: 'der', type: 'pkcs8' });
    const line = Buffer.concat([this.id, sign(null, Buffer.from(text), key)]).toString('base64');
    return `${text}\n— ${this.name} ${line}\n`;
  }

  /** `tile/<level>/<index>[.p/<width>]`, of an index below 1000. */
  tile(path: string): Buffer {
    const found = /^tile\/(\d+)\/(\d{3})(?:\.p\/(\d+))?$/.exec(path);
    if (!found) throw new Error(`no tile: ${path}`);
    const [level, index, width] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 256)];
    const below = 256 ** level;
    const hash = (n: number) => root(this.leaves.slice(n * below, (n + 1) * below));
    return Buffer.concat(Array.from({ length: width }, (_, n) => hash(index * 256 + n)));
  }
}
