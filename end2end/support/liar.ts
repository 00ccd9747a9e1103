// A server that lies to one browser: answers are changed on their way into the page, as whoever runs the server could.
import type { APIResponse, Request } from '@playwright/test';
import type { Person } from './person.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Changes JSON answers of paths that fit. Nothing returned leaves an answer as it is. */
export async function lie(person: Person, fits: RegExp, change: (body: Json, request: Request) => Json | undefined): Promise<void> {
  await answers(person, fits, async (answer, request) => {
    const body = await json(answer);
    const changed = body === undefined ? undefined : change(body, request);
    return changed === undefined ? {} : { json: changed };
  });
}

/** Changes the bytes of answers that fit. */
export async function lieInBytes(person: Person, fits: RegExp, change: (bytes: Buffer, request: Request) => Buffer): Promise<void> {
  await answers(person, fits, async (answer, request) => ({ body: change(await answer.body(), request) }));
}

type Instead = { json?: Json; body?: Buffer };

async function answers(person: Person, fits: RegExp, instead: (answer: APIResponse, request: Request) => Promise<Instead>): Promise<void> {
  await person.page.route(fits, async (route) => {
    const answer = await route.fetch().catch(() => undefined);
    // A test that ends while an answer is under way has closed the page.
    if (!answer) return route.abort().catch(() => {});
    await route.fulfill({ response: answer, ...(await instead(answer, route.request())) }).catch(() => {});
  });
}

async function json(answer: APIResponse): Promise<Json | undefined> {
  const kind = answer.headers()['content-type'] ?? '';
  if (!/json/.test(kind)) return undefined;
  return (await answer.json().catch(() => undefined)) as Json | undefined;
}

/** An object's fields, for a lie that knows which answer it changes. */
export function fields(body: Json): { [name: string]: Json } {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw new Error('this answer is no object');
  return body;
}

/** A list that an object has. */
export function list(body: Json, name: string): Json[] {
  const found = fields(body)[name];
  if (!Array.isArray(found)) throw new Error(`this answer has no list of ${name}`);
  return found;
}

/** The items of a list. */
export function items(body: Json): Json[] {
  return list(body, 'items');
}

/** What the server answers this browser, outside of the page's program. */
export async function asked(person: Person, path: string): Promise<Json> {
  return (await person.page.evaluate(async (path) => (await fetch(path)).json(), path)) as Json;
}

/** An approved doctor as the server shows them, with keys that are in the log: somebody who could be its accomplice. */
export async function accompliceCalled(person: Person, name: string): Promise<Json> {
  const found = items(await asked(person, `/api/v1/accounts?name=${encodeURIComponent(name)}`));
  const account = found.find((account) => fields(account).name === name);
  if (!account) throw new Error(`${name} isn’t found`);
  return account;
}

/** What this page sends of a kind from now on. */
export function sent(person: Person, method: string, path: RegExp): string[] {
  const urls: string[] = [];
  person.page.on('request', (request) => {
    if (request.method() === method && path.test(request.url())) urls.push(request.url());
  });
  return urls;
}
