// A real OpenID Connect provider of one's own, and a server that is told of it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, pause, root } from './server.ts';

export interface Account {
  email: string;
  email_verified: boolean;
  name?: string;
}

export class IdentityProvider {
  private issuer = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** Where the server that asks it has to listen. */
    readonly port: number,
  ) {}

  static async start(accounts: Record<string, Account>): Promise<IdentityProvider> {
    const port = await freePort();
    const told = JSON.stringify({ redirect: `http://localhost:${port}/sign-in/identity/callback/work`, accounts });
    const script = join(root, 'end2end/support/identity_provider.mjs');
    const child = spawn(process.execPath, [script, told], { stdio: ['pipe', 'pipe', 'inherit'] });
    const provider = new IdentityProvider(child, mkdtempSync(join(tmpdir(), 'healthsecure-identity-')), port);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const line = said.split('\n').find((text) => text.startsWith('{"issuer"'));
      if (line && said.includes(`${line}\n`)) provider.issuer = (JSON.parse(line) as { issuer: string }).issuer;
    });
    for (const until = Date.now() + 60_000; Date.now() < until && provider.issuer === ''; ) await pause(50);
    if (provider.issuer === '') throw new Error('the identity provider isn’t ready');
    return provider;
  }

  /** What a server is started with so that it asks here. */
  args(name: string): string[] {
    const file = join(this.folder, 'providers.toml');
    writeFileSync(join(this.folder, 'secret'), 'seven quiet doormen\n');
    writeFileSync(
      file,
      `[[provider]]\nid = "work"\nname = "${name}"\nissuer = "${this.issuer}"\nclient_id = "healthsecure"\nclient_secret_file = "secret"\n`,
    );
    return ['--identity-providers', file];
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = new Promise((done) => this.child.once('exit', done));
      this.child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
