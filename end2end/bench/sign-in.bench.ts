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
  /** The longest task of the page's thread, from the click until a second after the reports were there. */
  long: number;
  /** The same, from opening the page until the click. */
  before: number;
}

/** What the page keeps of itself. */
interface Marks {
  clicked: number;
  shown: number;
  long: PerformanceEntry[];
  observer: PerformanceObserver;
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
    const most = (part: keyof Parts) => Math.max(...rounds.map((round) => round[part]));
    const parts = (['start', 'stretch', 'finish', 'rest'] as const).map((part) => `${part} ${Math.round(of(part))} ms`).join(', ');
    record({ id: 'h1', what: 'browser: signing in, Argon2id with 64 MiB and three passes, OPAQUE both ways', value: of('total') / 1000, unit: 's', beside: parts });
    record({ id: 'h2', what: 'browser: the longest that the page was blocked meanwhile, of 7 times; 0 is below 50', value: most('long'), unit: 'ms', target: { at: 'most', value: 50 } });
    record({ id: 'h2-opening', what: 'browser: the same, from opening /sign-in until the click', value: most('before'), unit: 'ms', target: { at: 'most', value: 50 } });
  } finally {
    await clinic.close();
  }
});

/** By the page's own clock: requests as the browser times them, stretching between the two. */
async function signIn(person: Person): Promise<Parts> {
  const { page } = person;
  await page.addInitScript((there) => {
    const marks: Marks = { clicked: 0, shown: 0, long: [], observer: new PerformanceObserver((list) => void marks.long.push(...list.getEntries())) };
    marks.observer.observe({ type: 'longtask', buffered: true });
    addEventListener('click', (event) => void (marks.clicked = event.timeStamp), { capture: true });
    const look = () => {
      if (marks.shown || !document.body?.textContent?.includes(there)) return;
      // With the next frame it is seen.
      requestAnimationFrame(() => (marks.shown ||= performance.now()));
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
    Object.assign(window, { marks });
  }, words.reports.emptyTitle);
  await page.goto('/sign-in');
  await page.getByLabel(words.signIn.email).fill(person.identity.email);
  await page.getByLabel(words.signIn.password, { exact: true }).fill(person.identity.password);
  await expect(person.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
  await page.waitForTimeout(1_000);
  await person.button(words.signIn.submit).click();
  await page.getByText(words.reports.emptyTitle).waitFor({ timeout: 60_000 });
  // Tasks are told of when they are over, and the list goes on drawing.
  await page.waitForTimeout(1_000);
  return page.evaluate(() => {
    const { marks } = window as unknown as { marks: Marks };
    const request = (end: string) => performance.getEntriesByType('resource').find((e) => e.name.endsWith(end)) as PerformanceResourceTiming;
    const [start, finish] = [request('/api/v1/sign-in/start'), request('/api/v1/sign-in/finish')];
    const { clicked, shown } = marks;
    const tasks = [...marks.long, ...marks.observer.takeRecords()];
    const longest = (is: (end: number) => boolean) => Math.max(0, ...tasks.filter((task) => is(task.startTime + task.duration)).map((task) => task.duration));
    return {
      total: shown - clicked,
      start: start.responseEnd - clicked,
      stretch: finish.startTime - start.responseEnd,
      finish: finish.responseEnd - finish.startTime,
      rest: shown - finish.responseEnd,
      long: longest((end) => end > clicked),
      before: longest((end) => end <= clicked),
    };
  });
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
