// What the headers of a page stop, tried in a browser: stopped while they stand, and through once they are taken off, so that a
// test that finds nothing is seen to be able to find (docs/attacks.md, Against the page).
import type { BrowserContext, Page } from '@playwright/test';
import { expect, test as base } from '../support/test.ts';
import { ForeignSite, withChanged, withoutHashes, withoutHeaders } from '../support/walls.ts';
import { words } from '../support/words.ts';

const CSP = 'content-security-policy';

interface Site {
  /** A browser on the clinic's site, nobody signed in. */
  context: BrowserContext;
  page: Page;
  foreign: ForeignSite;
  /** The documents that the tests load. */
  documents: RegExp;
}

const test = base.extend<{ site: Site }>({
  site: async ({ browser, clinic }, use) => {
    const foreign = await ForeignSite.start();
    const context = await browser.newContext({ baseURL: clinic.origin });
    const page = await context.newPage();
    await use({ context, page, foreign, documents: new RegExp(`^${clinic.origin}/(sign-in)?$`) });
    await context.close();
    await foreign.stop();
  },
});

/** Loads the sign-in page and waits for its program. */
async function load(page: Page): Promise<void> {
  await page.goto('/sign-in');
  await expect(page.locator('html')).toHaveAttribute('data-ready', 'true', { timeout: 30_000 });
}

const ran = (page: Page) => page.evaluate(() => 'pwned' in window);

test('framed-page: another site can’t frame a page', async ({ clinic, site: { context, page, foreign, documents } }) => {
  // A frame that is refused has the browser's own words.
  const framed = page.frameLocator('iframe').getByRole('link', { name: words.signIn.title }).first();
  const frame = async () => {
    await page.goto(`${foreign.origin}/?frame=${encodeURIComponent(`${clinic.origin}/`)}`);
    await page.waitForTimeout(1_000);
  };
  await frame();
  await expect(framed, 'by the policy').toHaveCount(0);
  let back = await withoutHeaders(context, documents, [CSP]);
  await frame();
  await expect(framed, 'by the older header').toHaveCount(0);
  await back();
  back = await withoutHeaders(context, documents, [CSP, 'x-frame-options']);
  await frame();
  await expect(framed, 'without both it is framed').toBeVisible();
  await back();
});

test('sent-elsewhere: what runs in a page sends nothing elsewhere', async ({ site: { context, page, foreign, documents } }) => {
  test.setTimeout(240_000);
  const ways: { [name: string]: (url: string) => unknown } = {
    fetch: (url) => void fetch(url, { mode: 'no-cors' }).catch(() => {}),
    beacon: (url) => navigator.sendBeacon(url, 'told'),
    picture: (url) => void (new Image().src = url),
    frame: (url) => {
      const frame = document.createElement('iframe');
      frame.src = url;
      document.body.append(frame);
    },
    style: (url) => {
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = url;
      document.head.append(link);
    },
    form: (url) => {
      const form = document.createElement('form');
      form.action = url;
      document.body.append(form);
      form.submit();
    },
  };
  for (const [name, way] of Object.entries(ways)) {
    await load(page);
    await page.evaluate(way, `${foreign.origin}/stopped/${name}`);
    expect(await foreign.wasAsked(`/stopped/${name}`), name).toBe(false);
  }
  const back = await withoutHeaders(context, documents, [CSP]);
  for (const [name, way] of Object.entries(ways)) {
    await load(page);
    await page.evaluate(way, `${foreign.origin}/sent/${name}`).catch(() => {});
    expect(await foreign.wasAsked(`/sent/${name}`, 20_000), `${name} without the policy`).toBe(true);
  }
  await back();
});

test('inline-script and foreign-script: a script that isn’t the page’s own does not run', async ({ site: { context, page, foreign, documents } }) => {
  const inline = () => {
    const script = document.createElement('script');
    script.textContent = 'window.pwned = 1';
    document.body.append(script);
  };
  const handler = () => {
    const button = document.createElement('button');
    button.setAttribute('onclick', 'window.pwned = 1');
    document.body.append(button);
    button.click();
  };
  const foreignScript = (url: string) => {
    const script = document.createElement('script');
    script.src = url;
    document.body.append(script);
  };
  const url = (name: string) => `${foreign.origin}/${name}.js`;
  for (const act of [inline, handler]) {
    await load(page);
    await page.evaluate(act);
    expect(await ran(page), act.name).toBe(false);
  }
  await load(page);
  await page.evaluate(foreignScript, url('policy'));
  expect(await foreign.wasAsked('/policy.js'), 'by the policy').toBe(false);

  let back = await withoutHeaders(context, documents, [CSP]);
  for (const act of [inline, handler]) {
    await load(page);
    await page.evaluate(act);
    expect(await ran(page), `${act.name} without the policy`).toBe(true);
  }
  await load(page);
  await page.evaluate(foreignScript, url('integrity'));
  expect(await foreign.wasAsked('/integrity.js'), 'by the integrity policy').toBe(false);
  await back();

  back = await withoutHeaders(context, documents, [CSP, 'integrity-policy']);
  await load(page);
  await page.evaluate(foreignScript, url('neither'));
  await expect.poll(() => ran(page), { message: 'without both it runs' }).toBe(true);
  await back();
});

