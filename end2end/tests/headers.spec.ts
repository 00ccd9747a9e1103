// What every answer carries, and the page without its program.
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const paths = ['/', '/sign-in', '/sign-up', '/recover', '/verify-email', '/change-email', '/reports', '/administration/audit', '/no/such/page', '/robots.txt',
  '/api/v1/session', '/api/v1/reports', '/api/v1/no-such-route', '/api/v1/openapi.json', '/api/docs', '/healthz', '/readyz'];

test('every answer has a strict policy and the usual guards', async ({ clinic, request }) => {
  const page = await (await request.get(`${clinic.origin}/`)).text();
  const assets = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((m) => m[1] ?? '');
  expect(assets.length).toBeGreaterThan(2);
  for (const path of [...paths, ...assets]) {
    const answer = await request.get(clinic.origin + path, { maxRedirects: 0 });
    expect(missing(answer.headers()), path).toEqual([]);
  }
});

/** What an answer's headers lack. That a browser heeds them is shown in walls.spec.ts. */
function missing(headers: { [name: string]: string }): string[] {
  const policy = headers['content-security-policy'] ?? '';
  const holds: { [what: string]: boolean } = {
    'a policy': policy !== '',
    'a strict policy': !/unsafe-inline|'unsafe-eval'|\*/.test(policy),
    'frame-ancestors': /frame-ancestors 'none'/.test(policy),
    'default-src': /default-src '(none|self)'/.test(policy),
    nosniff: headers['x-content-type-options'] === 'nosniff',
    'no-referrer': headers['referrer-policy'] === 'no-referrer',
    'an opener policy': headers['cross-origin-opener-policy'] === 'same-origin',
    'no name of its software': headers['server'] === undefined,
  };
  return Object.keys(holds).filter((what) => !holds[what]);
}

/** Scripts that carry neither the nonce nor an address of the site, and attributes that would run or style something. */
function strange(html: string, nonce: string): string[] {
  const scripts = [...html.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag);
  const attributes = [...html.matchAll(/\son[a-z]+=|\sstyle=|javascript:/g)].map(([found]) => found);
  return [...scripts.filter((tag) => !tag.includes(`nonce="${nonce}"`) && !/src="\/assets\//.test(tag)), ...attributes];
}

test('a header that lacks, a script and a handler that are strange would be found', async ({ clinic, request }) => {
  const headers = (await request.get(`${clinic.origin}/`)).headers();
  for (const name of ['content-security-policy', 'x-content-type-options', 'referrer-policy', 'cross-origin-opener-policy']) {
    const { [name]: _, ...rest } = headers;
    expect(missing(rest), name).not.toEqual([]);
  }
  const weaker = (from: string, to: string) => ({ ...headers, 'content-security-policy': headers['content-security-policy']!.replace(from, to) });
  for (const [from, to] of [["style-src 'self'", "style-src 'unsafe-inline'"], ["img-src 'self'", 'img-src *'], ["frame-ancestors 'none'", "frame-ancestors 'self'"],
    ["default-src 'none'", 'default-src https:'], ["'wasm-unsafe-eval'", "'unsafe-eval'"]] as const) {
    expect(missing(weaker(from, to)), to).not.toEqual([]);
  }
  expect(missing({ ...headers, server: 'axum' })).toEqual(['no name of its software']);
  const strangers = ['<script>', '<script nonce="other">', '<script src="https://evil.example/assets/x.js">', '<img onerror="x">', '<p style="x">', '<a href="javascript:x">'];
  for (const tag of strangers) expect(strange(tag, 'own'), tag).toHaveLength(1);
  expect(strange('<script nonce="own"><script src="/assets/1/x.js">', 'own')).toEqual([]);
});

test('each page has a nonce of its own, and every script carries it or comes from here', async ({ clinic, request }) => {
  const nonces = new Set<string>();
  for (const path of ['/', '/', '/sign-in']) {
    const answer = await request.get(clinic.origin + path);
    const nonce = /'nonce-([^']+)'/.exec(answer.headers()['content-security-policy'] ?? '')?.[1] ?? '';
    expect(nonce.length).toBeGreaterThanOrEqual(16);
    nonces.add(nonce);
    expect(strange(await answer.text(), nonce), path).toEqual([]);
  }
  expect(nonces.size).toBe(3);
});

test('an API error is a problem with a stable code and no detail of the inside', async ({ clinic, request }) => {
  const answer = await request.get(`${clinic.origin}/api/v1/reports`);
  expect(answer.status()).toBe(401);
  expect(answer.headers()['content-type']).toContain('application/problem+json');
  const body = await answer.json();
  expect(body).toMatchObject({ code: 'signed_out', status: 401, type: 'urn:healthsecure:problem:signed_out' });
  const broken = await request.post(`${clinic.origin}/api/v1/sign-in/start`, {
    data: '{"email":', headers: { 'content-type': 'application/json', origin: clinic.origin },
  });
  expect(broken.status()).toBe(400);
  expect((await broken.json()).code).toBe('malformed');
});

test('forged-request: requests of other sites are refused', async ({ clinic, enter }) => {
  const person = await enter(clinic.patient);
  for (const origin of ['https://evil.example', 'null', clinic.origin.replace('localhost', '127.0.0.1')]) {
    const answer = await person.context.request.delete('/api/v1/sessions', { headers: { origin } });
    expect(answer.status(), origin).toBe(403);
    expect((await answer.json()).code).toBe('origin_refused');
  }
  expect((await person.context.request.get('/api/v1/drafts')).status(), 'nothing happened').toBe(200);
  const own = await person.context.request.delete('/api/v1/sessions', { headers: { origin: clinic.origin } });
  expect(own.status(), 'the same request of this site').toBe(204);
});

test('the cookies of session and device are bound to this host, this site and HTTP', async ({ clinic, enter }) => {
  const person = await enter(clinic.patient);
  const cookies = (await person.context.cookies()).sort((a, b) => a.name.localeCompare(b.name));
  expect(cookies.map((cookie) => cookie.name)).toEqual(['__Host-device', '__Host-session']);
  for (const cookie of cookies) {
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', path: '/' });
  }
  expect(await person.page.evaluate(() => document.cookie)).toBe('');
  expect(await person.page.evaluate(() => ((document.cookie = 'probe=seen'), document.cookie)), 'one that isn’t kept from scripts').toBe('probe=seen');
  const stored = await person.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  for (const cookie of cookies) {
    expect(stored).not.toContain(cookie.value);
  }
  // What knows the browser again outlives the session.
  await person.signOut();
  const left = (await person.context.cookies()).filter((cookie) => cookie.name !== 'probe');
  expect(left.map((cookie) => cookie.value)).toEqual([cookies[0]?.value]);
});

test('without JavaScript the public pages can be read, and the rest says honestly why not', async ({ clinic, browser }) => {
  const context = await browser.newContext({ baseURL: clinic.origin, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('link', { name: words.signIn.title }).first()).toBeVisible();
  for (const path of ['/sign-in', '/reports']) {
    await page.goto(path);
    await expect(page.getByText(/JavaScript/).first(), path).toBeVisible();
  }
  await context.close();
});

test('an unknown page is a 404 that helps', async ({ clinic, arrive }) => {
  const person = await arrive(clinic.patient);
  const answer = await person.page.goto('/no/such/page');
  expect(answer?.status()).toBe(404);
  await expect(person.heading(words.errors.notFoundTitle)).toBeVisible();
});
