// (i) 1 GiB through the server beside a bare copy over the same loopback (server/examples/transfer.rs).
import { join } from 'node:path';
import { test } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { examples, run } from './fill.ts';
import { median, record } from './results.ts';

const GIB = 1024 ** 3;

/** Seconds. */
type Round = Record<'upload' | 'bare_upload' | 'download' | 'bare_download', number>;

test('i: 1 GiB up and down', async ({ browser }) => {
  test.setTimeout(900_000);
  const clinic = await Clinic.open(browser);
  try {
    const { email, password } = clinic.author;
    const said = await run(join(examples, 'transfer'), [clinic.origin, email, String(GIB), '3'], `${password}\n`);
    const rounds = said.trim().split('\n').map((line) => JSON.parse(line) as Round);
    for (const [id, way, what] of [['i1', 'upload', 'uploading 1 GiB, each segment hashed, durable and recorded'], ['i2', 'download', 'downloading 1 GiB, each segment authorised and recorded']] as const) {
      const bare = `bare_${way}` as const;
      const rate = (of: keyof Round) => `${(1024 / median(rounds.map((round) => round[of]))).toFixed(0)} MiB/s`;
      record({ id, what: `API, SQLite: ${what} ÷ a bare copy over the same loopback`, value: median(rounds.map((round) => round[bare] / round[way])), unit: '', target: { at: 'least', value: 0.6 }, beside: `${rate(way)}, bare ${rate(bare)}` });
    }
  } finally {
    await clinic.close();
  }
});