test('compiled-text: text can’t be made into a program', async ({ site: { context, page, documents } }) => {
  // Some time later: for what a debugger runs itself a policy makes exceptions.
  const compile = () =>
    new Promise<string>((done) => {
      setTimeout(() => {
        try {
          done(String(new Function('return "ran"')()));
        } catch {
          done('refused');
        }
      }, 0);
    });
  await load(page);
  expect(await page.evaluate(compile)).toBe('refused');
  const back = await withoutHeaders(context, documents, [CSP]);
  await load(page);
  expect(await page.evaluate(compile), 'without the policy').toBe('ran');
  await back();
});

test('moved-base: nothing moves where a page’s addresses lead', async ({ clinic, site: { context, page, foreign, documents } }) => {
  const move = (url: string) => {
    const base = document.createElement('base');
    base.href = url;
    document.head.prepend(base);
    const link = document.createElement('a');
    link.href = 'next';
    return link.href;
  };
  await load(page);
  expect(await page.evaluate(move, `${foreign.origin}/`)).toBe(`${clinic.origin}/next`);
  const back = await withoutHeaders(context, documents, [CSP]);
  await load(page);
  expect(await page.evaluate(move, `${foreign.origin}/`), 'without the policy').toBe(`${foreign.origin}/next`);
  await back();
});

test('changed-script: a script that was changed on its way does not run', async ({ site: { context, page, documents } }) => {
  await withChanged(context, /\/boot\.js$/, (script) => `window.pwned = 1;\n${script}`);
  await page.goto('/sign-in');
  await page.waitForTimeout(1_500);
  expect(await ran(page)).toBe(false);
  await expect(page.locator('html')).not.toHaveAttribute('data-ready', 'true');
  const back = await withChanged(context, documents, withoutHashes, ['integrity-policy']);
  await page.goto('/sign-in');
  await expect.poll(() => ran(page), { message: 'without its hash it runs' }).toBe(true);
  await back();
});

test('disguised-script: what isn’t a script is none, whoever says so', async ({ site: { context, page, documents } }) => {
  const use = (path: string) =>
    new Promise<string>((done) => {
      const script = document.createElement('script');
      script.onload = () => done('taken');
      script.onerror = () => done('refused');
      script.src = path;
      document.body.append(script);
    });
  // Behind the page's own policies, which would refuse it before.
  await withoutHeaders(context, documents, [CSP, 'integrity-policy']);
  await load(page);
  expect(await page.evaluate(use, '/robots.txt?standing')).toBe('refused');
  await withoutHeaders(context, /\/robots\.txt\?off$/, ['x-content-type-options']);
  expect(await page.evaluate(use, '/robots.txt?off'), 'without nosniff').toBe('taken');
});

test('watched-visitor: another site learns neither where somebody comes from nor holds their window', async ({ clinic, site: { context, page, foreign, documents } }) => {
  const follow = (url: string) => void window.location.assign(url);
  const open = async (): Promise<boolean> => {
    await page.goto(`${foreign.origin}/opener`);
    const [popup] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate((url) => void ((window as unknown as { opened: Window | null }).opened = window.open(url)), `${clinic.origin}/sign-in`),
    ]);
    await popup.waitForLoadState();
    await popup.getByRole('heading', { level: 1 }).first().waitFor();
    const held = await page.evaluate(() => (window as unknown as { opened: Window | null }).opened?.closed === false);
    await popup.close();
    return held;
  };
  const referer = (path: string) => foreign.visits.find((visit) => visit.path === path)?.referer;

  await load(page);
  await page.evaluate(follow, `${foreign.origin}/followed`);
  await page.getByRole('heading', { name: 'Elsewhere' }).waitFor();
  expect(await foreign.wasAsked('/followed', 20_000)).toBe(true);
  expect(referer('/followed')).toBeUndefined();
  expect(await open()).toBe(false);

  const back = await withoutHeaders(context, documents, ['referrer-policy', 'cross-origin-opener-policy']);
  await load(page);
  await page.evaluate(follow, `${foreign.origin}/told`);
  await page.getByRole('heading', { name: 'Elsewhere' }).waitFor();
  expect(await foreign.wasAsked('/told', 20_000)).toBe(true);
  expect(referer('/told'), 'without the header').toBe(`${clinic.origin}/`);
  expect(await open(), 'without the header').toBe(true);
  await back();
  await load(page);
  await expect(page.getByRole('heading', { name: words.signIn.title })).toBeVisible();
});
