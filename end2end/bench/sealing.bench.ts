// (a) Sealing in the browser: the product's own workers beside a bare WebCrypto loop and npm `age-encryption`.
import { test, type Page } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { Person } from '../support/person.ts';
import { words } from '../support/words.ts';
import { median, record } from './results.ts';
import { referencePage } from './references.ts';

const MIB = 1024 * 1024;
const SIZE = 256 * MIB - 5;
const ROUNDS = 3;

/** Seals (and with `upload` also sends) a Blob of random bytes with the page's own workers; answers seconds. */
async function sealWithProduct(page: Page, size: number, upload?: string): Promise<number> {
  return page.evaluate(async ({ size, upload }) => {
    const program = document.getElementById('program') as HTMLLinkElement;
    const module = await WebAssembly.compileStreaming(fetch(program.href));
    const count = Math.min(3, Math.max(1, navigator.hardwareConcurrency));
    const workers = Array.from({ length: count }, () => {
      const worker = new Worker(new URL('../worker.js', program.href), { type: 'module' });
      worker.postMessage(module);
      return worker;
    });
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const piece = new Uint8Array(8 * 1024 * 1024);
    for (let i = 0; i < piece.length; i += 65536) crypto.getRandomValues(piece.subarray(i, i + 65536));
    const segment = piece.length;
    const segments = Math.ceil(size / segment);
    const file = new Blob(Array.from({ length: segments }, () => piece)).slice(0, size);
    let busy: number[] = workers.map(() => 0);
    const seal = (i: number) => new Promise<void>((done, fail) => {
      const at = busy.indexOf(Math.min(...busy));
      busy[at] = (busy[at] ?? 0) + 1;
      const worker = workers[at] as Worker;
      const to = Math.min(size, (i + 1) * segment);
      const heard = ({ data }: MessageEvent) => {
        if (data.id !== i) return;
        if (data.kind === 'beat') return;
        if (data.kind === 'hashed') return worker.postMessage({ kind: 'go', id: i });
        worker.removeEventListener('message', heard);
        busy[at] = (busy[at] ?? 1) - 1;
        if (data.kind === 'done') done();
        else fail(new Error(`segment ${i}: ${data.why} ${data.status ?? ''}`));
      };
      worker.addEventListener('message', heard);
      worker.postMessage({
        kind: 'seal', id: i, file, key, nonce, first: i * 512, count: Math.ceil((to - i * segment) / 16384), from: i * segment, to,
        ...(i === 0 ? { header: new Uint8Array(56) } : {}),
        ...(upload ? { put: `/api/v1/uploads/${upload}/segments/${i}` } : {}),
      });
    });
    // The page's pool runs already when a file comes.
    const asleep = workers.map((worker, i) => new Promise<void>((done) => {
      worker.addEventListener('message', () => done(), { once: true });
      worker.postMessage({ kind: 'open', id: 1_000_000 + i });
    }));
    await Promise.all(asleep);
    const started = performance.now();
    let next = 0;
    const lane = async () => {
      while (next < segments) await seal(next++);
    };
    await Promise.all(Array.from({ length: count + 1 }, lane));
    const seconds = (performance.now() - started) / 1000;
    for (const worker of workers) worker.terminate();
    busy = [];
    return seconds;
  }, { size, upload });
}

async function bareLoop(page: Page, size: number): Promise<number> {
  return page.evaluate(async (size) => {
    const piece = new Uint8Array(8 * 1024 * 1024);
    for (let i = 0; i < piece.length; i += 65536) crypto.getRandomValues(piece.subarray(i, i + 65536));
    const segments = Math.ceil(size / piece.length);
    const blob = new Blob(Array.from({ length: segments }, () => piece)).slice(0, size);
    const workers = Array.from({ length: Math.min(3, Math.max(1, navigator.hardwareConcurrency)) }, () => new Worker('/bare-worker.js'));
    const one = (worker: Worker, i: number) => new Promise<void>((done) => {
      worker.onmessage = () => done();
      const from = i * piece.length;
      worker.postMessage({ blob, from, to: Math.min(size, from + piece.length), chunk: 16384, batch: 128, first: i * 512 });
    });
    // The same start: workers that run.
    await Promise.all(workers.map(async (worker) => one(worker, segments - 1)));
    let next = 0;
    const started = performance.now();
    await Promise.all(workers.map(async (worker) => {
      while (next < segments) await one(worker, next++);
    }));
    const seconds = (performance.now() - started) / 1000;
    for (const worker of workers) worker.terminate();
    return seconds;
  }, size);
}

