// Whom this client is, as it proves it to the server.
// In: a token, a guest's session token, or a function that gets a fresh one. Out: the credential of one connection.

export type Credential = { readonly token: string } | { readonly sessionToken: string };

/** Asked before each connection; null says that nobody is signed in any more. */
export type GetToken = () => Promise<string | Credential | null> | string | Credential | null;

export interface CredentialOptions {
  /** The token of a registered user. */
  readonly token?: string;
  /** The session token of a guest. */
  readonly sessionToken?: string;
  readonly getToken?: GetToken;
}

/** Guests' tokens are told by their start. */
const GUEST_PREFIX = 'anon_';

export class Credentials {
  readonly #ask: GetToken;
  /** Whether asking again may give another one. */
  readonly areRenewable: boolean;

  #last: Credential | null = null;

  constructor({ token, sessionToken, getToken }: CredentialOptions) {
    const given = [token, sessionToken, getToken].filter((one) => one !== undefined);
    if (given.length !== 1) throw new TypeError('give connect() one of token, sessionToken and getToken');
    this.areRenewable = getToken !== undefined;
    this.#ask = getToken ?? (() => token ?? { sessionToken: sessionToken ?? '' });
  }

  /** The credential for a connection that is about to be made. */
  async next(): Promise<Credential | null> {
    const given = await this.#ask();
    this.#last = typeof given === 'string' ? credentialOf(given) : given;
    return this.#last;
  }

  /** That of the last connection. */
  get last(): Credential | null {
    return this.#last;
  }
}

function credentialOf(token: string): Credential {
  return token.startsWith(GUEST_PREFIX) ? { sessionToken: token } : { token };
}

/** The headers that say the same to a REST route. */
export function headersOf(credential: Credential): Record<string, string> {
  return 'token' in credential
    ? { authorization: `Bearer ${credential.token}` }
    : { 'x-session-token': credential.sessionToken };
}
