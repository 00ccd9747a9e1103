// Compresses what the browser downloads, once and well: beside each file its .br and .gz, where they are smaller.
// The type declarations that wasm-bindgen leaves are for nobody's browser and go.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node scripts/compress.mjs FOLDER');

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || /\.(br|gz)$/.test(path)) continue;
  if (path.endsWith('.d.ts')) {
    rmSync(path);
    continue;
  }
  const bytes = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  keepIfSmaller(`${path}.br`, bytes, brotliCompressSync(bytes, { params }));
  keepIfSmaller(`${path}.gz`, bytes, gzipSync(bytes, { level: 9 }));
}

function keepIfSmaller(path, bytes, compressed) {
  if (compressed.length < bytes.length) writeFileSync(path, compressed);
}
