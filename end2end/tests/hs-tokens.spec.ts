// hs without a person: an API token gets in, the account key that comes with it opens.
import { expect, test } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Hs, HsError } from '../support/hs.ts';
import { Server } from '../support/server.ts';

interface Made {
  token: { id: string; name: string };
  secret?: string;
  unattended?: string;
}

/** The code that a command is refused with. */
async function refusal(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof HsError)) throw new Error('it was not refused');
  const said = error.output.split('\n').find((line) => line.includes('"error"'));
  return (JSON.parse(said ?? '{}') as { error: { code: string } }).error.code;
}

test('hs goes on with a token and no password, within its scopes and until it is removed', async () => {
  test.setTimeout(240_000);
  const server = await Server.start({});
  const ada = identity('Ada Founder', 'administrator');
  const hs = new Hs(server.origin, ada);
  const program = new Hs(server.origin, { ...ada, password: 'not the password' });
  try {
    const who = ['--name', ada.name, '--email', ada.email, '--role', 'administrator'];
    await hs.run(['signup', ...who], { '--link-fd': server.setUpLink() });
    const scopes = ['--scope', 'account:read', '--scope', 'reports:read'];
    const create = ['token', 'create', '--name', 'Night export', '--days', '30'];
    expect(await refusal(hs.run([...create, '--scope', 'everything']))).toBe('argument');
    expect(await refusal(hs.run([...create, '--scope', 'reports:read', '--unattended']))).toBe('argument');
    const shown = (await hs.run([...create, ...scopes])) as Made;
    expect(shown.secret).toMatch(/^hst_/);
    expect(shown.unattended).toBeUndefined();

    const made = (await hs.run([...create, ...scopes, '--unattended'])) as Made;
    const unattended = { '--unattended-fd': made.unattended! };
    expect(((await program.run(['whoami'], unattended)) as { email: string }).email).toBe(ada.email);
    await program.run(['list'], unattended);
    expect(await refusal(program.run(['token', 'list'], unattended))).toBe('beyond_scope');
    expect(await refusal(program.run(['sessions'], unattended))).toBe('beyond_scope');
    expect(await refusal(program.run(['list'], { '--unattended-fd': 'hst_ABC' }))).toBe('argument');

    const listed = (await hs.run(['token', 'list'])) as { id: string; last_used_at?: number }[];
    expect(listed).toHaveLength(2);
    expect(listed.find((token) => token.id === made.token.id)?.last_used_at).toBeDefined();
    await hs.run(['token', 'remove', made.token.id]);
    expect(await refusal(program.run(['list'], unattended))).toBe('api_token_invalid');
  } finally {
    hs.remove();
    program.remove();
    await server.remove();
  }
});
