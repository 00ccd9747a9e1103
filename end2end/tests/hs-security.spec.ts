// How one gets in, by `hs` alone: a new password, a new recovery kit, a second factor.
import { expect, test } from '@playwright/test';
import { Authenticator } from '../support/authenticator.ts';
import { identity } from '../support/clinic.ts';
import { Hs, HsError } from '../support/hs.ts';
import { MOST_USED } from '../support/person.ts';
import { Server } from '../support/server.ts';

/** What a command that must fail says. */
async function refusal(command: Promise<unknown>): Promise<string> {
  const error = await command.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(HsError);
  const said = (error as HsError).output.split('\n').find((line) => line.includes('"error"'));
  return (JSON.parse(said ?? '{}') as { error: { code: string } }).error.code;
}

test('hs changes password, kit and keys, and asks for the second factor', async () => {
  test.setTimeout(240_000);
  const server = await Server.start({});
  const ada = identity('Ada Founder', 'administrator');
  const hs = new Hs(server.origin, ada);
  const changed = { ...ada, password: 'eleven quiet lanterns by the sea' };
  const later = new Hs(server.origin, changed);
  try {
    const who = ['--name', ada.name, '--email', ada.email, '--role', 'administrator'];
    const link = { '--link-fd': server.setUpLink() };
    // Whatever a new password is for: one of the most used is refused, and whatever else was typed counts the next time.
    const mostUsed = (command: Promise<unknown>) => expect(command).rejects.toThrow(/one of the most used passwords.*nothing was sent/);
    await mostUsed(hs.run(['signup', ...who], { ...link, '--password-fd': MOST_USED }));
    await hs.run(['signup', ...who], link);
    const first = (await hs.run(['kit'])) as { recovery_kit: string[] };
    const kit = (await hs.run(['kit'])) as { recovery_kit: string[] };
    expect(kit.recovery_kit).toHaveLength(24);

    expect(await hs.run(['new-keys'])).toEqual({ epoch: 1 });
    await hs.run(['list']);

    await mostUsed(hs.run(['password'], { '--new-password-fd': MOST_USED }));
    await hs.run(['password'], { '--new-password-fd': changed.password });
    await later.run(['login', '--email', ada.email]);
    expect(await refusal(hs.run(['factor', 'list']))).toBe('wrong_password');

    let app: Authenticator | undefined;
    const added = (await later.runAnswering(['factor', 'add'], '--code-fd', {
      ready: (said) => /"secret":"[A-Z2-7]+"/.test(said),
      answer: (said) => {
        app = new Authenticator(/"secret":"([A-Z2-7]+)"/.exec(said)?.[1] ?? '');
        return app.next();
      },
    })) as { recovery_codes: string[] };
    expect(added.recovery_codes).toHaveLength(10);
    expect(await refusal(later.run(['list']))).toBe('second_factor_required');
    expect(await refusal(later.run(['list'], { '--factor-fd': app!.used() }))).toBe('second_factor_wrong');
    await later.run(['list'], { '--factor-fd': await app!.next() });
    const recovery = added.recovery_codes[0]!;
    const list = (await later.run(['factor', 'list'], { '--factor-fd': recovery })) as { recovery_codes_left: number };
    expect(list.recovery_codes_left).toBe(9);
    expect(await refusal(later.run(['factor', 'list'], { '--factor-fd': recovery }))).toBe('second_factor_wrong');

    const recover = (words: string[], factor: Record<string, string>) =>
      hs.run(['recover', '--email', ada.email], { '--kit-fd': words.join(' '), ...factor });
    expect(await refusal(recover(first.recovery_kit, {}))).toBe('wrong_kit');
    expect(await refusal(recover(kit.recovery_kit, {}))).toBe('second_factor_required');
    const code = { '--factor-fd': added.recovery_codes[1]! };
    await mostUsed(recover(kit.recovery_kit, { ...code, '--password-fd': MOST_USED }));
    await recover(kit.recovery_kit, code);
    await hs.run(['factor', 'list'], { '--factor-fd': added.recovery_codes[2]! });
  } finally {
    hs.remove();
    later.remove();
    await server.remove();
  }
});
