// `hs` holds a server to its public log at every command: what it saw before is kept with its profile, and so are the witnesses
// that it asks for. A server that goes back behind that, or that too few vouch for, stops it, with evidence. Who has no account
// and only reads the log from outside now and then finds the same out. Keys in its holder's name that none of their devices made
// are said by every command until they were read; where the log of them isn't given out, that is.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Forgery } from '../support/forgery.ts';
import { Hs, HsError } from '../support/hs.ts';
import { addKeys } from '../support/key_log.ts';
import { RecordingProxy } from '../support/proxy.ts';
import { Server, freePort } from '../support/server.ts';
import { Witness } from '../support/witness.ts';

const log = '/log/events/';
const keys = '/log/keys/';

/** What a command that the log must stop says, which ends with the code of a refusal. */
async function stopped(command: Promise<unknown>): Promise<string> {
  const error = await command.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(HsError);
  const { code, output } = error as HsError;
  expect(code).toBe(4);
  const said = output.split('\n').find((line) => line.includes('"error"'));
  return (JSON.parse(said ?? '{}') as { error: { code: string } }).error.code;
}

test('a rollback, a fork and too few witnesses stop hs, what it kept of them can be checked, and nobody overlooks an alarm', async () => {
  test.setTimeout(240_000);
  const port = await freePort();
  const proxy = await RecordingProxy.start(port);
  const server = await Server.start({ behind: { origin: proxy.origin, port } });
  const ada = identity('Ada Founder', 'administrator');
  const hs = new Hs(server.origin, ada);
  const outsider = new Hs(server.origin, ada);
  type Tree = { size: number; continues: number | null };
  const verify = () => outsider.run(['audit', 'verify', server.origin]) as Promise<{ events: Tree; keys: Tree; kept: string }>;
  const checkpoint = async () => (await fetch(`${proxy.origin}${log}checkpoint`)).text();
  const size = (text: string) => Number(text.split('\n')[1]);
  const instance = (await (await fetch(`${proxy.origin}/api/v1/instance`)).json()) as { log_key: string; log_keys_key: string };
  const witness = await Witness.start('witness.example/one', [instance.log_key, instance.log_keys_key]);
  try {
    const who = ['--name', ada.name, '--email', ada.email, '--role', 'administrator'];
    await hs.run(['signup', ...who], { '--link-fd': server.setUpLink() });
    await expect.poll(async () => size(await checkpoint())).toBeGreaterThan(0);
    const old = await checkpoint();
    // Events of one command are in the log when the next one looks.
    await hs.run(['list']);
    await expect.poll(async () => size(await checkpoint())).toBeGreaterThan(size(old) + 1);
    await hs.run(['list']);
    const seen = await verify();
    expect([seen.events.continues, seen.keys.continues]).toEqual([null, null]);
    expect(statSync(seen.kept).mode & 0o777).toBe(0o600);

    const kept = join(hs.home, '.config/healthsecure/default-log-evidence.json');
    const evidence = () => hs.run(['audit', 'evidence', kept]);
    proxy.answer((path) => (path === `${log}checkpoint` ? Buffer.from(old) : undefined));
    expect(await stopped(hs.run(['list']))).toBe('log_rolled_back');
    expect(await evidence()).toMatchObject({ code: 'log_rolled_back', log: instance.log_key });
    expect(await stopped(verify()), 'without an account, by what the run before kept').toBe('log_rolled_back');

    const forged = new Forgery(server.data, size(await checkpoint()) + 300);
    proxy.answer((path) => {
      if (!path.startsWith(log)) return undefined;
      const file = path.slice(log.length);
      return file === 'checkpoint' ? Buffer.from(forged.checkpoint()) : forged.tile(file);
    });
    expect(await stopped(hs.run(['list']))).toBe('log_forked');
    expect(await evidence()).toMatchObject({ code: 'log_forked', log: instance.log_key });
    expect(await stopped(verify())).toBe('log_forked');

    const entries = `/log/keys/tile/entries/000.p/${seen.keys.size}`;
    const changed = Buffer.from(await (await fetch(`${proxy.origin}${entries}`)).arrayBuffer());
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
    proxy.answer((path) => (path === entries ? changed : undefined));
    expect(await stopped(verify()), 'one byte of the log of keys').toBe('log_tile_forged');
    const found = await outsider.run(['audit', 'evidence', join(outsider.home, 'healthsecure-log-evidence.json')]);
    expect(found).toMatchObject({ code: 'log_tile_forged', log: instance.log_keys_key });

    // The log of keys is told anew between a command's first look at it and its next.
    const grown = size(await (await fetch(`${proxy.origin}${keys}checkpoint`)).text());
    const others = new Forgery(server.data, grown + 300, 'keys');
    let looks = 0;
    proxy.answer((path) => {
      if (!path.startsWith(keys)) return undefined;
      const file = path.slice(keys.length);
      if (file === 'checkpoint') looks += 1;
      if (looks < 2) return undefined;
      return file === 'checkpoint' ? Buffer.from(others.checkpoint()) : others.tile(file);
    });
    expect(await stopped(hs.run(['list']))).toBe('log_forked');
    expect(looks).toBe(2);
    expect(await evidence()).toMatchObject({ code: 'log_forked', log: instance.log_keys_key });

    proxy.answer(undefined);
    await hs.run(['list']);
    const again = await verify();
    expect(again.events.continues).toBeGreaterThanOrEqual(seen.events.size);
    expect(again.keys).toMatchObject({ size: seen.keys.size, continues: seen.keys.size });
    expect(await hs.run(['audit', 'witnesses', '--witness', witness.key])).toEqual({ required: 1, keys: [witness.key] });
    expect(await stopped(hs.run(['list'])), 'the server asks no witness').toBe('log_too_few_witnesses');
    await hs.run(['audit', 'witnesses', '--none']);
    await hs.run(['list']);
    expect(hs.said).not.toContain('key_alarm');

    const logged = async () => size(await (await fetch(`${proxy.origin}/log/keys/checkpoint`)).text());
    const honest = await logged();
    addKeys(server);
    await expect.poll(logged).toBeGreaterThan(honest);
    proxy.answer((path) => (path.startsWith(`${keys}tile/entries/`) ? 503 : undefined));
    const hidden = await hs.run(['alarms']);
    expect(hidden, 'what is not given out is not taken for nothing').toMatchObject({ alarms: [], unread: { code: 'not_readable' } });
    proxy.answer(undefined);
    await hs.run(['list']);
    expect(hs.said, 'whatever the command').toContain('"key_alarm"');
    const read = await hs.run(['alarms', '--acknowledge']);
    expect(read).toEqual({ alarms: [{ kind: 'own_key', epoch: 1, leaf: honest, acknowledged: true }], unread: null });
    expect(hs.said, 'until it was read').toContain('"key_alarm"');
    await hs.run(['list']);
    expect(hs.said, 'and no longer').not.toContain('key_alarm');
  } finally {
    hs.remove();
    outsider.remove();
    await witness.stop();
    await server.remove();
    await proxy.stop();
  }
});
