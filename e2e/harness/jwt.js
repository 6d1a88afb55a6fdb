// Mints HS256 tokens as the identity provider of a deployment would; also wrong ones, for the tests of refusal.

import { createHmac } from 'node:crypto';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Seconds since the epoch, `offset` seconds from now. */
export const seconds = (offset = 0) => Math.floor(Date.now() / 1000) + offset;

/** A signed token; `claims` win over the usual ones, and a claim set to `undefined` is left out. */
export function mint(secret, claims, header = {}) {
  const head = encode({ alg: 'HS256', typ: 'JWT', ...header });
  const body = encode({ iat: seconds(), exp: seconds(3600), ...claims });
  const signature = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}

/** Tokens that must be refused, by what is wrong with them. */
export function badTokens(secret, userId) {
  const [head, body] = mint(secret, { userId }).split('.');
  return {
    forged: mint('another-secret-of-at-least-32-bytes!', { userId }),
    unsigned: `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
    'without signature': `${head}.${body}.`,
    'of another algorithm': mint(secret, { userId }, { alg: 'HS512' }),
    'without a user': mint(secret, { username: 'nobody' }),
    'without an expiry': mint(secret, { userId, exp: undefined }),
    'of two minds': mint(secret, { userId, sub: `${userId}-other` }),
    'of a guest id': mint(secret, { userId: `g_${userId}` }),
    'of an impossible id': mint(secret, { userId: 'a b/c' }),
    'of an overlong id': mint(secret, { userId: 'x'.repeat(129) }),
    'of a numeric id': mint(secret, { userId: 7 }),
    nonsense: 'not-a-token',
  };
}
