// The client: one link, and what it is told, put together.
// In: an address, a credential, wishes. Out: what people look like, conversations, one's own status.

import type { ManagerOptions, SocketOptions } from 'socket.io-client';

import { Activity } from './activity.js';
import { Credentials, type CredentialOptions } from './credentials.js';
import { Faces } from './faces.js';
import { Link, type EndReason, type LinkState } from './link.js';
import type { Listener, Off } from './listeners.js';
import { OwnStatusKeeper, type StatusChoice } from './own-status.js';
import { People } from './people.js';
import { Rooms, type Conversation, type ConversationOptions } from './rooms.js';
import type { ConversationState } from './room.js';
import { ServerClock } from './server-clock.js';
import type { Shown } from './shown.js';
import { realTimers, type TimerId, type Timers } from './time.js';
import { WatchList } from './watch-list.js';
import { bareId, type OwnStatus, type Snapshot, type Status } from './wire.js';

/** How often the server's clock is asked while the link lasts, in ms: clocks drift by a second a day, and people set them. */
const CLOCK_EVERY = 5 * 60_000;

const DEFAULT_PATH = '/socket.io/';

export interface Options extends CredentialOptions {
  /** The language of "3 min. ago", such as `fr`; the browser's by default. */
  readonly locale?: string;
  /** Whether keys and pointers of the page count as activity; true by default. */
  readonly activity?: boolean;
  /** Where Socket.IO is on that server; `/socket.io/` by default. */
  readonly path?: string;
  /** Anything else for socket.io-client. */
  readonly socket?: Partial<ManagerOptions & SocketOptions>;
  /** Another clock, for tests. */
  readonly timers?: Timers;
}

export interface ClientEventMap {
  state: LinkState;
  status: Status;
  snapshot: Snapshot;
}

/** Connects, and stays connected until `close()` or until its credential is no longer good. */
export function connect(url: string, options: Options): Client {
  return new Client(url, options);
}

export class Client {
  readonly #timers: Timers;
  readonly #link: Link;
  readonly #people = new People((userId) => this.#watchList.has(userId));
  readonly #clock: ServerClock;
  readonly #faces: Faces;
  readonly #watchList: WatchList;
  readonly #rooms: Rooms;
  readonly #own: OwnStatusKeeper;
  readonly #activity: Activity;
  #silentSince: number | null = null;
  #askedAt: number | null = null;
  #clockTimer: TimerId = null;

