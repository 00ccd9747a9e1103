// The live line breaks, as when a server is taken away: the page goes on at the next one, behind what it had heard. Where there is
// none it tries again, less and less often, and at once when there is a network again.
import type { Person } from '../support/person.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

/** A page's live lines, held by the test. */
interface Lines {
  cut: boolean;
  /** What each went on behind. */
  behind: (string | null)[];
  open: AbortController[];
}

/** Before the page is loaded: lets the test cut its live line and keep it cut. */
async function hold(person: Person): Promise<void> {
  await person.page.addInitScript(() => {
    const send = window.fetch.bind(window);
    const lines: Lines = { cut: false, behind: [], open: [] };
    Object.assign(window, { lines });
    window.fetch = (input, init) => {
      if (input !== '/api/v1/live') return send(input, init);
      if (lines.cut) return Promise.reject(new TypeError('the line is cut'));
      const controller = new AbortController();
      lines.open.push(controller);
      lines.behind.push(new Headers(init?.headers).get('last-event-id'));
      return send(input, { ...init, signal: controller.signal });
    };
  });
}

async function setCut(person: Person, cut: boolean): Promise<void> {
  await person.page.evaluate((cut) => {
    const { lines } = window as unknown as { lines: Lines };
    lines.cut = cut;
    if (cut) for (const controller of lines.open) controller.abort();
    // The longer the line was cut, the longer the page would wait by itself.
    if (!cut) window.dispatchEvent(new Event('online'));
  }, cut);
}

function behind(person: Person): Promise<(string | null)[]> {
  return person.page.evaluate(() => (window as unknown as { lines: Lines }).lines.behind);
}

test('what happened while the line was broken is said afterwards, once', { tag: '@long' }, async ({ clinic, arrive, enter }) => {
  const author = await enter(clinic.author);
  await author.writeReport({ title: 'Sleep study, line broken', patientName: 'Noa Lind' });
  const reader = await arrive(clinic.doctor);
  await hold(reader);
  await reader.signIn();
  await reader.goTo('reports');
  await expect.poll(() => behind(reader)).toEqual([null]);

  const arrived = reader.page.getByText(words.shared.arrived);
  await setCut(reader, true);
  await author.shareWith(clinic.doctor.name);
  await reader.page.waitForTimeout(2_000);
  await expect(arrived).toHaveCount(0);

  await setCut(reader, false);
  await expect(arrived).toBeVisible();
  await expect(arrived).toHaveCount(1);
  const [first, second] = await behind(reader);
  expect(first).toBeNull();
  expect(second).toMatch(/^\d+\.[0-9a-f]{16}$/);

  await test.step('and not again when it breaks once more', async () => {
    await expect(arrived).toHaveCount(0, { timeout: 30_000 });
    await setCut(reader, true);
    await reader.page.waitForTimeout(500);
    await setCut(reader, false);
    await expect.poll(async () => (await behind(reader)).length, { timeout: 40_000 }).toBe(3);
    await reader.page.waitForTimeout(1_500);
    await expect(arrived).toHaveCount(0);
  });
});

test('a stream that can’t be opened is tried less and less often, and at once when the network is back', { tag: '@long' }, async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  const tries: number[] = [];
  let broken = true;
  let opened = 0;
  await author.page.route('**/api/v1/live', (route) => {
    tries.push(Date.now());
    if (broken) return route.abort('connectionrefused');
    opened += 1;
    return route.continue();
  });
  await author.reload();
  // Pauses of at most 1, 2, 4 and 8 seconds, and of at least half of that.
  await expect.poll(() => tries.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(5);
  const pauses = tries.slice(1, 5).map((time, i) => time - (tries[i] ?? 0));
  expect(Math.min(...pauses), `the shortest of ${pauses.join(', ')} ms`).toBeLessThan(2_500);
  expect(Math.max(...pauses), `the longest of ${pauses.join(', ')} ms`).toBeGreaterThan(3_800);

  broken = false;
  await author.page.evaluate(() => window.dispatchEvent(new Event('online')));
  // By itself it would wait for 8 to 16 seconds more.
  await expect.poll(() => opened, { timeout: 4_000 }).toBe(1);
});
