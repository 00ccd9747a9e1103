// A page of its own for what is measured beside the product: a bare WebCrypto loop, and npm `age-encryption`.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, normalize } from 'node:path';
import { root } from '../support/server.ts';

/** One worker of the bare loop: reads segments of a Blob and encrypts their chunks, `batch` in flight, nothing else. */
const bareWorker = `
onmessage = async ({ data: { blob, from, to, chunk, batch, first } }) => {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
  const plain = new Uint8Array(await blob.slice(from, to).arrayBuffer());
  const iv = new Uint8Array(12);
  const view = new DataView(iv.buffer);
  for (let at = 0; at < plain.length; at += chunk * batch) {
    const running = [];
    for (let i = at; i < Math.min(plain.length, at + chunk * batch); i += chunk) {
      view.setUint32(8, first + i / chunk);
      running.push(crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plain.subarray(i, i + chunk)));
    }
    await Promise.all(running);
  }
  postMessage('done');
};`;

/** Serves \`/\`, \`/bare-worker.js\` and \`/modules/<package>/<file>\` with bare imports rewritten. */
export async function referencePage(): Promise<{ origin: string; close: () => void }> {
  const server: Server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
    const js = (text: string) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(text);
    if (path === '/bare-worker.js') return js(bareWorker);
    if (path.startsWith('/modules/')) {
      const file = join(root, 'node_modules', path.slice('/modules/'.length));
      return existsSync(file) ? js(withPaths(readFileSync(file, 'utf8'))) : response.writeHead(404).end();
    }
    return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>References</title>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { origin: `http://localhost:${port}`, close: () => server.close() };
}

/** `from "@noble/ciphers/chacha.js"` → `from "/modules/@noble/ciphers/chacha.js"`. */
function withPaths(source: string): string {
  return source.replaceAll(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])(@noble\/|@scure\/)/g, '$1$2/modules/$3')
    .replaceAll(/(["'])\/modules\/@scure\/base\1/g, '$1/modules/@scure/base/index.js$1');
}
