// The live line breaks, as when a server is taken away: the page goes on at the next one, behind what it had heard.
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
  }, cut);
}

function behind(person: Person): Promise<(string | null)[]> {
  return person.page.evaluate(() => (window as unknown as { lines: Lines }).lines.behind);
}

test('what happened while the line was broken is said afterwards, once', async ({ clinic, arrive, enter }) => {
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
  await expect(arrived).toBeVisible({ timeout: 10_000 });
  await expect(arrived).toHaveCount(1);
  const [first, second] = await behind(reader);
  expect(first).toBeNull();
  expect(second).toMatch(/^\d+\.[0-9a-f]{16}$/);

  await test.step('and not again when it breaks once more', async () => {
    await expect(arrived).toHaveCount(0, { timeout: 30_000 });
    await setCut(reader, true);
    await setCut(reader, false);
    await expect.poll(async () => (await behind(reader)).length).toBe(3);
    await reader.page.waitForTimeout(1_500);
    await expect(arrived).toHaveCount(0);
  });
});
