// Tokens as a provider that lies, or somebody in its place, hands them out: what the honest provider (identity_provider.mjs)
// answers at its token endpoint is changed on its way, as it was told last, and signed anew.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

const written = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const read = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

export class Lies {
  #lie = {};
  /** By name: what stands in the header, and who signs. */
  #signing;

  /** `key` is the provider's own, `secret` its client's. */
  constructor(key, secret) {
    const another = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const by = (signer) => (text) => sign('sha256', Buffer.from(text), signer);
    const flipped = (text) => {
      const signature = by(key)(text);
      signature[40] ^= 1;
      return signature;
    };
    this.#signing = {
      honestly: [{}, by(key)],
      not: [{ alg: 'none' }, () => Buffer.alloc(0)],
      'with the secret': [{ alg: 'HS256' }, (text) => createHmac('sha256', secret).update(text).digest()],
      'by another': [{}, by(another)],
      'by another of another name': [{ kid: 'second' }, by(another)],
      'with a flipped bit': [{}, flipped],
    };
  }

  /**
   * From now on: `claims` in the place of the honest ones (`null` takes one out), `signing`, or `silent` for no token. Without
   * any of these it is honest.
   */
  tell(lie) {
    if (!Object.hasOwn(this.#signing, lie.signing ?? 'honestly')) throw new Error(`nobody signs ${lie.signing}`);
    this.#lie = lie;
  }

  /** For `provider.use`. */
  around = async (ctx, next) => {
    await next();
    if (ctx.path !== '/token' || !ctx.body?.id_token || Object.keys(this.#lie).length === 0) return;
    const { id_token: honest, ...rest } = ctx.body;
    ctx.body = this.#lie.silent ? rest : { ...rest, id_token: this.#changed(honest) };
  };

  #changed(token) {
    const [header, claims] = token.split('.', 2).map(read);
    const [named, signed] = this.#signing[this.#lie.signing ?? 'honestly'];
    for (const [name, value] of Object.entries(this.#lie.claims ?? {})) {
      if (value === null) delete claims[name];
      else claims[name] = value;
    }
    const text = `${written({ ...header, ...named })}.${written(claims)}`;
    return `${text}.${signed(text).toString('base64url')}`;
  }
}
