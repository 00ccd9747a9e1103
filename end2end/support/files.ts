// Test files, made fresh: nothing of them is copied from anywhere, except a FHIR bundle where one lies beside the project.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { pdf } from './pdf.ts';
import { root } from './server.ts';

export interface TestFile {
  path: string;
  name: string;
  sha256: string;
  size: number;
}

const folder = mkdtempSync(join(tmpdir(), 'healthsecure-files-'));

export function file(name: string, content: Buffer | string): TestFile {
  const bytes = Buffer.from(content);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return describe(path);
}

function describe(path: string): TestFile {
  const bytes = readFileSync(path);
  return { path, name: basename(path), size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Whether a downloaded file is byte for byte the one that was uploaded. */
export function sameAs(original: TestFile, path: string): boolean {
  return describe(path).sha256 === original.sha256;
}

/** A PDF of at least this many bytes that a viewer shows, with a line of text on each page. */
export function pdfFile(name: string, bytes: number, text = 'Holter ECG, 24 hours'): TestFile {
  return file(name, pdf(bytes, text));
}

export function textFile(name: string, text: string): TestFile {
  return file(name, text);
}

/** A picture with a gradient, so that a wrong decode would show. */
export function pngFile(name: string, width = 320, height = 200): TestFile {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (1 + width * 3) + 1 + x * 3;
      rows.set([(x * 255) / width, (y * 255) / height, 128], at);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [pngChunk('IHDR', header), pngChunk('IDAT', deflateSync(rows)), pngChunk('IEND', Buffer.alloc(0))];
  return file(name, Buffer.concat([signature, ...chunks]));
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** What a hostile file calls when it runs, as seen by `support/hostile.ts`. */
export const ALARM = 'healthsecure-alarm';

/** Would run script, load from elsewhere and speak to its parent, if anything ever treated it as a document. */
export function hostileSvg(name = 'scan.svg'): TestFile {
  const script = `top.postMessage('${ALARM}','*');document.title='${ALARM}';fetch('/api/v1/session?${ALARM}')`;
  return file(
    name,
    `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="100" height="100" onload="${script}">` +
      `<script>${script}</script><image href="/api/v1/instance?${ALARM}"/><rect width="100" height="100"/></svg>`,
  );
}

export function hostileHtml(name = 'letter.html'): TestFile {
  const script = `top.postMessage('${ALARM}','*');document.title='${ALARM}';fetch('/api/v1/session?${ALARM}')`;
  return file(
    name,
    `<!doctype html><html><body onload="${script}"><script>${script}</script>` +
      `<img src=x onerror="${script}"><form action="/api/v1/sessions?${ALARM}"><input name=a></form></body></html>`,
  );
}

/** HTML under a harmless name and with a harmless first line: only magic bytes may decide. */
export function disguisedHtml(name = 'notes.pdf'): TestFile {
  return file(name, `Notes\n<script>top.postMessage('${ALARM}','*');fetch('/api/v1/session?${ALARM}')</script>`);
}

/** A DICOM image by pydicom, which only knows the standard. */
export function dicomFile(name: string, patient = 'Brandvold^Lea'): TestFile {
  const python = process.env.HEALTHSECURE_PYTHON ?? join(root, '.tools/venv/bin/python');
  if (!existsSync(python)) throw new Error(`${python} is missing: scripts/setup test installs pydicom`);
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  execFileSync(python, [join(import.meta.dirname, 'dicom.py'), path, patient]);
  return describe(path);
}

/** A whole-life FHIR R4 bundle from ../shared/data, which isn't part of the project; undefined where it is absent. */
export function fhirBundle(): TestFile | undefined {
  const place = join(root, '../shared/data/fhir-r4');
  const name = existsSync(place) ? readdirSync(place).filter((f) => f.endsWith('.json')).sort()[0] : undefined;
  if (!name) {
    console.warn('SKIPPED: no FHIR bundle, because ../shared/data/fhir-r4 is absent');
    return undefined;
  }
  return file('bundle.json', readFileSync(join(place, name)));
}
