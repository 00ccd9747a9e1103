// Large files: several side by side, paused, cancelled; changed since, a line that died without a word, downloads that break
// and go on, and where they are written.
import { expect, type Browser, type Page } from '@playwright/test';
import { createHash } from 'node:crypto';
import { test } from '../support/test.ts';
import { Clinic } from '../support/clinic.ts';
import { file, sameAs, type TestFile } from '../support/files.ts';
import { Person } from '../support/person.ts';
import { RecordingProxy, type Recorded } from '../support/proxy.ts';
import { freePort } from '../support/server.ts';
import { words } from '../support/words.ts';

const SEGMENT = 8 * 1024 * 1024;

/** A clinic whose connection to the server goes through a proxy, and its author, who looks at the reports. */
async function behindProxy(browser: Browser): Promise<{ clinic: Clinic; proxy: RecordingProxy; author: Person; end: () => Promise<void> }> {
  const port = await freePort();
  const proxy = await RecordingProxy.start(port);
  proxy.record = false;
  const clinic = await Clinic.open(browser, { behind: { origin: proxy.origin, port } });
  const author = await Person.signedIn(browser, clinic.origin, clinic.author);
  const end = async () => {
    await author.leave();
    await clinic.close();
    await proxy.stop();
  };
  return { clinic, proxy, author, end };
}

interface Asked {
  method?: string | undefined;
  url?: string | undefined;
}

/** The upload and the number of the segment that a request sends. */
function segment({ method, url }: Asked): { upload: string; n: number } | undefined {
  const found = /\/uploads\/([0-9a-f]{32})\/segments\/(\d+)$/.exec(url ?? '');
  return method === 'PUT' && found?.[1] && found[2] ? { upload: found[1], n: Number(found[2]) } : undefined;
}

const isPart = ({ method, url }: Asked) => method === 'GET' && /\/parts\/\d+$/.test(url ?? '');

/** The first byte that a request for a part asks for. */
function firstByte({ head }: Recorded): number {
  return Number(/bytes=(\d+)-/.exec(head.toString('latin1'))?.[1] ?? Number.NaN);
}

/** A file of so many bytes that no other seed gives. */
function scan(name: string, bytes: number, seed = 1): TestFile {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 4096) content.writeUInt32LE((at ^ (seed * 2_654_435_761)) >>> 0, Math.min(at, bytes - 4));
  return file(name, content);
}

async function downloaded(person: Person, original: TestFile): Promise<boolean> {
  const download = person.page.waitForEvent('download', { timeout: 90_000 });
  await person.button(words.report.download(original.name)).click();
  return sameAs(original, await (await download).path());
}

test('files are uploaded side by side, and each is paused, resumed and cancelled alone', async ({ browser }) => {
  test.setTimeout(450_000);
  const { proxy, author, end } = await behindProxy(browser);
  try {
    await author.beginReport({ title: 'Many files', patientName: 'Ida Berg' });
    await expect(author.page.getByText(words.draft.saved).first()).toBeVisible();
    const files = ['a.dcm', 'b.dcm', 'c.dcm', 'd.dcm'].map((name, i) => scan(name, 2 * SEGMENT + 1000, i + 1));
    const [a, b, c, d] = files as [TestFile, TestFile, TestFile, TestFile];
    proxy.hold((request) => segment(request) !== undefined);
    await author.addFiles(files);
    for (const one of [a, b, c]) await expect(author.row(one.name).getByText(words.draft.fileSealing)).toBeVisible();
    await expect(author.row(d.name).getByText(words.draft.fileWaiting, { exact: true })).toBeVisible();
    await expect.poll(() => proxy.heldCount).toBeGreaterThan(0);
    await author.button(words.draft.filePause(b.name)).click();
    await expect(author.row(b.name).getByText(words.draft.filePaused)).toBeVisible();
    await author.button(words.draft.fileCancel(c.name)).click();
    await expect(author.row(c.name)).toHaveCount(0);
    proxy.release();
    await author.filesUploaded([a, d]);
    await expect(author.row(b.name).getByText(words.draft.filePaused), 'it stays paused').toBeVisible();
    await author.row(b.name).getByRole('button', { name: words.draft.resume }).click();
    await author.filesUploaded([b]);
    await author.complete();
    await expect(author.button(words.report.download(c.name))).toHaveCount(0);
    for (const one of [a, b, d]) expect(await downloaded(author, one), one.name).toBe(true);
  } finally {
    await end();
  }
});

