// `hs` holds a server to its public log at every command: what it saw before is kept with its profile, and so are the witnesses
// that it asks for. A server that goes back behind that, or that too few vouch for, stops it, with evidence.
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Forgery } from '../support/forgery.ts';
import { Hs, HsError } from '../support/hs.ts';
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

test('a rollback, a fork and too few witnesses stop hs, and what it kept of them can be checked', async () => {
  test.setTimeout(150_000);
  const port = await freePort();
  const proxy = await RecordingProxy.start(port);
  const server = await Server.start({ behind: { origin: proxy.origin, port } });
  const ada = identity('Ada Founder', 'administrator');
  const hs = new Hs(server.origin, ada);
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

    const kept = join(hs.home, '.config/healthsecure/default-log-evidence.json');
    const evidence = () => hs.run(['audit', 'evidence', kept]);
    proxy.answer((path) => (path === `${log}checkpoint` ? Buffer.from(old) : undefined));
    expect(await stopped(hs.run(['list']))).toBe('log_rolled_back');
    expect(await evidence()).toMatchObject({ code: 'log_rolled_back', log: instance.log_key });

    const forged = new Forgery(server.data, size(await checkpoint()) + 300);
    proxy.answer((path) => {
      if (!path.startsWith(log)) return undefined;
      const file = path.slice(log.length);
      return file === 'checkpoint' ? Buffer.from(forged.checkpoint()) : forged.tile(file);
    });
    expect(await stopped(hs.run(['list']))).toBe('log_forked');
    expect(await evidence()).toMatchObject({ code: 'log_forked', log: instance.log_key });

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
    expect(await hs.run(['audit', 'witnesses', '--witness', witness.key])).toEqual({ required: 1, keys: [witness.key] });
    expect(await stopped(hs.run(['list'])), 'the server asks no witness').toBe('log_too_few_witnesses');
    await hs.run(['audit', 'witnesses', '--none']);
    await hs.run(['list']);
  } finally {
    hs.remove();
    await witness.stop();
    await server.remove();
    await proxy.stop();
  }
});
