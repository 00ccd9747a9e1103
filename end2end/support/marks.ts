// Looks for marked plaintext in bytes, in every dress that a careless program might put it in: as it is, in other
// cases, UTF-16, base64 at each of the three offsets, hex, URL- and JSON-escaped, and all of that inside compressed
// streams. Finding nothing proves something only because the tests in tools/ show that each dress is found.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, constants, inflateRawSync } from 'node:zlib';

export interface Finding {
  mark: string;
  dress: string;
  where: string;
  offset: number;
}

interface Needle {
  mark: string;
  dress: string;
  bytes: Buffer;
}

/** Shorter fragments would be found in ciphertext by chance. */
const SHORTEST = 6;
/** Streams within streams, no deeper. */
const DEPTH = 3;
const MOST_INFLATED = 64 * 1024 * 1024;

export class MarkSearch {
  private readonly needles: Needle[];

  constructor(marks: string[]) {
    for (const mark of marks) {
      if (mark.length < SHORTEST) throw new Error(`“${mark}” is too short to be told from chance`);
    }
    this.needles = marks.flatMap(needlesOf);
  }

  /** Searches one piece of memory. */
  bytes(where: string, haystack: Buffer, depth = 0): Finding[] {
    const findings = this.plain(where, haystack);
    if (depth >= DEPTH) return findings;
    for (const { kind, offset, content } of inflated(haystack, depth)) {
      findings.push(...this.bytes(`${where} » ${kind} at ${offset}`, content, depth + 1));
    }
    return findings;
  }

  /** Searches every file of a folder, and the files' own names. */
  folder(path: string): Finding[] {
    return files(path).flatMap((file) => [
      ...this.bytes(`${file} (name)`, Buffer.from(file)),
      ...this.bytes(file, readFileSync(file)),
    ]);
  }

  private plain(where: string, haystack: Buffer): Finding[] {
    const lower = lowerCase(haystack);
    return this.needles.flatMap(({ mark, dress, bytes }) => {
      const text = !dress.startsWith('base64');
      const offset = (text ? lower : haystack).indexOf(text ? lowerCase(bytes) : bytes);
      return offset < 0 ? [] : [{ mark, dress, where, offset }];
    });
  }
}

function needlesOf(mark: string): Needle[] {
  const utf8 = Buffer.from(mark, 'utf8');
  const utf16 = Buffer.from(mark, 'utf16le');
  const swapped = Buffer.from(utf16).swap16();
  const hex = (bytes: Buffer) => Buffer.from(bytes.toString('hex'));
  const needles: Array<[string, Buffer]> = [
    ['plain', utf8],
    ['UTF-16LE', utf16],
    ['UTF-16BE', swapped],
    ['hex', hex(utf8)],
    ['hex of UTF-16', hex(utf16)],
    ['URL-escaped', Buffer.from(encodeURIComponent(mark))],
    ['form-escaped', Buffer.from(encodeURIComponent(mark).replaceAll('%20', '+'))],
    ['URL-escaped, every byte', Buffer.from([...utf8].map((b) => `%${b.toString(16).padStart(2, '0')}`).join(''))],
    ['JSON-escaped', Buffer.from(escapedAsJson(mark, false))],
    ['JSON-escaped, every unit', Buffer.from(escapedAsJson(mark, true))],
    ['UTF-8 read as Latin-1', Buffer.from(utf8.toString('latin1'), 'utf8')],
    ...base64Forms('base64', utf8),
    ...base64Forms('base64 of UTF-16', utf16),
  ];
  const seen = new Set<string>();
  return needles.flatMap(([dress, bytes]) => {
    const key = bytes.toString('latin1');
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ mark, dress, bytes }];
  });
}

/** The characters that stay the same whatever comes before and after, for each offset within three bytes. */
function base64Forms(name: string, bytes: Buffer): Array<[string, Buffer]> {
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const text = padded.toString('base64').replaceAll('=', '');
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor((padded.length * 8) / 6);
    const core = text.slice(first, last);
    const url = core.replaceAll('+', '-').replaceAll('/', '_');
    const forms: Array<[string, Buffer]> = [[`${name} at offset ${offset}`, Buffer.from(core)]];
    if (url !== core) forms.push([`${name}url at offset ${offset}`, Buffer.from(url)]);
    return forms.filter(([, form]) => form.length >= SHORTEST);
  });
}

function escapedAsJson(text: string, all: boolean): string {
  const unit = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;
  return Array.from({ length: text.length }, (_, i) => {
    const code = text.charCodeAt(i);
    return all || code > 126 ? unit(code) : text.charAt(i);
  }).join('');
}

/** ASCII only: bytes of other encodings must not move. */
function lowerCase(bytes: Buffer): Buffer {
  const lower = Buffer.from(bytes);
  for (let i = 0; i < lower.length; i++) {
    const b = lower[i] as number;
    if (b >= 0x41 && b <= 0x5a) lower[i] = b + 0x20;
  }
  return lower;
}

interface Stream {
  kind: string;
  offset: number;
  content: Buffer;
}

/** What opens as a compressed stream: gzip and zlib wherever they begin, brotli and bare deflate from the start. */
function inflated(bytes: Buffer, depth: number): Stream[] {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_INFLATED };
  const streams: Stream[] = [];
  const attempt = (kind: string, offset: number, open: () => Buffer) => {
    try {
      const content = open();
      if (content.length >= SHORTEST) streams.push({ kind, offset, content });
    } catch {
      // Not such a stream.
    }
  };
  // Bare deflate behind the headers: a checksum that doesn't fit, a cut, or bytes that follow hide nothing then.
  const deflated = (from: number) => inflateRawSync(bytes.subarray(from), options);
  for (let at = bytes.indexOf(0x1f); at >= 0; at = bytes.indexOf(0x1f, at + 1)) {
    if (bytes[at + 1] === 0x8b && bytes[at + 2] === 8) attempt('gzip', at, () => deflated(gzipBody(bytes, at)));
  }
  for (let at = bytes.indexOf(0x78); at >= 0; at = bytes.indexOf(0x78, at + 1)) {
    const header = 0x7800 + (bytes[at + 1] ?? 1);
    if (header % 31 === 0 && (header & 0x20) === 0) attempt('zlib', at, () => deflated(at + 2));
  }
  if (depth < 2) {
    attempt('brotli', 0, () => brotliDecompressSync(bytes, { maxOutputLength: MOST_INFLATED }));
    attempt('deflate', 0, () => deflated(0));
  }
  return streams;
}

/** Where a gzip member's deflate stream begins (RFC 1952, section 2.3). */
function gzipBody(bytes: Buffer, at: number): number {
  const flags = bytes[at + 3] ?? 0;
  let from = at + 10;
  if (flags & 4) from += 2 + bytes.readUInt16LE(from);
  for (const flag of [8, 16]) {
    if (flags & flag) from = bytes.indexOf(0, from) + 1;
  }
  return flags & 2 ? from + 2 : from;
}

function files(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}