  constructor(url: string, options: Options) {
    const path = options.path ?? DEFAULT_PATH;
    this.#timers = options.timers ?? realTimers;
    const credentials = new Credentials(options);
    this.#link = new Link(url, { path, ...(options.socket && { socket: options.socket }) }, credentials, this.#timers);
    this.#clock = new ServerClock(this.#timers);
    this.#faces = new Faces({
      people: this.#people,
      clock: this.#clock,
      timers: this.#timers,
      silentSince: () => this.#silentSince,
      locale: options.locale,
    });
    this.#hearPeople();
    this.#keepClock();
    // Whoever is to be asked for anew is asked once all that came is taken.
    this.#watchList = new WatchList(this.#link, this.#timers);
    this.#rooms = new Rooms(this.#link, this.#timers);
    this.#own = new OwnStatusKeeper(this.#link, restAddress(url, path), credentials);
    const page = options.activity === false || typeof document === 'undefined' ? null : document;
    this.#activity = new Activity(this.#link, this.#timers, page);
    this.#link.changed.add((state) => {
      if (state === 'ended') this.#stop();
    });
    this.#link.open();
  }

  /** How the link stands. */
  get state(): LinkState {
    return this.#link.state;
  }

  /** Why the client does not come back; null while it does. */
  get endReason(): EndReason | null {
    return this.#link.endReason;
  }

  /** Whom the server takes this client for; null before it said so. */
  get userId(): string | null {
    return this.#link.userId;
  }

  /** What was told of everyone, by `userId`, oneself only where other devices changed. */
  get people(): ReadonlyMap<string, Status> {
    return this.#people.all;
  }

  /** One's own state, with what was chosen; null before it is known. */
  get me(): OwnStatus | null {
    return this.#own.status;
  }

  /** The server's time, in ms since the epoch. */
  now(): number {
    return this.#clock.now();
  }

  /** Calls at every event of this kind. */
  on<Name extends keyof ClientEventMap>(event: Name, call: Listener<ClientEventMap[Name]>): Off {
    switch (event) {
      case 'state':
        return this.#link.changed.add(call as Listener<LinkState>);
      case 'status':
        return this.#hear('user:status', call as Listener<Status>);
      default:
        return this.#hear('presence:snapshot', call as Listener<Snapshot>);
    }
  }

  /** What somebody looks like now; the same object as long as nothing is drawn differently. */
  shown(userId: string): Shown {
    return this.#faces.of(bareId(userId));
  }

  /** Calls at once, and when this person is to be drawn differently, also because time passed. */
  subscribe(userId: string, call: Listener<Shown>): Off {
    const off = this.onShown(userId, call);
    call(this.shown(userId));
    return off;
  }

  /** As `subscribe`, without the first call. */
  onShown(userId: string, call: Listener<Shown>): Off {
    return this.#faces.listen(bareId(userId), call);
  }

  /** Calls at once and at every change with everybody known. */
  subscribeAll(call: Listener<readonly Shown[]>): Off {
    const off = this.#faces.listenToAll(call);
    call(this.#faces.all());
    return off;
  }

  /** Asks to be told of people beside the contacts; count every call with one of `unwatch`. */
  watch(ids: Iterable<string>): void {
    this.#watchList.watch(ids);
  }

  unwatch(ids: Iterable<string>): void {
    this.#watchList.unwatch(ids);
  }

  /** Whom the server does not watch for this client, and why, by typed id. */
  get refusedToWatch(): ReadonlyMap<string, string> {
    return this.#watchList.refused;
  }

  /** Opens a conversation, or shares the one that is open; close it when it is not looked at any more. */
  conversation(id: string, options?: ConversationOptions): Conversation {
    return this.#rooms.open(id, options);
  }

  /** What is known of an open conversation. */
  conversationState(id: string): ConversationState | undefined {
    return this.#rooms.state(id);
  }

  /** Chooses one's own status. Rejects with a `VigieError` when the server refuses it, or cannot be asked. */
  setStatus(choice: StatusChoice): Promise<OwnStatus> {
    return this.#own.set(choice);
  }

  /** Calls when one's own state changes. */
  onMe(call: Listener<OwnStatus | null>): Off {
    return this.#own.onChange(call);
  }

  /** The human did something that the page's events do not show. */
  active(): void {
    this.#activity.report();
  }

  /** An app comes to the foreground, or leaves it, which makes this device idle at once. */
  foreground(isForeground: boolean): void {
    this.#link.send('presence:app-state', { foreground: isForeground });
  }

  /** Says goodbye: others see it at once. */
  close(): void {
    this.#link.end('closed');
  }

  #hear(event: 'user:status' | 'presence:snapshot', call: (payload: never) => void): Off {
    const socket = this.#link.socket as { on(e: string, c: unknown): void; off(e: string, c: unknown): void };
    socket.on(event, call);
    return () => socket.off(event, call);
  }

  #hearPeople(): void {
    const { socket } = this.#link;
    socket.on('presence:snapshot', (snapshot) => {
      this.#people.take(snapshot, this.userId);
      for (const status of snapshot.users) this.#noteOwn(status);
    });
    socket.on('user:status', (status) => {
      this.#people.hear(status);
      this.#noteOwn(status);
    });
    socket.on('presence:watching', ({ gone = [] }) => this.#people.forget(gone.map(bareId)));
    this.#link.changed.add((state) => {
      if (state === 'online') this.#silentSince = null;
      else this.#silentSince ??= this.#clock.now();
      this.#faces.refresh();
    });
  }

  #noteOwn(status: OwnStatus): void {
    if (status.userId === this.userId) this.#own.hear(status);
  }

  #keepClock(): void {
    this.#link.welcomed.add(() => this.#askForTime());
    this.#link.socket.on('heartbeat:ack', ({ serverTime }) => {
      if (this.#askedAt === null) return;
      const before = this.#clock.difference;
      this.#clock.sample(this.#askedAt, serverTime);
      this.#askedAt = null;
      if (this.#clock.difference !== before) this.#faces.refresh();
    });
  }

  #askForTime(): void {
    this.#timers.clear(this.#clockTimer);
    this.#clockTimer = this.#timers.set(() => this.#askForTime(), CLOCK_EVERY);
    const now = this.#timers.now();
    this.#askedAt = this.#link.send('heartbeat', { clientTime: now }) ? now : null;
  }

  #stop(): void {
    this.#timers.clear(this.#clockTimer);
    this.#activity.end();
    this.#watchList.end();
    this.#rooms.end();
    // Who was not closed but shut out still draws people, who are to fade.
    if (this.endReason === 'closed') this.#faces.end();
  }
}

/** Where the REST routes are: beside Socket.IO. */
function restAddress(url: string, path: string): URL {
  const page = typeof location === 'undefined' ? undefined : location.href;
  return new URL(path.replace(/socket\.io\/?$/, ''), new URL(url, page));
}
