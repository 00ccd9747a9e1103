// The canary test says "nothing found". These say that the same search finds.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { MarkSearch } from '../support/marks.ts';

const mark = 'Zephyrine Quästor/42+7?';
const search = new MarkSearch([mark]);
const utf8 = Buffer.from(mark);
const noise = (n: number) => randomBytes(n);

function found(planted: Buffer): string[] {
  return search.bytes('here', Buffer.concat([noise(1000), planted, noise(1000)])).map((f) => f.dress);
}

test('random bytes hold no mark', () => {
  expect(search.bytes('noise', noise(4_000_000))).toEqual([]);
});

test('the mark as it is, and in other cases', () => {
  expect(found(utf8)).toContain('plain');
  expect(found(Buffer.from('ZEPHYRINE QUästor/42+7?'))).toContain('plain');
});

test('UTF-16 both ways round', () => {
  expect(found(Buffer.from(mark, 'utf16le'))).toContain('UTF-16LE');
  expect(found(Buffer.from(mark, 'utf16le').swap16())).toContain('UTF-16BE');
});

for (const offset of [0, 1, 2]) {
  test(`base64 with ${offset} bytes before it`, () => {
    const around = Buffer.concat([noise(offset), utf8, noise(5)]);
    expect(found(Buffer.from(around.toString('base64')))).toContain(`base64 at offset ${offset}`);
    expect(found(Buffer.from(around.toString('base64url'))).join()).toMatch(`at offset ${offset}`);
    const wide = Buffer.concat([noise(offset), Buffer.from(mark, 'utf16le'), noise(5)]);
    expect(found(Buffer.from(wide.toString('base64')))).toContain(`base64 of UTF-16 at offset ${offset}`);
  });
}

test('hex in either case', () => {
  expect(found(Buffer.from(utf8.toString('hex')))).toContain('hex');
  expect(found(Buffer.from(utf8.toString('hex').toUpperCase()))).toContain('hex');
});

test('URL-escaped in every usual way', () => {
  expect(found(Buffer.from(encodeURIComponent(mark)))).toContain('URL-escaped');
  expect(found(Buffer.from(new URLSearchParams({ q: mark }).toString())).join()).toContain('form-escaped');
  const every = [...utf8].map((b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  expect(found(Buffer.from(every))).toContain('URL-escaped, every byte');
});

test('JSON with escapes', () => {
  const ascii = JSON.stringify(mark).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  expect(found(Buffer.from(ascii))).toContain('JSON-escaped');
});

test('inside gzip, zlib, deflate and brotli, and one in the other', () => {
  const text = Buffer.concat([Buffer.from('some text before '), utf8, Buffer.from(' and after')]);
  expect(found(gzipSync(text))).toContain('plain');
  expect(found(deflateSync(text))).toContain('plain');
  expect(search.bytes('whole', deflateRawSync(text)).map((f) => f.dress)).toContain('plain');
  expect(search.bytes('whole', brotliCompressSync(text)).map((f) => f.dress)).toContain('plain');
  expect(found(gzipSync(deflateSync(Buffer.from(text.toString('base64')))))).not.toEqual([]);
});

test('a compressed stream that is cut off', () => {
  const stream = gzipSync(Buffer.concat([utf8, noise(5000)]));
  expect(search.bytes('cut', stream.subarray(0, stream.length - 200)).map((f) => f.dress)).toContain('plain');
});

test('file names and files in folders', () => {
  const folder = mkdtempSync(join(tmpdir(), 'marks-'));
  try {
    writeFileSync(join(folder, 'harmless.bin'), noise(100));
    expect(search.folder(folder)).toEqual([]);
    writeFileSync(join(folder, 'harmful.bin'), Buffer.concat([noise(100), utf8]));
    expect(search.folder(folder).map((f) => f.where)).toEqual([join(folder, 'harmful.bin')]);
    expect(new MarkSearch(['harmless']).folder(folder).map((f) => f.where).join()).toContain('(name)');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a mark too short to be told from chance is refused', () => {
  expect(() => new MarkSearch(['abc'])).toThrow('too short');
});
