// Finishes what cargo-leptos --split leaves: the loader of the program's later parts gets their hashes, so that the
// browser checks them as it checks the first load (the loader itself is in the import map), and the list of parts, which
// no browser asks for, goes to target/split.json, where `cargo xtask size` reads it.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node scripts/split.mjs FOLDER');

const loader = readdirSync(folder).find((name) => /^__wasm_split\.\w+\.js$/.test(name));
if (!loader) throw new Error(`${folder} has no loader: was the program built with --split?`);

const path = join(folder, loader);
const parts = new Set(readdirSync(folder).filter((name) => name.endsWith('.wasm') && name !== 'healthsecure.wasm'));
const called = /fetch\(new URL\("\.\/([\w.]+)", import\.meta\.url\)\)/g;
const text = readFileSync(path, 'utf8').replace(called, (_, name) => {
  if (!parts.delete(name)) throw new Error(`${loader} names ${name}, which is not there`);
  const hash = createHash('sha256').update(readFileSync(join(folder, name))).digest('base64');
  return `fetch(new URL("./${name}", import.meta.url), {integrity: "sha256-${hash}"})`;
});
if (parts.size) throw new Error(`${loader} does not name ${[...parts].join(', ')}`);
const bare = text.split('\n').filter((line) => line.includes('fetch(') && !line.includes('integrity:'));
if (bare.length) throw new Error(`${loader} fetches without a hash: ${bare[0].trim()}`);
writeFileSync(path, text.replace(/^\s*\/\/.*\n/gm, ''));

renameSync(join(folder, '__wasm_split_manifest.json'), join(folder, '../../split.json'));
for (const old of readdirSync(folder).filter((name) => name.endsWith('.br') || name.endsWith('.gz'))) rmSync(join(folder, old));