test('after a reload the same file goes on, and a changed one is refused by name and sealed anew', async ({ browser }) => {
  test.setTimeout(450_000);
  const { proxy, author, end } = await behindProxy(browser);
  try {
    await author.beginReport({ title: 'Reloaded', patientName: 'Ole Vang' });
    await expect(author.page.getByText(words.draft.saved).first()).toBeVisible();
    const same = scan('same.dcm', 4 * SEGMENT + 9, 1);
    const before = scan('changed.dcm', 4 * SEGMENT + 9, 2);
    proxy.record = true;
    // Each has at least one segment by then; one after the other, so that it is known whose.
    const uploads: string[] = [];
    for (const one of [same, before]) {
      const from = proxy.requests.length;
      proxy.hold((request) => (segment(request)?.n ?? 0) >= 3);
      await author.addFiles([one]);
      await expect.poll(() => proxy.heldCount, { timeout: 60_000 }).toBeGreaterThan(0);
      await expect.poll(() => proxy.requests.slice(from).filter((r) => segment(r)?.n === 0).length).toBe(1);
      uploads.push(segment(proxy.requests.slice(from).find((r) => segment(r)?.n === 0) ?? {})?.upload ?? '');
      await author.button(words.draft.filePause(one.name)).click();
      proxy.release('never');
    }
    await author.reload();
    await expect(author.row(same.name).getByText(words.draft.fileAgain)).toBeVisible({ timeout: 30_000 });
    const stored = async (upload: string): Promise<number[]> =>
      (await (await author.context.request.get(`${author.origin}/api/v1/uploads/${upload}`)).json()).received;
    const [kept, old] = [await stored(uploads[0] ?? ''), uploads[1] ?? ''];
    expect(kept.length).toBeGreaterThan(0);
    const from = proxy.requests.length;

    const foreign = scan('foreign.dcm', 4 * SEGMENT + 9, 1);
    await author.row(same.name).locator('input[type=file]').setInputFiles(foreign.path);
    await expect(author.row(same.name).getByText(words.draft.fileOther)).toBeVisible();
    await author.chooseAgain(same);
    await author.filesUploaded([same]);
    const again = proxy.requests.slice(from).map(segment).filter((s) => s && s.upload === uploads[0] && kept.includes(s.n));
    expect(again, 'what had arrived is not sent again').toEqual([]);

    const after = scan('changed.dcm', 4 * SEGMENT + 9, 3);
    await author.chooseAgain(after);
    await expect(author.row(after.name).getByText(words.draft.fileAnew)).toBeVisible({ timeout: 60_000 });
    await author.filesUploaded([after]);
    const firsts = proxy.requests.filter((r) => segment(r)?.n === 0 && segment(r)?.upload !== uploads[0]);
    const [first, anew] = [firsts[0], firsts.at(-1)];
    expect(first && segment(first)?.upload).toBe(old);
    expect(anew && segment(anew)?.upload).not.toBe(old);
    expect(anew?.body.subarray(0, 24).equals(first?.body.subarray(0, 24) ?? Buffer.alloc(0)), 'a salt of its own').toBe(false);
    const leaked = proxy.requests.slice(from).filter((r) => segment(r)?.upload === old);
    expect(leaked, 'nothing of the changed file was sent under the old salt').toEqual([]);
    await author.complete();
    expect(await downloaded(author, same)).toBe(true);
    expect(await downloaded(author, after)).toBe(true);
  } finally {
    await end();
  }
});

test('a file of a draft is taken up again when it is simply added once more', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(300_000);
  const { proxy, author, end } = await behindProxy(browser);
  try {
    await author.beginReport({ title: 'Added twice', patientName: 'Pia Holm' });
    await expect(author.page.getByText(words.draft.saved).first()).toBeVisible();
    const large = scan('twice.dcm', 3 * SEGMENT);
    proxy.hold((request) => segment(request)?.n === 1);
    await author.addFiles([large]);
    await expect.poll(() => proxy.heldCount, { timeout: 60_000 }).toBe(1);
    proxy.release('never');
    await author.reload();
    await expect(author.row(large.name).getByText(words.draft.fileAgain)).toBeVisible({ timeout: 30_000 });
    await author.addFiles([large]);
    await author.filesUploaded([large]);
    await expect(author.page.getByText(large.name, { exact: true })).toHaveCount(1);
  } finally {
    await end();
  }
});

