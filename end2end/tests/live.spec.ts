// The stream of live events when it can't be had: tried again, less and less often, and at once when there is a network again.
import { expect, test } from '../support/test.ts';

test('a stream that can’t be opened is tried less and less often, and at once when the network is back', async ({ clinic, enter }) => {
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
