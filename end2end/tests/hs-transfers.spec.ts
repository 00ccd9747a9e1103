// hs and large files: interrupted, gone on with, and a connection that is away for a while.
import { expect, test } from '@playwright/test';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identity } from '../support/clinic.ts';
import { file, sameAs, type TestFile } from '../support/files.ts';
import { Hs, HsError } from '../support/hs.ts';
import { RecordingProxy, type Recorded } from '../support/proxy.ts';
import { freePort, Server } from '../support/server.ts';

const SEGMENT = 8 * 1024 * 1024;
const PUT = /\/uploads\/[0-9a-f]{32}\/segments\/(\d+)$/;

function scan(name: string, bytes: number, seed = 1): TestFile {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 4096) content.writeUInt32LE((at ^ (seed * 2_654_435_761)) >>> 0, Math.min(at, bytes - 4));
  return file(name, content);
}

/** The numbers of the segments that were sent whole. */
function sent(requests: Recorded[]): number[] {
  return requests.filter((r) => r.method === 'PUT').flatMap((r) => PUT.exec(r.url)?.[1] ?? []).map(Number);
}

/** A server behind a proxy, and a patient of it. */
async function patient(): Promise<{ server: Server; proxy: RecordingProxy; hs: Hs; end: () => Promise<void> }> {
  const port = await freePort();
  const proxy = await RecordingProxy.start(port);
  proxy.record = false;
  const server = await Server.start({ behind: { origin: proxy.origin, port } });
  const ada = identity('Ada Founder', 'administrator');
  const founder = new Hs(server.origin, ada);
  const ann = identity('Ann Patient', 'patient');
  const hs = new Hs(server.origin, ann);
  await founder.run(['signup', '--name', ada.name, '--email', ada.email, '--role', 'administrator'], { '--link-fd': server.setUpLink() });
  await hs.run(['signup', '--name', ann.name, '--email', ann.email, '--role', 'patient']);
  const end = async () => {
    hs.remove();
    founder.remove();
    await server.remove();
    await proxy.stop();
  };
  return { server, proxy, hs, end };
}

const about = ['--title', 'Large', '--patient-name', 'Ann Patient'];

test('a push that was killed goes on with what is missing, and a file that changed is sealed anew', async () => {
  test.setTimeout(300_000);
  const { proxy, hs, end } = await patient();
  try {
    const [first, second] = [scan('first.bin', SEGMENT + 5, 1), scan('second.bin', 5 * SEGMENT + 5, 2)];
    let draft = '';
    proxy.hold((request) => {
      draft = /\/drafts\/([0-9a-f]{64})/.exec(request.url ?? '')?.[1] ?? draft;
      return (request.url ?? '').endsWith('/segments/4');
    });
    const killed = hs.runWatched(['push', first.path, second.path, ...about], (process) => {
      const look = setInterval(() => {
        if (proxy.heldCount === 0 || !sent(proxy.requests).includes(3)) return;
        clearInterval(look);
        process.kill('SIGKILL');
      }, 20);
    });
    await expect(killed).rejects.toThrow(HsError);
    proxy.release('never');
    expect(draft).toMatch(/^[0-9a-f]{64}$/);
    const from = proxy.requests.length;
    // Of the second file's first segments some have arrived: they are only compared.
    const pushed = (await hs.run(['push', '--resume', draft, first.path, second.path])) as { report_id: string };
    const again = sent(proxy.requests.slice(from));
    expect(again.length).toBeLessThan(6);
    expect(again).toContain(4);
    const out = join(hs.home, 'out');
    mkdirSync(out);
    await hs.run(['pull', pushed.report_id, '--out', out]);
    for (const one of [first, second]) expect(sameAs(one, join(out, one.name)), one.name).toBe(true);
    await expect(hs.run(['push', '--resume', 'nothing', first.path])).rejects.toThrow(/not the id of a draft/);
    await expect(hs.run(['push', '--resume', draft, '--title', 'Another', first.path])).rejects.toThrow(HsError);
  } finally {
    await end();
  }
});

test('a file that changed before the push went on is sealed under another salt', async () => {
  test.setTimeout(300_000);
  const { proxy, hs, end } = await patient();
  try {
    const before = scan('changed.bin', 3 * SEGMENT, 1);
    let draft = '';
    proxy.record = true;
    proxy.hold((request) => {
      draft = /\/drafts\/([0-9a-f]{64})/.exec(request.url ?? '')?.[1] ?? draft;
      return (request.url ?? '').endsWith('/segments/2');
    });
    const killed = hs.runWatched(['push', before.path, ...about], (process) => {
      const look = setInterval(() => {
        if (!sent(proxy.requests).includes(0)) return;
        clearInterval(look);
        process.kill('SIGKILL');
      }, 20);
    });
    await expect(killed).rejects.toThrow(HsError);
    proxy.release('never');
    // What it was sending still comes to its end; of the one that was held nothing is read.
    await expect.poll(() => proxy.connections).toBeLessThanOrEqual(1);
    const old = proxy.requests.find((r) => PUT.exec(r.url)?.[1] === '0');
    const after = scan('changed.bin', 3 * SEGMENT, 2);
    const from = proxy.requests.length;
    const pushed = (await hs.run(['push', '--resume', draft, after.path])) as { report_id: string };
    const anew = proxy.requests.slice(from).filter((r) => r.method === 'PUT' && PUT.test(r.url));
    const folder = (url: string | undefined) => url?.replace(/\/segments\/\d+$/, '');
    expect(anew.filter((r) => folder(r.url) === folder(old?.url)), 'nothing under the old salt').toEqual([]);
    const first = anew.find((r) => r.url.endsWith('/segments/0'));
    expect(first?.body.subarray(0, 24).equals(old?.body.subarray(0, 24) ?? Buffer.alloc(0))).toBe(false);
    await hs.run(['pull', pushed.report_id, '--out', hs.home]);
    expect(sameAs(after, join(hs.home, after.name))).toBe(true);
  } finally {
    await end();
  }
});