test('a line that died without a word is noticed, as when a laptop was closed, and the upload goes on', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(360_000);
  const { proxy, author, end } = await behindProxy(browser);
  try {
    await author.page.clock.install();
    await author.beginReport({ title: 'Closed laptop', patientName: 'Uwe Kern' });
    await expect(author.page.getByText(words.draft.saved).first()).toBeVisible();
    const large = scan('asleep.dcm', 3 * SEGMENT + 77);
    proxy.hold((request) => segment(request) !== undefined);
    await author.addFiles([large]);
    await expect.poll(() => proxy.heldCount, { timeout: 60_000 }).toBeGreaterThan(1);
    // As many as go at once, so that no other follows.
    await author.page.waitForTimeout(2000);
    proxy.release('never');
    const from = proxy.requests.length;
    await author.page.waitForTimeout(2000);
    expect(proxy.requests.slice(from).filter(segment), 'nobody knows yet').toEqual([]);
    await author.page.clock.fastForward(61_000);
    await author.filesUploaded([large]);
    await author.complete();
    expect(await downloaded(author, large)).toBe(true);
  } finally {
    await end();
  }
});

test('a download goes on where the connection broke', async ({ browser }) => {
  test.setTimeout(360_000);
  const { proxy, author, end } = await behindProxy(browser);
  try {
    const large = scan('fetched.dcm', 6 * SEGMENT + 5);
    await author.goTo('settings');
    await author.page.getByLabel(words.settings.lockAfter).selectOption('1');
    await author.writeReport({ title: 'Fetched in pieces', patientName: 'Rut Lien' }, [large]);
    await author.page.clock.install();
    const from = proxy.requests.length;
    // Asked for only when the first was opened and written.
    proxy.cutAt((request) => isPart(request) && /bytes=3[0-9]{7}-/.test(request.headers.range ?? ''));
    const download = author.page.waitForEvent('download', { timeout: 120_000 });
    await author.button(words.report.download(large.name)).click();
    await expect(author.page.getByText(words.report.fileLost)).toBeVisible({ timeout: 60_000 });
    // Waiting for the line counts as use: a page that locks would begin from the start.
    await author.page.clock.runFor(90_000);
    await author.page.waitForTimeout(6_000);
    await expect(author.page.getByText(words.report.fileLost)).toBeVisible();
    proxy.restore();
    await author.page.clock.runFor(31_000);
    expect(sameAs(large, await (await download).path())).toBe(true);
    const asked = proxy.requests.slice(from).filter(isPart).map(firstByte);
    expect(asked.filter((first) => first === 0), 'the first segment is fetched once').toHaveLength(1);
    await expect(author.page.getByText(words.report.fileLost)).toHaveCount(0);
  } finally {
    await end();
  }
});

/** Where the browser writes what isn't in its place yet. */
const isSwap = ({ path }: { path: string }) => path.endsWith('.crswap');

/** What the page keeps in the browser's private files: path and bytes of each. */
async function kept(page: Page): Promise<Array<{ path: string; size: number }>> {
  return (await files(page)).filter((file) => !isSwap(file));
}

