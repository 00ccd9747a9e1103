// A proxy between the browser and the server: keeps every byte that the server is sent, and can cut the line.
import { createServer, request, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** One request as it reached the server. */
export interface Recorded {
  method: string;
  url: string;
  /** Request line and headers, as bytes. */
  head: Buffer;
  body: Buffer;
}

export class RecordingProxy {
  readonly requests: Recorded[] = [];
  /** Only where someone looks at them: bodies of large uploads would fill the memory. */
  record = true;
  private readonly sockets = new Set<Socket>();
  private cutting = false;
  private cutAfter: ((request: IncomingMessage) => boolean) | undefined;
  private holds: ((request: IncomingMessage) => boolean) | undefined;
  private readonly held: Array<() => void> = [];
  private instead: ((path: string) => Buffer | number | undefined) | undefined;

  private constructor(
    private readonly server: HttpServer,
    readonly port: number,
    private readonly target: number,
  ) {
    server.on('request', (from, to) => this.forward(from, to));
    server.on('connection', (socket) => {
      if (this.cutting) return void socket.destroy();
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(target: number): Promise<RecordingProxy> {
    const server = createServer();
    server.requestTimeout = 0;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('the proxy has no port');
    return new RecordingProxy(server, address.port, target);
  }

  get origin(): string {
    return `http://localhost:${this.port}`;
  }

  /** Cuts every connection and refuses new ones until `restore`. */
  cut(): void {
    this.cutting = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Cuts the line as soon as a request fits, before its answer. */
  cutAt(fits: (request: IncomingMessage) => boolean): void {
    this.cutAfter = fits;
  }

  /** From now on takes requests that fit without a word: nothing is read of them and nothing answered, until `release`. */
  hold(fits: (request: IncomingMessage) => boolean): void {
    this.holds = fits;
  }

  /**
   * From now on answers itself where there is an answer for a path, as whoever runs the server could: a body, or a status without
   * one; `undefined` ends that.
   */
  answer(instead: ((path: string) => Buffer | number | undefined) | undefined): void {
    this.instead = instead;
  }

  /** How many connections are open: of those that are closed every request has been kept. */
  get connections(): number {
    return this.sockets.size;
  }

  /** How many requests are held. */
  get heldCount(): number {
    return this.held.length;
  }

  /** Holds nothing more; what was held so far goes on now, or `never` does: a line that died in silence. */
  release(what: 'all' | 'never' = 'all'): void {
    this.holds = undefined;
    for (const go of this.held.splice(0)) if (what === 'all') go();
  }

  get isCut(): boolean {
    return this.cutting;
  }

  restore(): void {
    this.cutting = false;
    this.cutAfter = undefined;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }

  private forward(from: IncomingMessage, to: ServerResponse): void {
    const body = this.instead?.(from.url ?? '/');
    if (typeof body === 'number') return void to.writeHead(body, { 'content-length': 0 }).end();
    if (body) return void to.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length }).end(body);
    if (this.holds?.(from)) return void this.held.push(() => this.pass(from, to));
    this.pass(from, to);
  }

  private pass(from: IncomingMessage, to: ServerResponse): void {
    const { method = 'GET', url = '/' } = from;
    const head = Buffer.from(`${method} ${url}\r\n${from.rawHeaders.join('\r\n')}`, 'latin1');
    const pieces: Buffer[] = [];
    from.on('data', (piece: Buffer) => {
      if (this.record) pieces.push(piece);
    });
    from.on('close', () => this.requests.push({ method, url, head, body: Buffer.concat(pieces) }));
    if (this.cutAfter?.(from)) {
      from.once('data', () => this.cut());
      from.once('end', () => this.cut());
    }
    const onward = request({ host: '127.0.0.1', port: this.target, method, path: url, headers: from.headers });
    onward.on('response', (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      to.flushHeaders();
      answer.pipe(to);
      answer.on('error', () => to.destroy());
    });
    onward.on('error', () => to.destroy());
    to.on('close', () => onward.destroy());
    from.pipe(onward);
  }
}
