// The page without one of its walls, in one browser: where a test says that a wall stops something, the same must get through
// once the wall is gone. Answers are changed on their way into the browser; the program stays the one that is released.
import { createServer, type Server } from 'node:http';
import type { BrowserContext, Page, Route } from '@playwright/test';

/** Takes headers off all answers that fit, whoever's page of the context asks. Gives what puts them back. */
export function withoutHeaders(context: BrowserContext, fits: RegExp, names: string[]): Promise<() => Promise<void>> {
  return withChanged(context, fits, (body) => body, names);
}

/** Changes the text of answers that fit, and takes headers off. Gives what leaves them as they are again. */
export async function withChanged(
  context: BrowserContext,
  fits: RegExp,
  change: (body: string) => string,
  names: string[] = [],
): Promise<() => Promise<void>> {
  // The body comes decoded, and may be longer.
  const gone = new Set([...names, 'content-encoding', 'content-length', 'transfer-encoding']);
  const route = async (route: Route) => {
    const answer = await route.fetch({ maxRedirects: 0 }).catch(() => undefined);
    // A test that ends while an answer is under way has closed the page.
    if (!answer) return route.abort().catch(() => {});
    const headers = Object.fromEntries(Object.entries(answer.headers()).filter(([name]) => !gone.has(name)));
    await route.fulfill({ status: answer.status(), headers, body: change(await answer.text()) }).catch(() => {});
  };
  await context.route(fits, route);
  return () => context.unroute(fits, route);
}

/** A document without its integrity hashes. */
export function withoutHashes(html: string): string {
  return html.replaceAll(/ integrity="[^"]*"/g, '').replaceAll(/"integrity":\{[^}]*\}/g, '"integrity":{}');
}

/** From the next load on the page also takes each text that holds this mark for HTML, as `innerHTML` would. */
export async function takeTextForHtml(page: Page, mark: string): Promise<void> {
  await page.addInitScript((mark) => {
    const take = (node: Node) => {
      const text = node.nodeValue ?? '';
      const parent = node.parentElement;
      if (parent && text.includes(mark) && !parent.closest('script, style, textarea, title')) parent.insertAdjacentHTML('beforeend', text);
    };
    const walk = (node: Node) => {
      if (node.nodeType === Node.TEXT_NODE) take(node);
      for (const child of [...node.childNodes]) walk(child);
    };
    const observer = new MutationObserver((changes) => {
      for (const change of changes) {
        if (change.type === 'characterData') take(change.target);
        for (const node of change.addedNodes) walk(node);
      }
    });
    observer.observe(document, { childList: true, subtree: true, characterData: true });
  }, mark);
}

/** From the next load on the page keeps which directives of its policy something broke. */
export async function noteViolations(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const noted: string[] = ((window as unknown as { noted: string[] }).noted = []);
    document.addEventListener('securitypolicyviolation', (event) => noted.push(event.effectiveDirective));
  });
  return () => page.evaluate(() => (window as unknown as { noted: string[] }).noted);
}

export interface Visit {
  path: string;
  referer: string | undefined;
}

/** A site of somebody else: another host, so that neither origin nor site are the clinic's. */
export class ForeignSite {
  readonly visits: Visit[] = [];

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  /** Every path has this page, or a script where its name says so. */
  static async start(): Promise<ForeignSite> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const site = new ForeignSite(server, `http://127.0.0.1:${port}`);
    server.on('request', (request, answer) => {
      const url = new URL(request.url ?? '/', site.origin);
      site.visits.push({ path: url.pathname, referer: request.headers.referer });
      const script = url.pathname.endsWith('.js');
      answer.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html', 'access-control-allow-origin': '*' });
      const framed = url.searchParams.get('frame');
      answer.end(script ? 'window.pwned = 1' : `<!doctype html><title>Elsewhere</title><h1>Elsewhere</h1>${framed ? `<iframe src="${framed}"></iframe>` : ''}`);
    });
    return site;
  }

  /** Whether something asked for this path, now or shortly; where it must, patience costs nothing. */
  async wasAsked(path: string, within = 1_500): Promise<boolean> {
    const deadline = Date.now() + within;
    while (Date.now() < deadline) {
      if (this.visits.some((visit) => visit.path === path)) return true;
      await new Promise((done) => setTimeout(done, 50));
    }
    return false;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