async function files(page: Page): Promise<Array<{ path: string; size: number }>> {
  return page.evaluate(async () => {
    const found: Array<{ path: string; size: number }> = [];
    const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      const entries = (folder as unknown as { entries(): AsyncIterable<[string, FileSystemHandle]> }).entries();
      for await (const [name, handle] of entries) {
        if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`);
        else found.push({ path: path + name, size: (await (handle as FileSystemFileHandle).getFile()).size });
      }
    };
    await walk(await navigator.storage.getDirectory(), '/');
    return found;
  });
}

test('a large file is written while it comes, shown when all of it is right, and nothing of it stays in the browser', async ({ browser }) => {
  test.setTimeout(450_000);
  const { proxy, author, end } = await behindProxy(browser);
  try {
    await author.context.addInitScript(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
    await author.reload();
    const large = scan('large.dcm', 8 * SEGMENT + 123_456);
    await author.writeReport({ title: 'Written as it comes', patientName: 'Nils Aune' }, [large]);
    // All but the last segment; its own chunk was fetched first, alone.
    let last = 0;
    proxy.hold((request) => isPart(request) && Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1]) > 7.9 * SEGMENT && ++last > 1);
    let early = false;
    author.page.on('download', () => (early = true));
    const download = author.page.waitForEvent('download', { timeout: 120_000 });
    await author.button(words.report.download(large.name)).click();
    await expect.poll(() => proxy.heldCount, { timeout: 60_000 }).toBe(1);
    await author.page.waitForTimeout(1500);
    const meanwhile = await kept(author.page);
    expect(meanwhile).toHaveLength(1);
    expect(meanwhile[0]?.path).not.toContain('large');
    expect(meanwhile[0]?.size, 'nothing is in its place before the end').toBe(0);
    const written = (await files(author.page)).find(isSwap);
    expect(written?.size, 'what came is on the disk').toBeGreaterThan(4 * SEGMENT);
    expect(early).toBe(false);
    proxy.release();
    expect(sameAs(large, await (await download).path())).toBe(true);
    expect((await kept(author.page))[0]?.size).toBe(large.size);
    await author.lock();
    await expect.poll(async () => (await kept(author.page)).length).toBe(0);
  } finally {
    await end();
  }
});

test('what a page left behind goes with the next page', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('downloads-left', { create: true });
    const stream = await (await folder.getFileHandle('plain', { create: true })).createWritable();
    await stream.write('left by a page that was killed');
    await stream.close();
  });
  expect(await kept(author.page)).toHaveLength(1);
  await author.page.reload();
  await author.heading(words.signIn.locked).waitFor();
  await expect.poll(async () => (await kept(author.page)).length).toBe(0);
});

test('a large file goes straight to the place that its reader chose', { tag: '@long' }, async ({ clinic, enter }) => {
  test.setTimeout(300_000);
  const author = await enter(clinic.author);
  await author.context.addInitScript(() => {
    const page = window as unknown as Record<string, unknown>;
    page['showSaveFilePicker'] = async (options: { suggestedName: string }) => {
      if (page['declines']) throw new DOMException('', 'AbortError');
      page['suggested'] = options.suggestedName;
      return (await navigator.storage.getDirectory()).getFileHandle('chosen', { create: true });
    };
  });
  await author.reload();
  const large = scan('chosen.dcm', 8 * SEGMENT + 1);
  await author.writeReport({ title: 'Chosen place', patientName: 'Eva Lund' }, [large]);
  await author.page.evaluate(() => void ((window as unknown as Record<string, unknown>)['declines'] = true));
  await author.button(words.report.download(large.name)).click();
  await author.page.waitForTimeout(500);
  await expect(author.page.getByRole('progressbar'), 'whoever chooses no place saves nothing').toHaveCount(0);
  await author.page.evaluate(() => void ((window as unknown as Record<string, unknown>)['declines'] = false));
  await author.button(words.report.download(large.name)).click();
  await expect.poll(async () => (await kept(author.page)).find(({ path }) => path === '/chosen')?.size, { timeout: 90_000 }).toBe(large.size);
  const seen = await author.page.evaluate(async () => {
    const blob = await (await (await navigator.storage.getDirectory()).getFileHandle('chosen')).getFile();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
    return { hash: [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join(''), suggested: (window as unknown as Record<string, unknown>)['suggested'] };
  });
  expect(seen).toEqual({ hash: large.sha256, suggested: large.name });
});

test('a browser without room for a file says so, and keeps nothing of it', async ({ clinic, enter }) => {
  test.setTimeout(300_000);
  const author = await enter(clinic.author);
  await author.context.addInitScript(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
  await author.reload();
  const large = scan('too-large.dcm', 8 * SEGMENT + 1);
  await author.writeReport({ title: 'No room', patientName: 'Kai Moen' }, [large]);
  const devtools = await author.context.newCDPSession(author.page);
  const origin = new URL(author.origin).origin;
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 20_000_000 });
  await author.button(words.report.download(large.name)).click();
  await expect(author.page.getByText(words.report.noRoom)).toBeVisible();
  // Said too late: the browser refuses in the middle.
  await author.page.evaluate(() => {
    navigator.storage.estimate = async () => ({ quota: 1e12, usage: 0 });
  });
  await author.button(words.report.download(large.name)).click();
  await expect(author.page.getByText(words.report.noRoom)).toHaveCount(0);
  await expect(author.page.getByText(words.report.noRoom)).toBeVisible({ timeout: 60_000 });
  expect(await kept(author.page)).toEqual([]);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  expect(await downloaded(author, large)).toBe(true);
});

test('the digest that a page sends is that of what it sends', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(300_000);
  const { proxy, author, end } = await behindProxy(browser);
  try {
    proxy.record = true;
    const one = scan('digest.dcm', SEGMENT + 3);
    await author.writeReport({ title: 'Digests', patientName: 'Liv Strand' }, [one]);
    const sent = proxy.requests.filter((request) => segment(request));
    expect(sent).toHaveLength(2);
    for (const { head, body } of sent) {
      const said = /content-digest\r\nsha-256=:([^:]+):/i.exec(head.toString('latin1'))?.[1];
      expect(said).toBe(createHash('sha256').update(body).digest('base64'));
    }
  } finally {
    await end();
  }
});