async function ageEncryption(page: Page, size: number): Promise<number> {
  return page.evaluate(async (size) => {
    const at = '/modules/age-encryption/dist/index.js';
    const age = await import(at);
    const recipient = await age.identityToRecipient(await age.generateIdentity());
    const encrypter = new age.Encrypter();
    encrypter.addRecipient(recipient);
    const piece = new Uint8Array(8 * 1024 * 1024);
    for (let i = 0; i < piece.length; i += 65536) crypto.getRandomValues(piece.subarray(i, i + 65536));
    const blob = new Blob(Array.from({ length: Math.ceil(size / piece.length) }, () => piece)).slice(0, size);
    const started = performance.now();
    const sealed: ReadableStream<Uint8Array> = await encrypter.encrypt(blob.stream());
    const reader = sealed.getReader();
    while (!(await reader.read()).done);
    return (performance.now() - started) / 1000;
  }, size);
}

const rate = (seconds: number) => `${(SIZE / MIB / seconds).toFixed(0)} MiB/s`;

test('a1, a2: sealing 256 MiB', async ({ browser }) => {
  test.setTimeout(900_000);
  const clinic = await Clinic.open(browser);
  const references = await referencePage();
  try {
    const product = await browser.newPage();
    await product.goto(`${clinic.origin}/`);
    const reference = await browser.newPage();
    await reference.goto(references.origin);
    await sealWithProduct(product, 16 * MIB);
    await bareLoop(reference, 16 * MIB);
    const [ours, bare]: [number[], number[]] = [[], []];
    for (let i = 0; i < ROUNDS; i++) {
      ours.push(await sealWithProduct(product, SIZE));
      bare.push(await bareLoop(reference, SIZE));
    }
    const age = await ageEncryption(reference, SIZE);
    const beside = `${rate(median(ours))}, bare loop ${rate(median(bare))}, age-encryption ${rate(age)}`;
    record({ id: 'a1', what: 'browser: sealing ÷ bare WebCrypto loop', value: median(bare) / median(ours), unit: '', target: { at: 'least', value: 0.7 }, beside });
    record({ id: 'a2', what: 'browser: sealing ÷ npm age-encryption', value: age / median(ours), unit: '', target: { at: 'least', value: 2 } });
  } finally {
    references.close();
    await clinic.close();
  }
});

test('a3: sealing and uploading 256 MiB', async ({ browser }) => {
  test.setTimeout(900_000);
  const clinic = await Clinic.open(browser);
  try {
    const author = await Person.signedIn(browser, clinic.origin, clinic.author);
    await author.beginReport({ title: 'Bench', patientName: 'Bench' });
    await author.page.getByText(words.draft.saved).first().waitFor();
    const [ours, blobs]: [number[], number[]] = [[], []];
    for (let part = 1; part <= ROUNDS * 2; part += 2) {
      ours.push(await sealWithProduct(author.page, SIZE, await newUpload(author.page, part)));
      blobs.push(await uploadBlobs(author.page, SIZE, await newUpload(author.page, part + 1)));
    }
    const beside = `${rate(median(ours))}, ready-made Blobs ${rate(median(blobs))}`;
    record({ id: 'a3', what: 'browser: seal and upload ÷ uploading ready-made Blobs', value: median(blobs) / median(ours), unit: '', target: { at: 'least', value: 0.8 }, beside });
  } finally {
    await clinic.close();
  }
});

async function newUpload(page: Page, part: number): Promise<string> {
  return page.evaluate(async ({ part, size }) => {
    const { items } = await (await fetch('/api/v1/drafts')).json();
    const chunks = Math.floor(size / 16384) + 1;
    const body = { report_id: items[0].id, version: 1, revision: 0, part, ciphertext_len: 56 + size + chunks * 16 };
    const answer = await fetch('/api/v1/uploads', {
      method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' },
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).id as string;
  }, { part, size: SIZE });
}

/** The same bytes on the wire, made and hashed beforehand. */
async function uploadBlobs(page: Page, size: number, upload: string): Promise<number> {
  return page.evaluate(async ({ size, upload }) => {
    const segment = 512 * 16384;
    const segments = Math.ceil(size / segment);
    const ready: Array<{ body: Blob; digest: string }> = [];
    for (let i = 0; i < segments; i++) {
      const plain = Math.min(size, (i + 1) * segment) - i * segment;
      const bytes = new Uint8Array(plain + Math.ceil(plain / 16384) * 16 + (i === 0 ? 56 : 0)).fill(i + 1);
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      ready.push({ body: new Blob([bytes]), digest: `sha-256=:${btoa(String.fromCharCode(...hash))}:` });
    }
    let next = 0;
    const lane = async () => {
      while (next < segments) {
        const i = next++;
        const { body, digest } = ready[i] as { body: Blob; digest: string };
        const headers = { 'content-type': 'application/octet-stream', 'content-digest': digest };
        const answer = await fetch(`/api/v1/uploads/${upload}/segments/${i}`, { method: 'PUT', body, headers });
        if (!answer.ok) throw new Error(await answer.text());
      }
    };
    const started = performance.now();
    await Promise.all(Array.from({ length: Math.min(3, navigator.hardwareConcurrency) + 1 }, lane));
    return (performance.now() - started) / 1000;
  }, { size, upload });
}
