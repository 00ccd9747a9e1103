// Which witnesses a browser asks for before it believes the public log.
import { identity } from '../support/clinic.ts';
import { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { Witness, byAnotherKey } from '../support/witness.ts';
import { words } from '../support/words.ts';

const w = words.settings;
const ada = identity('Ines Moreau', 'administrator');

test('a browser asks for the witnesses it was told of, after a reload too, stale-checkpoint: believes none of two days ago, and unknown-witness: nor any other', async ({ browser }) => {
  test.setTimeout(360_000);
  const args: string[] = [];
  const server = await Server.start({ args });
  const instance = (await (await fetch(`${server.origin}/api/v1/instance`)).json()) as { log_key: string; log_keys_key: string };
  const logs = [instance.log_key, instance.log_keys_key];
  const witness = await Witness.start('witness.example/one', logs);
  const stranger = await Witness.start('witness.example/two', logs);
  const link = server.setUpLink();
  args.push('--witness', `${witness.key} ${witness.url}`);
  await server.restart();
  const person = await Person.at(browser, server.origin, ada);
  const { page } = person;
  const witnessed = async () => {
    await person.goTo('settings');
    await page.getByRole('link', { name: w.witnesses }).click();
  };
  try {
    await person.signUp(server.log.includes('#setup=') ? server.setUpLink() : link);
    await witnessed();
    await expect(page.getByText(w.witnessesNone)).toBeVisible();
    const [keys, required] = [page.getByLabel(w.witnessKeys), page.getByLabel(w.witnessesRequired)];
    await keys.fill('witness.example/one+00000000+AAAA');
    await person.button(w.witnessesSave).click();
    await expect(page.getByText(w.witnessKeyWrong)).toBeVisible();
    await keys.fill(witness.key);
    await required.fill('3');
    await person.button(w.witnessesSave).click();
    await expect(page.getByText(w.witnessesTooMany)).toBeVisible();
    await keys.fill(`${witness.key}\n\n  ${stranger.key}\n`);
    await required.fill('');
    await person.button(w.witnessesSave).click();
    await expect(page.getByText(w.witnessesTooFew(1, 2)), 'the log doesn’t ask the other one').toBeVisible({ timeout: 40_000 });
    await inspect(page, 'witnesses-too-few');
    await required.fill('1');
    await person.button(w.witnessesSave).click();
    await expect(page.getByText(w.witnessesNow(1, 2))).toBeVisible({ timeout: 40_000 });
    await inspect(page, 'witnesses');

    await person.reload();
    await witnessed();
    await expect(page.getByText(w.witnessesNow(1, 2))).toBeVisible();
    await expect(keys).toHaveValue(`${witness.key}\n${stranger.key}`);

    // Two days later by the browser's clock the server still shows today's log, with what the witness said of it today.
    await page.goto('about:blank');
    const shown = new Map<string, string>();
    for (const tree of ['events', 'keys']) {
      const path = `/log/${tree}/checkpoint`;
      shown.set(path, await (await person.context.request.get(path)).text());
    }
    const checkpoint = /\/log\/(events|keys)\/checkpoint$/;
    let lied = 0;
    await page.route(checkpoint, (route) => {
      lied += 1;
      return route.fulfill({ body: shown.get(new URL(route.request().url()).pathname) ?? '', contentType: 'text/plain' });
    });
    await person.context.clock.setSystemTime(Date.now() + 48 * 3_600_000);
    await page.goto('/settings/witnesses');
    await person.heading(words.signIn.locked).waitFor();
    await page.getByLabel(words.signIn.password, { exact: true }).fill(ada.password);
    // Stopped, the page is loaded anew, without keys.
    const wiped = page.waitForEvent('load', { timeout: 60_000 });
    await person.button(words.signIn.unlock).click();
    await wiped;
    await person.heading(words.log.stopped).waitFor();
    await expect(page.getByText(words.attacks.stale).first()).toBeVisible();
    expect(lied).toBeGreaterThan(0);
    await page.unroute(checkpoint);
    await person.context.clock.setSystemTime(Date.now());
    await person.button(words.log.again).click();
    await person.unlock();
    await witnessed();
    await expect(page.getByText(w.witnessesNow(1, 2)), 'once nobody lies').toBeVisible();

    // The server has a witness of its own under that name, which vouches for everything.
    let swapped = 0;
    await page.route(checkpoint, async (route) => {
      const answer = await route.fetch().catch(() => undefined);
      if (!answer) return route.abort().catch(() => {});
      const text = await answer.text();
      const body = byAnotherKey(text, 'witness.example/one');
      swapped += Number(body !== text);
      await route.fulfill({ body, contentType: 'text/plain' }).catch(() => {});
    });
    await page.reload();
    await person.heading(words.signIn.locked).waitFor();
    await page.getByLabel(words.signIn.password, { exact: true }).fill(ada.password);
    await person.button(words.signIn.unlock).click();
    await person.heading(words.log.stopped).waitFor({ timeout: 60_000 });
    await expect(page.getByText(words.attacks.tooFewWitnesses).first()).toBeVisible();
    expect(swapped).toBeGreaterThan(0);
    await page.unroute(checkpoint);

    // A server that shows its log without them is not believed any more.
    args.length = 0;
    await server.restart();
    await person.button(words.log.again).click();
    await person.heading(words.signIn.locked).waitFor();
    await page.getByLabel(words.signIn.password, { exact: true }).fill(ada.password);
    await person.button(words.signIn.unlock).click();
    await person.heading(words.log.stopped).waitFor({ timeout: 60_000 });
  } finally {
    await person.leave();
    await witness.stop();
    await stranger.stop();
    await server.remove();
  }
});
