// Uploads: a lost connection, a reload in the middle, files that must not be taken.
import type { Browser } from '@playwright/test';
import { expect, test } from '../support/test.ts';
import { Clinic } from '../support/clinic.ts';
import { file, pdfFile, sameAs, textFile } from '../support/files.ts';
import { Person } from '../support/person.ts';
import { RecordingProxy } from '../support/proxy.ts';
import { freePort } from '../support/server.ts';
import { words } from '../support/words.ts';

/** A clinic whose connection to the server can be cut. */
async function behindProxy(browser: Browser): Promise<{ clinic: Clinic; proxy: RecordingProxy; direct: string }> {
  const port = await freePort();
  const proxy = await RecordingProxy.start(port);
  proxy.record = false;
  return { proxy, direct: `http://localhost:${port}`, clinic: await Clinic.open(browser, { behind: { origin: proxy.origin, port } }) };
}

interface Asked {
  method?: string | undefined;
  url?: string | undefined;
}

/** The number of the segment that a request sends. */
function segment({ method, url }: Asked): number | undefined {
  const number = /\/uploads\/[0-9a-f]{32}\/segments\/(\d+)$/.exec(url ?? '')?.[1];
  return method === 'PUT' && number !== undefined ? Number(number) : undefined;
}

test('a connection lost during an upload is said, nothing is lost, and it goes on', async ({ browser }) => {
  test.setTimeout(450_000);
  const { clinic, proxy, direct } = await behindProxy(browser);
  try {
    const author = await Person.signedIn(browser, clinic.origin, clinic.author);
    const scan = pdfFile('scan.pdf', 45_000_000);
    await author.beginReport({ title: 'CT, connection lost', patientName: 'Emil Sand' });
    await expect(author.page.getByText(words.draft.saved).first()).toBeVisible();
    // Three segments are under way at once; when a fourth begins, one is durable.
    proxy.cutAt((request) => segment(request) === 3);
    await author.addFiles([scan]);
    await expect(author.page.getByText(words.draft.fileLost).first()).toBeVisible({ timeout: 60_000 });
    await expect(author.field(words.draft.title)).toHaveValue('CT, connection lost');
    const before = proxy.requests.length;
    const upload = /\/api\/v1\/uploads\/[0-9a-f]{32}/.exec(proxy.requests.find((r) => segment(r) === 0)?.url ?? '')?.[0];
    const stored: number[] = (await (await author.context.request.get(direct + upload)).json()).received;
    expect(stored.length).toBeGreaterThan(0);
    proxy.restore();
    const resume = author.button(words.draft.resume);
    if (await resume.isVisible()) await resume.click();
    await author.filesUploaded([scan]);
    const sentAgain = proxy.requests.slice(before).map(segment).filter((n) => n !== undefined && stored.includes(n));
    expect(sentAgain, 'what had arrived is not sent again').toEqual([]);
    await author.complete();
    const download = author.page.waitForEvent('download');
    await author.button(words.report.download(scan.name)).click();
    expect(sameAs(scan, await (await download).path())).toBe(true);
  } finally {
    await clinic.close();
    await proxy.stop();
  }
});

test('a draft survives a reload in the middle of an upload, sealed', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.beginReport({ title: 'Draft that survives', patientName: 'Selma Roth', diagnosis: 'To be confirmed' });
  const note = textFile('kept.txt', 'uploaded before the reload');
  await author.addFiles([note]);
  await author.filesUploaded([note]);
  await expect(author.page.getByText(words.draft.saved).first()).toBeVisible();
  await author.page.waitForTimeout(1500);
  await author.reload();
  await author.goTo('reports');
  await author.page.getByRole('link', { name: 'Draft that survives' }).first().click();
  await expect(author.field(words.draft.diagnosis)).toHaveValue('To be confirmed');
  await expect(author.row(note.name).getByText(words.draft.fileDone)).toBeVisible();
  await author.complete();
  await expect(author.page.getByText(note.name).first()).toBeVisible();
});

test('a draft can be deleted, after a question', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.beginReport({ title: 'Draft to delete', patientName: 'Tom Vik' });
  await expect(author.page.getByText(words.draft.saved).first()).toBeVisible();
  await author.page.waitForTimeout(1500);
  await author.button(words.reports.deleteDraft).click();
  await author.dialog().getByRole('button', { name: words.reports.deleteDraft }).click();
  await author.goTo('reports');
  await expect(author.page.getByText('Draft to delete')).toHaveCount(0);
});

test('an empty file and a file without extension are taken as they are', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  const empty = file('empty.txt', '');
  const bare = file('README', Buffer.from([0, 1, 2, 255]));
  await author.writeReport({ title: 'Odd files', patientName: 'Una Falk' }, [empty, bare]);
  for (const odd of [empty, bare]) {
    const download = author.page.waitForEvent('download');
    await author.button(words.report.download(odd.name)).click();
    expect(sameAs(odd, await (await download).path()), odd.name).toBe(true);
  }
});

test('a report without a patient’s name can’t be completed', async ({ clinic, enter }) => {
  const author = await enter(clinic.author);
  await author.beginReport({ title: 'Nobody’s report' });
  const complete = author.button(words.draft.complete);
  if (await complete.isEnabled()) await complete.click();
  await expect(author.page.getByText(words.draft.needPatient).first()).toBeVisible();
  await expect(author.page).not.toHaveURL(/\/reports\/[0-9a-f]{64}/);
});
