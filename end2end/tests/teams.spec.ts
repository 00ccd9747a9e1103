// A care team: made, joined, shared with as a whole, and left behind by somebody who is removed while the report is open.
import { identity } from '../support/clinic.ts';
import { sameAs, textFile } from '../support/files.ts';
import { Hs } from '../support/hs.ts';
import type { Identity, Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const t = words.teams;
const TEAM = 'Cardiology East';
const TITLE = 'Holter recording, for the team';

test('a report is shared with a team, and a doctor who is removed reads it no more', async ({ clinic, enter }) => {
  test.setTimeout(450_000);
  const file = textFile('holter.txt', 'No pause longer than two seconds');
  const head = await enter(clinic.author);
  const colleague = await enter(clinic.doctor);
  const patient = await enter(clinic.patient);

  await test.step('a doctor makes a team and invites a colleague, who accepts', async () => {
    await head.goTo('teams');
    await expect(head.page.getByText(t.none)).toBeVisible({ timeout: 30_000 });
    await head.field(t.name).fill(TEAM);
    await head.button(t.create).click();
    await expect(head.page.getByText(t.created(TEAM)).first()).toBeVisible({ timeout: 30_000 });
    await invite(head, colleague.name, TEAM);
    await inspect(head.page, 'teams-invited');
    await colleague.goTo('teams');
    await expect(colleague.page.getByText(t.invited, { exact: true }).first()).toBeVisible({ timeout: 30_000 });
    await colleague.button(t.accept(TEAM)).click();
    await expect(colleague.page.getByText(t.accepted(TEAM)).first()).toBeVisible({ timeout: 30_000 });
    await expect(head.row(colleague.name)).not.toContainText(t.invited);
  });

  const id = await patient.writeReport({ title: TITLE, patientName: patient.name }, [file]);
  await test.step('the patient shares with the team, and sees who is in it', async () => {
    await patient.beginShare();
    const dialog = patient.dialog();
    await dialog.getByRole('button', { name: t.shareWith }).click();
    await dialog.getByLabel(t.find).fill('east');
    await dialog.getByRole('button', { name: t.findGo, exact: true }).click();
    await dialog.getByRole('list', { name: t.found }).getByRole('button', { name: TEAM }).click();
    await expect(dialog.getByText(t.accessName(TEAM))).toBeVisible({ timeout: 30_000 });
    // Said without opening who is in it.
    await expect(dialog.getByText(t.notCompared)).toBeVisible();
    await inspect(patient.page, 'share-with-team');
    await dialog.getByRole('button', { name: words.share.submit }).click();
    await dialog.getByRole('heading', { name: words.share.done }).waitFor({ timeout: 30_000 });
    await dialog.getByRole('button', { name: words.share.close }).click();
    const access = patient.row(t.accessName(TEAM));
    await expect(access).toContainText(colleague.name);
    await expect(access).toContainText(head.name);
    await inspect(patient.page, 'report-shared-with-team');
  });

  await test.step('both doctors read it', async () => {
    for (const doctor of [head, colleague]) {
      await doctor.openReport(TITLE);
      const download = doctor.page.waitForEvent('download', { timeout: 60_000 });
      await doctor.button(words.report.download(file.name)).click();
      expect(sameAs(file, await (await download).path())).toBe(true);
    }
  });

  await test.step('the colleague is removed: the open page closes, and nothing is given out', async () => {
    await head.goTo('teams');
    await head.button(t.removeOf(colleague.name, TEAM)).click();
    await head.dialog().getByRole('button', { name: t.remove, exact: true }).click();
    await expect(head.page.getByText(t.removed(colleague.name, TEAM)).first()).toBeVisible({ timeout: 60_000 });
    await expect(colleague.heading(words.report.endedTitle)).toBeVisible();
    const status = await colleague.page.evaluate(async (report) => {
      const paths = ['', '/versions/1', '/versions/1/revisions/0/parts/1', '/people'];
      return Promise.all(paths.map(async (path) => (await fetch(`/api/v1/reports/${report}${path}`)).status));
    }, id);
    expect(status).toEqual([404, 404, 404, 404]);
  });

  await test.step('the owner’s program gives the report new keys, and the team reads on', async () => {
    await expect(async () => {
      await patient.openReport(TITLE);
      await expect(patient.page.locator('[data-revision="1"]')).toBeVisible({ timeout: 5_000 });
    }).toPass({ timeout: 90_000 });
    await head.openReport(TITLE);
    await expect(head.page.locator('[data-revision="1"]')).toBeVisible({ timeout: 30_000 });
    await colleague.goTo('teams');
    await expect(colleague.page.getByText(t.none)).toBeVisible({ timeout: 30_000 });
  });
});

test('who alone manages a team renames it, is told before leaving others behind, and dissolves it', { tag: '@long' }, async ({ clinic, enter }) => {
  test.setTimeout(450_000);
  const [first, later] = ['Ward Seven', 'Ward Nine'];
  const head = await enter(clinic.author);
  const colleague = await enter(clinic.doctor);
  const patient = await enter(clinic.patient);

  await test.step('a team of two gets another name', async () => {
    await head.goTo('teams');
    await head.field(t.name).fill(first);
    await head.button(t.create).click();
    await expect(head.page.getByText(t.created(first)).first()).toBeVisible({ timeout: 30_000 });
    await invite(head, colleague.name, first);
    await colleague.goTo('teams');
    await colleague.button(t.accept(first)).click({ timeout: 30_000 });
    await expect(colleague.page.getByText(t.accepted(first)).first()).toBeVisible({ timeout: 30_000 });
    await head.button(t.rename(first)).click();
    const dialog = head.dialog();
    await expect(dialog.getByLabel(t.renameName)).toHaveValue(first);
    await dialog.getByLabel(t.renameName).fill(later);
    await inspect(head.page, 'team-rename');
    await dialog.getByRole('button', { name: t.renameConfirm, exact: true }).click();
    await expect(head.page.getByText(t.renamed(later)).first()).toBeVisible({ timeout: 30_000 });
    await expect(colleague.page.getByText(later).first()).toBeVisible();
  });

  await patient.writeReport({ title: 'Known to a ward', patientName: patient.name }, [textFile('ward.txt', 'Known to a ward')]);
  await test.step('the patient shares with it, and the manager can’t leave others behind in it', async () => {
    await patient.beginShare();
    const dialog = patient.dialog();
    await dialog.getByRole('button', { name: t.shareWith }).click();
    await dialog.getByLabel(t.find).fill('nine');
    await dialog.getByRole('button', { name: t.findGo, exact: true }).click();
    await dialog.getByRole('list', { name: t.found }).getByRole('button', { name: later }).click();
    await dialog.getByRole('button', { name: words.share.submit }).click({ timeout: 30_000 });
    await dialog.getByRole('heading', { name: words.share.done }).waitFor({ timeout: 30_000 });
    await dialog.getByRole('button', { name: words.share.close }).click();
    await head.goTo('settings');
    await head.page.getByRole('link', { name: words.leaving.open }).click();
    await head.heading(words.leaving.title).waitFor();
    await expect(head.page.getByText(words.leaving.teamsFirst)).toBeVisible({ timeout: 30_000 });
    await expect(head.page.getByRole('alert').filter({ hasText: words.leaving.teamsFirst })).toContainText(later);
    await inspect(head.page, 'settings-delete-teams');
  });

  await test.step('it is dissolved: nobody reads by it, and it keeps nobody from going', async () => {
    await head.goTo('teams');
    await head.button(t.dissolve(later)).click();
    await inspect(head.page, 'team-dissolve');
    await head.dialog().getByRole('button', { name: t.dissolveConfirm, exact: true }).click();
    await expect(head.page.getByText(t.dissolved(later)).first()).toBeVisible({ timeout: 60_000 });
    await expect(colleague.page.getByText(later)).toHaveCount(0);
    await colleague.goTo('reports');
    await expect(colleague.page.getByRole('link', { name: 'Known to a ward' })).toHaveCount(0);
    await expect(async () => {
      await patient.openReport('Known to a ward');
      await expect(patient.page.locator('[data-revision="1"]')).toBeVisible({ timeout: 5_000 });
    }).toPass({ timeout: 90_000 });
    await patient.page.getByRole('button', { name: t.moreAccess }).click();
    await expect(patient.row(t.accessName(later))).toContainText(t.accessDissolved);
    await head.goTo('settings');
    await head.page.getByRole('link', { name: words.leaving.open }).click();
    await head.heading(words.leaving.title).waitFor();
    await expect(head.page.getByText(words.leaving.teamsFirst)).toHaveCount(0);
  });
});

test('hs renames and dissolves a team, and keeps its only manager from going', async () => {
  test.setTimeout(360_000);
  const server = await Server.start({});
  const people = [identity('Ada Founder', 'administrator'), identity('Dora Vik', 'doctor'), identity('Otto Berg', 'doctor')] as const;
  const [admin, dora, otto] = people.map((who) => new Hs(server.origin, who)) as [Hs, Hs, Hs];
  try {
    const who = ({ name, email, role }: Identity) => ['--name', name, '--email', email, '--role', role];
    await admin.run(['signup', ...who(people[0])], { '--link-fd': server.setUpLink() });
    for (const [hs, at] of [[dora, 1], [otto, 2]] as const) {
      await hs.run(['signup', ...who(people[at])]);
      await admin.run(['admin', 'approve', people[at].email]);
    }
    await dora.run(['team', 'create', 'Ward Seven']);
    await dora.run(['team', 'add', 'Ward Seven', people[2].email]);
    await otto.run(['team', 'accept', 'Ward Seven']);
    await dora.run(['team', 'rename', 'Ward Seven', 'Ward Nine']);
    expect(await otto.run(['team', 'list'])).toMatchObject([{ name: 'Ward Nine', members: 2 }]);
    const about = ['--title', 'For the ward', '--patient-name', 'Ole Lind'];
    const { report_id: report } = (await otto.run(['push', textFile('round.txt', 'For the ward.').path, ...about])) as { report_id: string };
    // Nobody compared the other's key; one's own isn't counted.
    expect(await otto.run(['share', report, '--team', 'Ward Nine'])).toMatchObject({ members: 2, keys_not_verified: 1 });
    const going = dora.run(['account', 'delete', '--email', people[1].email]);
    await expect(going).rejects.toThrow(/sole_team_manager/);
    await expect(going).rejects.toThrow(/Ward Nine/);
    await expect(dora.run(['account', 'pause', '--email', people[1].email])).rejects.toThrow(/sole_team_manager/);
    await dora.run(['team', 'dissolve', 'Ward Nine']);
    expect(await otto.run(['team', 'list'])).toEqual([]);
    expect(await dora.run(['account', 'delete', '--email', people[1].email])).toEqual({ deleted: people[1].email, in_backups_until: null });
  } finally {
    [admin, dora, otto].forEach((hs) => hs.remove());
    await server.remove();
  }
});

async function invite(head: Person, name: string, team: string): Promise<void> {
  await head.button(t.invite(team)).click();
  const dialog = head.dialog();
  await dialog.getByLabel(t.who).fill(name);
  await dialog.getByRole('list', { name: words.share.results }).getByRole('button', { name }).click();
  await dialog.getByRole('button', { name: t.inviteSubmit, exact: true }).click();
  await expect(head.page.getByText(t.inviteDone(name, team)).first()).toBeVisible({ timeout: 30_000 });
  await expect(head.row(name)).toContainText(t.invited);
}