test('a change that was killed goes on, and adds no file twice', async () => {
  test.setTimeout(300_000);
  const { proxy, hs, end } = await patient();
  try {
    const [first, second] = [scan('first.bin', 1000, 1), scan('second.bin', 2 * SEGMENT, 2)];
    const { report_id: id } = (await hs.run(['push', scan('before.bin', 10).path, ...about])) as { report_id: string };
    const added = ['--add', first.path, '--add', second.path];
    proxy.hold((request) => (request.url ?? '').endsWith('/segments/1'));
    const killed = hs.runWatched(['edit', id, ...added], (process) => {
      const look = setInterval(() => {
        if (proxy.heldCount === 0) return;
        clearInterval(look);
        process.kill('SIGKILL');
      }, 20);
    });
    await expect(killed).rejects.toThrow(HsError);
    proxy.release('never');
    await expect(hs.run(['push', '--resume', id, second.path])).rejects.toThrow(/hs edit/);
    expect(await hs.run(['edit', id, '--continue', ...added])).toMatchObject({ version: 2 });
    const out = join(hs.home, 'changed');
    await hs.run(['pull', id, '--out', out]);
    expect(readdirSync(out).sort()).toEqual(['before.bin', first.name, second.name]);
    const { files } = (await hs.run(['pull', id, '--out', out])) as { files: string[] };
    expect(files, 'each once').toHaveLength(3);
    for (const one of [first, second]) expect(sameAs(one, join(out, one.name)), one.name).toBe(true);
  } finally {
    await end();
  }
});

test('hs waits for a connection that is away for a while, both ways', { tag: '@long' }, async () => {
  test.setTimeout(360_000);
  const { proxy, hs, end } = await patient();
  try {
    const large = scan('patient.bin', 6 * SEGMENT + 5);
    const back = (until: () => boolean) => {
      const look = setInterval(() => {
        if (!until()) return;
        clearInterval(look);
        setTimeout(() => proxy.restore(), 3000);
      }, 20);
    };
    proxy.cutAt((request) => (request.url ?? '').endsWith('/segments/3'));
    back(() => proxy.isCut);
    const pushed = (await hs.run(['push', large.path, ...about])) as { report_id: string };
    proxy.cutAt((request) => /bytes=3[0-9]{7}-/.test(request.headers.range ?? ''));
    back(() => proxy.isCut);
    await hs.run(['pull', pushed.report_id, '--out', hs.home]);
    expect(sameAs(large, join(hs.home, large.name))).toBe(true);
  } finally {
    await end();
  }
});

test('a pull that was killed goes on from what it wrote, and files that are there are not fetched again', async () => {
  test.setTimeout(300_000);
  const { proxy, hs, end } = await patient();
  try {
    const [small, large] = [scan('a-small.bin', 1000, 1), scan('b-large.bin', 6 * SEGMENT + 5, 2)];
    const pushed = (await hs.run(['push', small.path, large.path, ...about])) as { report_id: string };
    const out = join(hs.home, 'out');
    const partial = join(out, `.${large.name}.hs-partial`);
    const written = () => {
      try {
        return statSync(partial).size;
      } catch {
        return 0;
      }
    };
    proxy.hold((request) => /bytes=(3[3-9]|[45]\d)\d{6}-\d{8}$/.test(request.headers.range ?? '') && written() > 0);
    const killed = hs.runWatched(['pull', pushed.report_id, '--out', out], (process) => {
      const look = setInterval(() => {
        if (proxy.heldCount === 0 || written() < 2 * SEGMENT) return;
        clearInterval(look);
        process.kill('SIGKILL');
      }, 10);
    });
    await expect(killed).rejects.toThrow(HsError);
    proxy.release('never');
    expect(readdirSync(out).sort(), 'nothing is called complete').toEqual([`.${large.name}.hs-partial`, small.name]);
    const from = proxy.requests.length;
    await hs.run(['pull', pushed.report_id, '--out', out]);
    const ranges = proxy.requests.slice(from).flatMap((r) => /bytes=(\d+)-/.exec(r.head.toString('latin1'))?.[1] ?? []).map(Number);
    expect(ranges, 'the small one, and what was written, are not fetched again').not.toContain(0);
    // The last comes first as well: it says how long the file is.
    expect(new Set(ranges).size).toBeLessThan(6);
    for (const one of [small, large]) expect(sameAs(one, join(out, one.name)), one.name).toBe(true);
    expect(readdirSync(out).sort()).toEqual([small.name, large.name]);

    // What stands in its place and may be somebody else's is named, and left as it is: a link to another file, an open one.
    rmSync(join(out, large.name));
    const own = join(hs.home, 'own');
    writeFileSync(own, 'precious', { mode: 0o600 });
    symlinkSync(own, partial);
    const named = /\.b-large\.bin\.hs-partial is there already; if it was left behind, remove it first/;
    await expect(hs.run(['pull', pushed.report_id, '--out', out])).rejects.toThrow(named);
    rmSync(partial);
    writeFileSync(partial, 'open to all', { mode: 0o644 });
    await expect(hs.run(['pull', pushed.report_id, '--out', out])).rejects.toThrow(named);
    expect([readFileSync(own, 'utf8'), readFileSync(partial, 'utf8')]).toEqual(['precious', 'open to all']);
    rmSync(partial);
    await hs.run(['pull', pushed.report_id, '--out', out]);
    expect(sameAs(large, join(out, large.name))).toBe(true);
  } finally {
    await end();
  }
});
