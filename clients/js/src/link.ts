// One lasting link to the server: connects, says who it is, comes back after losses where it stopped, and says how it stands.
// In: an address and credentials. Out: the server's events, and the state: connecting, online, offline, ended.
// Always true: it is online from the first snapshot of a connection to the end of that connection, and sends nothing else meanwhile.

import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';

import type { Credentials } from './credentials.js';
import { Listeners } from './listeners.js';
import type { TimerId, Timers } from './time.js';
import type { Authenticated, ClientEvents, ServerEvents, Snapshot } from './wire.js';

export type LinkState = 'connecting' | 'online' | 'offline' | 'ended';

/** Why a client does not come back: it was closed, its credential is no longer good, or nobody is signed in. */
export type EndReason = 'closed' | 'token-expired' | 'revoked' | 'refused' | 'signed-out';

/** The connection is the server's to refuse for a while, in ms: it says that there are too many. */
const PAUSE_AFTER_RATE_LIMIT = 10_000;

/** Between two attempts that the transport knows nothing of, in ms: no token was to be had, or one that had expired already. */
const PAUSE = 2_000;

export type VigieSocket = Socket<ServerEvents, ClientEvents>;

export interface LinkOptions {
  readonly path: string;
  readonly socket?: Partial<ManagerOptions & SocketOptions>;
}

export class Link {
  readonly socket: VigieSocket;
  readonly changed = new Listeners<LinkState>();
  /** A connection was accepted and has its first snapshot. */
  readonly welcomed = new Listeners<{ readonly authenticated: Authenticated; readonly snapshot: Snapshot }>();
  readonly #credentials: Credentials;
  readonly #timers: Timers;
  #state: LinkState = 'connecting';
  #endReason: EndReason | null = null;
  #userId: string | null = null;
  #session: string | null = null;
  #cursor: string | null = null;
  #accepted: Authenticated | null = null;
  /** What the server said before it closed the connection. */
  #said: 'token-expired' | 'revoked' | 'refused' | 'rate-limited' | null = null;
  /** Whether a fresh credential was tried in vain, or is being tried. */
  #hasRenewed = false;
  #retry: TimerId = null;

  constructor(url: string, options: LinkOptions, credentials: Credentials, timers: Timers) {
    this.#credentials = credentials;
    this.#timers = timers;
    this.socket = io(url, {
      ...options.socket,
      path: options.path,
      // A connection of its own: another client of the page may be somebody else.
      forceNew: true,
      autoConnect: false,
      auth: (give) => void this.#sayWho(give),
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  get endReason(): EndReason | null {
    return this.#endReason;
  }

  /** Whom the server takes this client for; null before it said so. */
  get userId(): string | null {
    return this.#userId;
  }

  /** Begins. Whoever listens to the socket before is told of a snapshot before the link calls itself online. */
  open(): void {
    this.#listen();
    this.socket.connect();
  }

  /** Sends an event; false when the link is not online, and then nothing is kept for later. */
  send<Name extends keyof ClientEvents>(event: Name, ...args: Parameters<ClientEvents[Name]>): boolean {
    if (this.#state !== 'online') return false;
    this.socket.emit(event, ...args);
    return true;
  }

  /** Says goodbye and stays away. */
  end(reason: EndReason): void {
    if (this.#state === 'ended') return;
    this.#timers.clear(this.#retry);
    this.#endReason = reason;
    this.#turn('ended');
    this.socket.disconnect();
  }

  async #sayWho(give: (auth: Record<string, unknown>) => void): Promise<void> {
    let credential;
    try {
      credential = await this.#credentials.next();
    } catch {
      // Whoever gives tokens may be back before the user gives up.
      return this.#comeBack(PAUSE);
    }
    if (credential === null) return this.end('signed-out');
    if (this.#state === 'ended') return;
    give({
      ...credential,
      cursor: true,
      ...(this.#session !== null && { resume: this.#session }),
      ...(this.#cursor !== null && { since: this.#cursor }),
    });
  }

  #listen(): void {
    const { socket } = this;
    socket.on('authenticated', (payload) => {
      if (!payload.success) return;
      this.#accepted = payload;
      this.#said = null;
      this.#userId = payload.user?.id ?? this.#userId;
      this.#session = payload.session ?? this.#session;
    });
    socket.on('presence:snapshot', (snapshot) => {
      this.#cursor = snapshot.cursor;
      if (this.#state === 'online' || !this.#accepted) return;
      this.#hasRenewed = false;
      this.#turn('online');
      this.welcomed.tell({ authenticated: this.#accepted, snapshot });
    });
    socket.on('presence:cursor', ({ cursor }) => {
      this.#cursor = cursor;
    });
    socket.on('auth:token-expired', () => {
      this.#said = 'token-expired';
    });
    socket.on('auth:session-revoked', () => {
      this.#said = 'revoked';
    });
    socket.on('error', ({ code }) => {
      // On a connection that was accepted it is about one event.
      if (this.#accepted) return;
      if (code === 'RATE_LIMITED') this.#said = 'rate-limited';
      else this.#said ??= 'refused';
    });
    socket.on('connect_error', () => {
      // The transport tries again by itself, but where something in front of the server answered in its place.
      if (!socket.active) this.#comeBack(PAUSE);
    });
    socket.on('disconnect', (reason) => {
      const wasAccepted = this.#accepted !== null;
      this.#accepted = null;
      if (this.#state === 'ended') return;
      if (wasAccepted) this.#turn('offline');
      // After a mere loss the transport comes back by itself.
      if (reason === 'io server disconnect' || this.#said !== null) this.#answerClosing();
    });
  }

  /** The server closed the connection, which it says why. */
  #answerClosing(): void {
    const said = this.#said;
    this.#said = null;
    switch (said) {
      case 'revoked':
        return this.end('revoked');
      case 'token-expired':
      case 'refused':
        if (!this.#credentials.areRenewable || this.#hasRenewed) return this.end(said);
        this.#hasRenewed = true;
        return this.#comeBack(0);
      case 'rate-limited':
        return this.#comeBack(PAUSE_AFTER_RATE_LIMIT);
      case null:
        return this.#comeBack(PAUSE);
    }
  }

  #comeBack(after: number): void {
    if (this.#state === 'ended') return;
    this.socket.disconnect();
    this.#timers.clear(this.#retry);
    this.#retry = this.#timers.set(() => this.socket.connect(), after);
  }

  #turn(state: LinkState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.changed.tell(state);
  }
}
