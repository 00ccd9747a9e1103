// Chromium's own PDF viewer, as seen from outside: a frame in the report's frame that lays out pages.
import { expect, type Page } from '@playwright/test';

/** Waits until the named frame's viewer has laid out a document at least this many pages high. */
export async function showsPdf(page: Page, title: string, pages: number): Promise<void> {
  const frame = page.getByTitle(title);
  await expect(frame).toBeVisible({ timeout: 60_000 });
  expect(await frame.getAttribute('src')).toMatch(/^blob:/);
  // The viewer keeps its pages in a frame of its own; which one has changed between versions of Chromium.
  const height = async () => {
    const heights = page.frames().slice(1).map((inner) =>
      inner.evaluate(() => (document.querySelector('#sizer') as HTMLElement | null)?.offsetHeight ?? 0).catch(() => 0),
    );
    return Math.max(0, ...(await Promise.all(heights)));
  };
  await expect.poll(height, { timeout: 30_000 }).toBeGreaterThan(pages * 200);
}
