// A gateway for text messages of one's own: a webhook that checks signatures as Standard Webhooks says, and keeps what it gets.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from './server.ts';

const SECRET = 'five slow lighthouse keepers';

export interface Sms {
  to: string;
  text: string;
}

export class SmsGateway {
  private readonly messages: Sms[] = [];
  /** Every code that it was to deliver. */
  readonly codes: string[] = [];

  private constructor(
    private readonly listener: Server,
    private readonly folder: string,
  ) {}

  static async start(): Promise<SmsGateway> {
    const listener = createServer();
    const gateway = new SmsGateway(listener, mkdtempSync(join(tmpdir(), 'healthsecure-sms-')));
    listener.on('request', (request, response) => {
      void gateway.take(request).then((status) => response.writeHead(status).end());
    });
    await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
    return gateway;
  }

  /** What a server is started with so that it sends here. */
  args(): string[] {
    const address = this.listener.address();
    if (typeof address !== 'object' || !address) throw new Error('the gateway doesn’t listen');
    const file = join(this.folder, 'sms.toml');
    writeFileSync(join(this.folder, 'secret'), `${SECRET}\n`);
    writeFileSync(file, `kind = "webhook"\nurl = "http://127.0.0.1:${address.port}/sms"\nsecret_file = "secret"\n`);
    return ['--sms-gateway', file];
  }

  private async take(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
    const right = `v1,${createHmac('sha256', SECRET).update(`${id}.${at}.${body}`).digest('base64')}`;
    const [given, made] = [Buffer.from(String(signature)), Buffer.from(right)];
    if (given.length !== made.length || !timingSafeEqual(given, made)) return 401;
    const message = JSON.parse(body) as Sms;
    this.messages.push(message);
    this.codes.push(codeOf(message));
    return 204;
  }

  /** The code of the next message, which must be for that number. */
  async code(to: string): Promise<string> {
    for (const until = Date.now() + 60_000; Date.now() < until; ) {
      const message = this.messages.shift();
      if (message?.to === to) return codeOf(message);
      if (message) throw new Error(`a message for ${message.to} came instead of one for ${to}`);
      await pause(50);
    }
    throw new Error(`no message came for ${to}`);
  }

  /** How many messages wait to be looked at. */
  get waiting(): number {
    return this.messages.length;
  }

  async stop(): Promise<void> {
    this.listener.closeAllConnections();
    await new Promise((done) => this.listener.close(done));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function codeOf(message: Sms): string {
  const code = /^(\d{6}) is your code /.exec(message.text)?.[1];
  if (!code) throw new Error('a message without a code');
  return code;
}
