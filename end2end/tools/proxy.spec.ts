// The recording proxy must see everything, and its cut must be one.
import { createServer, type Server } from 'node:http';
import { expect, test } from '@playwright/test';
import { RecordingProxy } from '../support/proxy.ts';

let target: Server;
let proxy: RecordingProxy;

test.beforeEach(async () => {
  target = createServer((from, to) => {
    let length = 0;
    from.on('data', (piece: Buffer) => (length += piece.length));
    from.on('end', () => to.writeHead(200, { 'x-twice': ['a', 'b'] }).end(`${from.method} ${from.url} ${length}`));
  });
  await new Promise<void>((done) => target.listen(0, '127.0.0.1', done));
  const address = target.address();
  proxy = await RecordingProxy.start(typeof address === 'object' && address ? address.port : 0);
});

test.afterEach(async () => {
  await proxy.stop();
  target.closeAllConnections();
  await new Promise((done) => target.close(done));
});

test('what passes is kept: line, headers, body', async () => {
  const body = Buffer.alloc(3_000_000, 'x');
  const answer = await fetch(`${proxy.origin}/a?b=c`, { method: 'PUT', body, headers: { 'x-mark': 'here' } });
  expect(await answer.text()).toBe('PUT /a?b=c 3000000');
  expect(answer.headers.get('x-twice')).toBe('a, b');
  expect(proxy.requests).toHaveLength(1);
  const [seen] = proxy.requests;
  expect(seen?.head.toString()).toContain('PUT /a?b=c');
  expect(seen?.head.toString()).toContain('x-mark\r\nhere');
  expect(seen?.body.equals(body)).toBe(true);
});

test('a cut ends what runs and refuses what comes, until it is restored', async () => {
  await (await fetch(`${proxy.origin}/before`)).text();
  proxy.cut();
  await expect(fetch(`${proxy.origin}/during`)).rejects.toThrow();
  proxy.restore();
  expect(await (await fetch(`${proxy.origin}/after`)).text()).toBe('GET /after 0');
});

test('a cut in the middle of an upload', async () => {
  proxy.cutAt((request) => request.method === 'PUT');
  const body = Buffer.alloc(20_000_000, 'x');
  await expect(fetch(`${proxy.origin}/upload`, { method: 'PUT', body })).rejects.toThrow();
  expect(proxy.isCut).toBe(true);
});

test('what is held is silent until it is released, and passes then', async () => {
  proxy.hold((request) => request.method === 'PUT');
  const body = Buffer.alloc(2_000_000, 'x');
  let answered = false;
  const put = fetch(`${proxy.origin}/upload`, { method: 'PUT', body }).finally(() => (answered = true));
  await expect.poll(() => proxy.heldCount).toBe(1);
  expect(await (await fetch(`${proxy.origin}/beside`)).text()).toBe('GET /beside 0');
  expect(answered).toBe(false);
  proxy.release();
  expect(await (await put).text()).toBe('PUT /upload 2000000');
});

test('a line that died in silence stays silent, and others pass', async () => {
  proxy.hold(() => true);
  const dead = fetch(`${proxy.origin}/dead`);
  await expect.poll(() => proxy.heldCount).toBe(1);
  proxy.release('never');
  expect(await (await fetch(`${proxy.origin}/after`)).text()).toBe('GET /after 0');
  proxy.cut();
  await expect(dead).rejects.toThrow();
});
