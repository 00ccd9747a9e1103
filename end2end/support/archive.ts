// An archive, opened by a program that isn't this project's: Python's zipfile, which compares every CRC.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const UNPACK = `
import hashlib, json, os, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
archive.extractall(sys.argv[2])
for line in open(os.path.join(sys.argv[2], 'SHA256SUMS'), encoding='utf-8'):
    digest, path = line.rstrip('\\n').split('  ', 1)
    content = open(os.path.join(sys.argv[2], path), 'rb').read()
    assert hashlib.sha256(content).hexdigest() == digest, path
print(json.dumps(archive.namelist()))
`;

export class Archive {
  readonly folder = mkdtempSync(join(tmpdir(), 'healthsecure-archive-'));
  readonly paths: string[];

  /** Unpacks it; throws where it is damaged or a checksum is wrong. */
  constructor(path: string) {
    const python = process.env.HEALTHSECURE_PYTHON ?? 'python3';
    this.paths = JSON.parse(execFileSync(python, ['-c', UNPACK, path, this.folder], { encoding: 'utf8' }));
  }

  /** Where an entry lies. */
  at(path: string): string {
    return join(this.folder, path);
  }

  text(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  json(path: string): unknown {
    return JSON.parse(this.text(path));
  }

  /** The one path that ends so. */
  find(end: string): string {
    const found = this.paths.filter((path) => path.endsWith(end));
    if (found.length !== 1) throw new Error(`${found.length} entries end with ${end}: ${this.paths.join(', ')}`);
    return found[0] as string;
  }
}
