// An authenticator app: codes by RFC 6238, as phones make them. A code counts once, and none older than the last.
import { createHmac } from 'node:crypto';
import { pause } from './server.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const step = 30_000;

function base32(text: string): Buffer {
  const bits = [...text.replaceAll(/[\s=]/g, '').toUpperCase()].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

export class Authenticator {
  private readonly key: Buffer;
  private last = 0;

  /** From the key as the page shows it. */
  constructor(secret: string) {
    this.key = base32(secret);
    if (this.key.length !== 20) throw new Error(`the app's key has ${this.key.length} bytes, not 20`);
  }

  private at(counter: number): string {
    const message = Buffer.alloc(8);
    message.writeBigUInt64BE(BigInt(counter));
    const mac = createHmac('sha1', this.key).update(message).digest();
    const offset = (mac.at(-1) ?? 0) & 15;
    return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }

  /** A code that wasn't used yet. The server takes the one of the step before, of now and of the next: waits only for the
   *  fourth within a minute. */
  async next(): Promise<string> {
    const now = () => Math.floor(Date.now() / step);
    // Six seconds' room, so that the oldest that counts doesn't grow too old on its way, also where two cores are busy.
    const oldest = Math.floor((Date.now() + 6_000) / step) - 1;
    const counter = Math.max(this.last + 1, oldest);
    while (counter > now() + 1) await pause(200);
    this.last = counter;
    return this.at(counter);
  }

  /** The code that was given last. */
  used(): string {
    return this.at(this.last);
  }

  /** A code that is wrong now. */
  wrong(): string {
    const now = Math.floor(Date.now() / step);
    const right = [-1, 0, 1, 2].map((by) => this.at(now + by));
    return ['123456', '234567', '345678', '456789', '567890'].find((code) => !right.includes(code)) ?? '';
  }
}
