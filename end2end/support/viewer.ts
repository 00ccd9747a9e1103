// Chromium's own PDF viewer, as seen from outside: a frame in the report's frame that lays out pages.
import { expect, type Page } from '@playwright/test';

/** Waits until the named frame's viewer has laid out a document at least this many pages high. */
export async function showsPdf(page: Page, title: string, pages: number): Promise<void> {
  const frame = page.getByTitle(title);
  await expect(frame).toBeVisible({ timeout: 60_000 });
  expect(await frame.getAttribute('src')).toMatch(/^blob:/);
  const height = async () => {
    const viewer = page.frames().find((f) => f.url().startsWith('chrome-extension://'));
    const sizer = viewer?.locator('#sizer');
    return sizer ? sizer.evaluate((e) => (e as HTMLElement).offsetHeight).catch(() => 0) : 0;
  };
  await expect.poll(height, { timeout: 30_000 }).toBeGreaterThan(pages * 200);
}
