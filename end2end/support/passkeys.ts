// Passkeys without hardware: Chromium's virtual authenticator, and what its pseudo-random function gave, so that a test
// can look for it where it must not be.
import type { CDPSession, Page } from '@playwright/test';

export class Passkeys {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticator: string,
    private readonly page: Page,
  ) {}

  /** Plugs one in; with or without the PRF extension. */
  static async plugIn(page: Page, hasPrf: boolean): Promise<Passkeys> {
    // The page overwrites what the function gave: a copy is taken before.
    await page.addInitScript(() => {
      const kept: number[][] = [];
      Object.assign(window, { prfOutputs: kept });
      const results = PublicKeyCredential.prototype.getClientExtensionResults;
      PublicKeyCredential.prototype.getClientExtensionResults = function () {
        const all = results.call(this);
        const first = all.prf?.results?.first as ArrayBuffer | undefined;
        if (first) kept.push([...new Uint8Array(first)]);
        return all;
      };
    });
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        hasPrf,
      },
    });
    return new Passkeys(session, authenticatorId, page);
  }

  async count(): Promise<number> {
    const { credentials } = await this.session.send('WebAuthn.getCredentials', { authenticatorId: this.authenticator });
    return credentials.length;
  }

  /** Whether the person's finger is right. */
  async verifies(isUserVerified: boolean): Promise<void> {
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId: this.authenticator, isUserVerified });
  }

  /** Unplugs it: nothing answers any more. */
  async unplug(): Promise<void> {
    await this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.authenticator });
  }

  /** What the function gave in this page since it was loaded. */
  async secrets(): Promise<Buffer[]> {
    const kept = await this.page.evaluate(() => (window as unknown as { prfOutputs: number[][] }).prfOutputs);
    return kept.map((bytes) => Buffer.from(bytes));
  }
}
