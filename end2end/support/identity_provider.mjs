// A real OpenID Connect provider (npm `oidc-provider`) on a loopback port. It says its issuer on one line, and ends with
// its standard input.
//
// Argument: JSON with `redirect` (where browsers go back to) and `accounts`: by name, what is told of each. Whom to sign in
// as is asked on a page; a `login_hint` answers it, and the name `decline` declines. `PUT /lie` has it lie from then on
// (identity_lies.mjs).
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { Lies } from './identity_lies.mjs';

const { redirect, accounts } = JSON.parse(process.argv[2] ?? '{}');
const DECLINE = 'decline';
const SECRET = 'seven quiet doormen';

const server = createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://localhost:${server.address().port}`;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }] },
  clients: [
    {
      client_id: 'healthsecure',
      client_secret: SECRET,
      redirect_uris: [redirect],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ['only for tests'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  // Nobody is asked for consent: it isn't what is tested.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const lies = new Lies(privateKey, SECRET);
provider.use(lies.around);

const answer = provider.callback();
server.on('request', (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === '/lie') {
    hear(request, response).catch((error) => response.writeHead(400).end(String(error)));
    return;
  }
  if (!url.pathname.startsWith('/interaction/')) return answer(request, response);
  interact(request, response, url).catch((error) => response.writeHead(500).end(String(error)));
});

async function hear(request, response) {
  let text = '';
  for await (const piece of request) text += piece;
  lies.tell(JSON.parse(text));
  response.writeHead(204).end();
}

async function interact(request, response, url) {
  const { params } = await provider.interactionDetails(request, response);
  const chosen = url.searchParams.get('as') ?? params.login_hint;
  if (chosen === DECLINE) return provider.interactionFinished(request, response, { error: 'access_denied' });
  if (Object.hasOwn(accounts, chosen ?? '')) {
    return provider.interactionFinished(request, response, { login: { accountId: chosen } });
  }
  const link = (name) => `<p><a href="${url.pathname}?as=${name}">${name}</a></p>`;
  const page = `<!doctype html><title>Provider</title><h1>Who are you?</h1>${[...Object.keys(accounts), DECLINE].map(link).join('')}`;
  response.writeHead(200, { 'content-type': 'text/html' }).end(page);
}

process.stdin.resume().on('end', () => process.exit(0));
console.log(JSON.stringify({ issuer }));
