// Files that would run script if anything ever treated them as documents. They must stay inert, whatever their name.
import { readFileSync } from 'node:fs';
import { expect, test } from '../support/test.ts';
import { ALARM, disguisedHtml, file, hostileHtml, hostileSvg, sameAs } from '../support/files.ts';
import { words } from '../support/words.ts';

test('script-in-file: hostile SVG and HTML stay inert: shown as text or not at all, downloaded byte for byte', async ({ clinic, enter }) => {
  const svg = hostileSvg();
  const html = hostileHtml();
  const disguised = disguisedHtml();
  const asPicture = file('portrait.png', readFileSync(hostileSvg('portrait.svg').path));
  const files = [svg, html, disguised, asPicture];
  const author = await enter(clinic.author);
  const alarms: string[] = [];
  author.page.on('request', (request) => {
    if (request.url().includes(ALARM)) alarms.push(`request ${request.url()}`);
  });
  author.page.on('dialog', (dialog) => void dialog.dismiss());
  await author.page.exposeFunction('reportAlarm', (text: string) => alarms.push(text));
  await author.page.addInitScript((alarm) => {
    window.addEventListener('message', (event) => {
      const report = (window as unknown as { reportAlarm?: (text: string) => void }).reportAlarm;
      if (String(event.data).includes(alarm)) report?.('message');
    });
  }, ALARM);
  await author.reload();
  await author.writeReport({ title: 'Hostile files', patientName: 'Kai Storm', diagnosis: `<img src=x onerror="${ALARM}">` }, files);

  for (const hostile of files) {
    const show = author.button(words.report.show(hostile.name));
    if (await show.isVisible()) await show.click();
    const download = author.page.waitForEvent('download');
    await author.button(words.report.download(hostile.name)).click();
    const got = await download;
    expect(sameAs(hostile, await got.path()), hostile.name).toBe(true);
    // A blob that says text/html or image/svg+xml would run with the page's rights once opened.
    expect(got.url(), hostile.name).toMatch(/^blob:/);
  }
  await author.page.waitForTimeout(1000);
  await expect(author.page).not.toHaveTitle(new RegExp(ALARM));
  expect(alarms).toEqual([]);
  for (const frame of author.page.frames().slice(1)) {
    const type = await frame.evaluate(() => document.contentType).catch(() => 'gone');
    expect(['application/pdf', 'gone', 'text/html'].includes(type), type).toBe(true);
    if (type === 'text/html') expect(frame.url()).toMatch(/^(chrome-extension:|about:blank)/);
  }
  const inDocument = await author.page.evaluate((alarm) => {
    const hot = [...document.querySelectorAll('script,svg,[onload],[onerror],object,embed')];
    return hot.filter((e) => e.outerHTML.includes(alarm)).map((e) => e.outerHTML);
  }, ALARM);
  expect(inDocument).toEqual([]);
});
