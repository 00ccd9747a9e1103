// Attacks of docs/attacks.md that need something signed, against the page: the server makes it up, right to the last field, and
// signs it with a key of its own.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { textFile } from '../support/files.ts';
import { Hs } from '../support/hs.ts';
import { accompliceCalled, asked, fields, lie, list, sent } from '../support/liar.ts';
import type { Server } from '../support/server.ts';
import { rosterLeaf, rosterWith, wayInOf } from '../support/signed.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

/** Appends a team's leaf to the log of keys, as whoever runs the server could; answers its place. */
function log(server: Server, author: string, leaf: Buffer, team: string): number {
  const program = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
columns = "seq, account_id, data, team_id"
row = tuple(bytes.fromhex(text) for text in sys.argv[2:])
db.execute(f"INSERT INTO log_key_entries ({columns}) SELECT MAX(seq) + 1, ?, ?, ? FROM log_key_entries", row)
print(db.execute("SELECT MAX(seq) FROM log_key_entries").fetchone()[0])
db.commit()
`;
  const row = [author, leaf.toString('hex'), team];
  const python = process.env.HEALTHSECURE_PYTHON ?? 'python3';
  return Number(execFileSync(python, ['-c', program, join(server.data, 'healthsecure.db'), ...row], { encoding: 'utf8' }));
}

test('forged-recovery-key: no password is changed while the recovery kit’s way in leads to somebody else', async ({ clinic, enter }) => {
  const w = words.security;
  const author = await enter(clinic.author);
  const { page } = author;
  const accomplice = await accompliceCalled(author, clinic.doctor.name);
  await author.goTo('settings');
  await page.getByRole('link', { name: w.tab, exact: true }).click();
  await author.button(w.changePassword).click();
  // The same once more, for the tests after this one.
  await page.getByLabel(w.newPassword, { exact: true }).fill(author.identity.password);
  await page.getByLabel(w.newPasswordAgain).fill(author.identity.password);
  const account = /\/api\/v1\/account$/;
  let lied = 0;
  await lie(author, account, (body) => {
    const ways = list(body, 'ways_in').map((way) => {
      if (fields(way).kind !== 'recovery_kit') return way;
      lied += 1;
      return { ...fields(way), record: wayInOf(accomplice, fields(way).record) };
    });
    return { ...fields(body), ways_in: ways };
  });
  const changes = sent(author, 'PUT', /\/api\/v1\/account\/password$/);
  await author.button(w.changePassword).click();
  await expect(page.getByText(words.attacks.wayIn).first()).toBeVisible({ timeout: 40_000 });
  expect(lied).toBeGreaterThan(0);
  expect(changes, 'no new account key was sealed').toEqual([]);

  await page.unroute(account);
  await author.button(w.changePassword).click();
  await expect(page.getByText(w.passwordDone), 'once nobody lies').toBeVisible({ timeout: 30_000 });
  expect(changes.length).toBeGreaterThan(0);
});

test('injected-team-member: nothing is shared with a team that the server put somebody into', async ({ clinic, enter }) => {
  const [TEAM, TITLE] = ['Nephrology West', 'For the team as it was'];
  const t = words.teams;
  const manager = clinic.stranger('Ragnhild Moe', 'doctor');
  const [hs, administrator] = [new Hs(clinic.server.origin, manager), new Hs(clinic.server.origin, clinic.administrator)];
  let team = '';
  try {
    await hs.run(['signup', '--name', manager.name, '--email', manager.email, '--role', 'doctor']);
    await administrator.run(['login', '--email', clinic.administrator.email]);
    await administrator.run(['admin', 'approve', manager.email]);
    team = ((await hs.run(['team', 'create', TEAM])) as { team_id: string }).team_id;
    await hs.run(['push', textFile('team.txt', 'For the team.').path, '--title', TITLE, '--patient-name', 'Ole Lind']);
  } finally {
    hs.remove();
    administrator.remove();
  }
  const person = await enter(manager);
  const accomplice = await accompliceCalled(person, clinic.doctor.name);
  const honest = await asked(person, `/api/v1/teams/${team}`);
  const shares = sent(person, 'POST', /\/grants$/);
  await person.openReport(TITLE);
  await person.beginShare();
  const dialog = person.dialog();
  const shown = dialog.getByText(t.accessName(TEAM));
  const choose = async () => {
    await dialog.getByLabel(t.find).fill('west');
    await dialog.getByRole('button', { name: t.findGo, exact: true }).click();
    await dialog.getByRole('list', { name: t.found }).getByRole('button', { name: TEAM }).click();
  };
  await dialog.getByRole('button', { name: t.shareWith }).click();
  await choose();
  await expect(shown, 'before anybody lies').toBeVisible({ timeout: 30_000 });
  await dialog.getByRole('button', { name: t.change }).click();

  const rosters = fields(honest).rosters!;
  const roster = rosterWith(accomplice, rosters);
  const author = String(fields(list(honest, 'people')[0]!).id);
  const leaf = log(clinic.server, author, rosterLeaf(team, 1, roster), team);
  let lied = 0;
  await lie(person, new RegExp(`/api/v1/teams/${team}$`), (body) => {
    lied += 1;
    const forged = {
      ...fields(rosters),
      rosters: [...list(rosters, 'rosters'), roster.toString('base64url')],
      leaves: [...list(rosters, 'leaves'), leaf],
    };
    const member = { account: fields(accomplice).id!, state: 'member' };
    return { ...fields(body), rosters: forged, people: [...list(body, 'people'), accomplice], members: [...list(body, 'members'), member] };
  });
  await choose();
  await expect(dialog.getByText(words.attacks.roster).first()).toBeVisible({ timeout: 30_000 });
  await expect(shown).toHaveCount(0);
  await expect(dialog.getByRole('button', { name: words.share.submit })).toHaveCount(0);
  expect(lied).toBeGreaterThan(0);
  expect(shares, 'nothing was sealed').toEqual([]);
});
