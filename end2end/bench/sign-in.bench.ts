// (h) signing in: in the browser with its parts, and how many the server holds.
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { Person } from '../support/person.ts';
import { root } from '../support/server.ts';
import { words } from '../support/words.ts';
import { run } from './fill.ts';
import { median, record } from './results.ts';

interface Parts {
  total: number;
  start: number;
  stretch: number;
  finish: number;
  rest: number;
  long: number;
}

test('h1: signing in, from the click until the reports are there', async ({ browser }) => {
  test.setTimeout(300_000);
  const clinic = await Clinic.open(browser);
  try {
    const rounds: Parts[] = [];
    for (let i = 0; i < 7; i++) {
      const person = await Person.at(browser, clinic.origin, clinic.patient);
      rounds.push(await signIn(person));
      await person.context.close();
    }
    const of = (part: keyof Parts) => median(rounds.map((round) => round[part]));
    const parts = (['start', 'stretch', 'finish', 'rest'] as const).map((part) => `${part} ${Math.round(of(part))} ms`).join(', ');
    record({ id: 'h1', what: 'browser: signing in, Argon2id with 64 MiB and three passes, OPAQUE both ways', value: of('total') / 1000, unit: 's', beside: parts });
    record({ id: 'h2', what: 'browser: the longest that the page was blocked meanwhile', value: Math.max(...rounds.map((round) => round.long)), unit: 'ms', target: { at: 'most', value: 50 } });
  } finally {
    await clinic.close();
  }
});

/** By the page's own clock: requests as the browser times them, stretching between the two. */
async function signIn(person: Person): Promise<Parts> {
  const { page } = person;
  await page.goto('/sign-in');
  await page.getByLabel(words.signIn.email).fill(person.identity.email);
  await page.getByLabel(words.signIn.password, { exact: true }).fill(person.identity.password);
  await expect(person.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
  await page.waitForTimeout(1_000);
  const clicked = await page.evaluate(() => {
    const long: number[] = ((window as unknown as { long: number[] }).long = []);
    new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' });
    return performance.now();
  });
  await person.button(words.signIn.submit).click();
  await person.heading(words.reports.title).waitFor({ timeout: 60_000 });
  return page.evaluate((clicked) => {
    const request = (end: string) => performance.getEntriesByType('resource').find((e) => e.name.endsWith(end)) as PerformanceResourceTiming;
    const [start, finish] = [request('/api/v1/sign-in/start'), request('/api/v1/sign-in/finish')];
    const total = performance.now() - clicked;
    return {
      total,
      start: start.responseEnd - clicked,
      stretch: finish.startTime - start.responseEnd,
      finish: finish.responseEnd - finish.startTime,
      rest: total - (finish.responseEnd - clicked),
      long: Math.max(0, ...(window as unknown as { long: number[] }).long),
    };
  }, clicked);
}

test('h3: whole sign-ins a second', async ({ browser }) => {
  test.setTimeout(180_000);
  // All of them are created from one address.
  const clinic = await Clinic.open(browser, { args: ['--address-factor', '100'] });
  try {
    const program = join(root, 'target/release/examples/sign_ins');
    const { sign_ins, seconds, p99 } = JSON.parse(await run(program, [clinic.origin, '32', '15'])) as Record<'sign_ins' | 'seconds' | 'p99', number>;
    record({ id: 'h3', what: 'whole sign-ins, without the client’s Argon2id, 32 people at once', value: sign_ins / seconds, unit: '/s', target: { at: 'least', value: 300 }, beside: `p99 ${Math.round(p99 * 1000)} ms` });
  } finally {
    await clinic.close();
  }
});
