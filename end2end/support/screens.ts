// Looks at a screen in every size and light: keeps a picture of each, and lets axe find what is wrong.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { root } from './server.ts';

const folder = join(root, 'end2end/screenshots');
const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
const lights = ['light', 'dark'] as const;
const ci = !!process.env.CI;
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Whether axe looks at a screen so. In CI once at each, half of them wide and light, half narrow and dark: it takes a tenth of the time there. */
function isAsked(name: string, width: number, light: (typeof lights)[number]): boolean {
  if (!ci) return true;
  const wide = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 2 === 0;
  return (width > 1000) === wide && (light === 'light') === wide;
}

/** Pictures of the screen as `<name>-<width>-<light>.png`, and what is wrong with it; the screen stays as it was. */
export async function look(page: Page, name: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const wrong: string[] = [];
  for (const size of sizes) {
    await page.setViewportSize(size);
    for (const light of lights.filter((light) => isAsked(name, size.width, light))) {
      await page.emulateMedia({ colorScheme: light, reducedMotion: 'reduce' });
      // A colour that is still changing is measured as neither.
      await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => undefined))));
      const at = `${name}-${size.width}-${light}`;
      if (!ci) await page.screenshot({ path: join(folder, `${at}.png`), fullPage: true, animations: 'disabled' });
      wrong.push(...(await axe(page)).map((finding) => `${at}: ${finding}`));
    }
    wrong.push(...(await overflow(page)).map((finding) => `${name}-${size.width}: ${finding}`));
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
  return wrong;
}

/** The same, and fails at once where something is wrong; soft, so that the walk goes on. */
export async function inspect(page: Page, name: string): Promise<void> {
  expect.soft(await look(page, name), name).toEqual([]);
}

/** In the page alone, which has no frame that matters: otherwise a tab is opened for each look. */
async function axe(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().withTags(rules).exclude('iframe').analyze();
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary?.split('\n')[1]?.trim() ?? ''}`));
}

/** Nobody should have to scroll sideways to read a page. */
async function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide <= 1) return [];
    const edge = document.documentElement.clientWidth + 1;
    const culprits = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > edge);
    return [`${wide} px wider than the window: ${culprits.slice(0, 3).map((e) => e.className || e.tagName).join(', ')}`];
  });
}
