// `test` with a clinic: one for all tests of a worker, and browsers that are closed at the end of each test.
import { test as base, type Browser } from '@playwright/test';
import { Clinic } from './clinic.ts';
import { Person, type Identity, type Look } from './person.ts';
import { Server } from './server.ts';

export { expect } from '@playwright/test';

interface TestFixtures {
  /** Opens a browser for a person of the clinic and signs in. */
  enter: (who: Identity, look?: Look) => Promise<Person>;
  /** Opens a browser for a person, nobody signed in. */
  arrive: (who: Identity, look?: Look) => Promise<Person>;
  /** Fails the test where a page logged an error that isn't expected. */
  complaints: string[];
}

interface WorkerFixtures {
  clinic: Clinic;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  clinic: [
    async ({ browser }, use) => {
      const clinic = await Clinic.open(browser);
      await use(clinic);
      await clinic.close();
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  complaints: async ({}, use) => use([]),
  arrive: async ({ browser, clinic, complaints }, use) => {
    const { open, close } = doors(browser, clinic.origin, complaints);
    await use((who, look) => open(who, look ?? {}));
    await close();
  },
  enter: async ({ arrive }, use) => {
    await use(async (who, look) => {
      const person = await arrive(who, look);
      await person.signIn();
      return person;
    });
  },
});

/** Skips a test, loudly, where the server's clock can't be moved; in CI it fails instead. */
export function needsMovableClock(): void {
  if (!Server.canMoveClocks() && !process.env.CI) {
    test.skip(true, 'SKIPPED: libfaketime is not installed (apt-get install libfaketime), so the server’s clock can’t be moved');
  }
}

/** Opens people's browsers, and closes them all. */
export function doors(browser: Browser, origin: string, complaints: string[]) {
  const people: Person[] = [];
  const open = async (who: Identity, look: Look): Promise<Person> => {
    const person = await Person.at(browser, origin, who, look);
    person.page.on('pageerror', (error) => complaints.push(`${who.name}: ${error.message}`));
    person.page.on('console', (message) => {
      const text = message.text();
      // Chromium warns that it doesn't check a preload's integrity; the program is fetched with it again.
      if (message.type() === 'error' && /Content Security Policy|integrity/i.test(text)) complaints.push(`${who.name}: ${text}`);
    });
    people.push(person);
    return person;
  };
  return {
    open,
    /** Somebody who signs in so many hours from now, on a server whose clock is moved as well: time passes for everyone. */
    async later(who: Identity, hours: number): Promise<Person> {
      const person = await open(who, {});
      await person.context.clock.setSystemTime(Date.now() + hours * 3_600_000);
      return person;
    },
    async close(): Promise<void> {
      for (const person of people) await person.leave();
    },
  };
}
