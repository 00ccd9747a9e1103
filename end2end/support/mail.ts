// A real mail server (aiosmtpd, STARTTLS, a user with a password) on a loopback port, and what it took.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause, root, type ServerOptions } from './server.ts';

const python = process.env.HEALTHSECURE_PYTHON ?? join(root, '.tools/venv/bin/python');
const script = join(root, 'end2end/support/smtp_server.py');
const user = 'clinic@example.org';
const password = 'seven quiet postmen';

export interface Mail {
  to: string[];
  headers: [string, string][];
  body: string;
  tls: boolean;
}

export class MailServer {
  readonly taken: Mail[] = [];
  private port = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(): Promise<MailServer> {
    const folder = mkdtempSync(join(tmpdir(), 'healthsecure-mail-'));
    execFileSync(python, [script, 'certificates', folder]);
    const args = [script, 'serve', '--security', 'starttls', '--certificates', folder, '--user', user, '--password', password];
    const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const server = new MailServer(child, folder);
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) server.hear(JSON.parse(line) as Mail | { port: number });
    });
    for (const until = Date.now() + 60_000; Date.now() < until && server.port === 0; ) await pause(50);
    if (server.port === 0) throw new Error('the mail server isn’t ready');
    return server;
  }

  private hear(said: Mail | { port: number }): void {
    if ('port' in said) this.port = said.port;
    else this.taken.push(said);
  }

  /** What a server is started with so that it sends here. */
  options(): ServerOptions {
    const smtp = `smtp://${encodeURIComponent(user)}@localhost:${this.port}`;
    const args = ['--smtp', smtp, '--smtp-ca', join(this.folder, 'ca.pem'), '--mail-from', 'Clinic <no-reply@clinic.example>'];
    return { args, env: { HEALTHSECURE_SMTP_PASSWORD: password } };
  }

  /** The newest message to an address. */
  async to(address: string): Promise<Mail> {
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(50)) {
      const found = this.taken.findLast((mail) => mail.to.includes(address));
      if (found) return found;
    }
    throw new Error(`no message to ${address}`);
  }

  /** The newest code at sign-up for an address, once it has come. */
  async code(address: string): Promise<string> {
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(50)) {
      const codes = this.taken.filter((mail) => mail.to.includes(address)).map((mail) => /^ {4}(\d{4}) (\d{4})\s*$/m.exec(mail.body));
      const newest = codes.findLast((found) => found !== null);
      if (newest) return `${newest[1]}${newest[2]}`;
    }
    throw new Error(`no code to ${address}`);
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

/** The one link to a page in a message. */
export function linkIn(mail: Mail, path: string): string {
  const links = mail.body.match(/https?:\/\/\S+/g)?.filter((link) => new URL(link).pathname === path) ?? [];
  if (links.length !== 1 || !links[0]) throw new Error(`not one link to ${path}: ${mail.body}`);
  return links[0];
}
