// Whom this client watches beside its contacts, told to the server by difference.
// In: wishes of any number of users of the client, counted. Out: `presence:watch` and `presence:unwatch`.
// Always true: the server is asked once per person however many watch, and again only where its list is not ours.

import type { Link } from './link.js';
import type { TimerId, Timers } from './time.js';
import { bareId, typedId, type Authenticated, type ServerEvents, type Snapshot } from './wire.js';

/** Ids of one message: the longest ids still fit into the server's smallest `message_limit` in use, 64 KiB. */
const IDS_PER_MESSAGE = 400;

/** After a refusal that passes whoever was refused is asked for again, in ms; the server counts by the minute. */
export const AGAIN_AFTER = 20_000;

type Watching = Parameters<ServerEvents['presence:watching']>[0];

export class WatchList {
  readonly #link: Link;
  readonly #timers: Timers;
  /** How many want to know of whom, by typed id. */
  readonly #wishes = new Map<string, number>();
  /** Whom the server watches for this session. */
  #told = new Set<string>();
  /** Whom the server refused, and why. */
  readonly #refused = new Map<string, string>();
  #isPlanned = false;
  #retry: TimerId = null;

  constructor(link: Link, timers: Timers) {
    this.#link = link;
    this.#timers = timers;
    link.welcomed.add(({ authenticated, snapshot }) => this.#compare(authenticated, snapshot));
    link.socket.on('presence:snapshot', (snapshot) => {
      // The first one of a connection comes with its welcome.
      if (link.state === 'online') this.#missing(snapshot);
    });
    link.socket.on('presence:watching', ({ refused }) => this.#hearRefusals(refused));
  }

  watch(ids: Iterable<string>): void {
    for (const id of new Set([...ids].map(typedId))) {
      this.#wishes.set(id, (this.#wishes.get(id) ?? 0) + 1);
    }
    this.#plan();
  }

  unwatch(ids: Iterable<string>): void {
    for (const id of new Set([...ids].map(typedId))) {
      const left = (this.#wishes.get(id) ?? 0) - 1;
      if (left > 0) this.#wishes.set(id, left);
      else this.#wishes.delete(id);
    }
    this.#plan();
  }

  /** Whether somebody of this client watches this person. */
  has(userId: string): boolean {
    return this.#wishes.has(typedId(userId));
  }

  /** Whom the server does not watch for us, and why. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  end(): void {
    this.#timers.clear(this.#retry);
  }

  /** What is wished and taken back at once, as renderers do, is never sent. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#tell();
    });
  }

  #tell(): void {
    if (this.#link.state !== 'online') return;
    const dropped = [...this.#told].filter((id) => !this.#wishes.has(id));
    // There may be room again for whom there was none.
    if (dropped.length > 0) this.#refused.clear();
    for (const id of this.#refused.keys()) if (!this.#wishes.has(id)) this.#refused.delete(id);
    const added = [...this.#wishes.keys()].filter((id) => !this.#told.has(id) && !this.#refused.has(id));
    for (const ids of parts(dropped)) this.#link.send('presence:unwatch', { ids });
    for (const ids of parts(added)) this.#link.send('presence:watch', { ids });
    for (const id of dropped) this.#told.delete(id);
    for (const id of added) this.#told.add(id);
  }

  /** A connection begins: a session that was taken up again has its list still. */
  #compare({ watching }: Authenticated, snapshot: Snapshot): void {
    if (watching === undefined || watching !== this.#told.size) {
      // Whoever is wished no longer is taken back all the same: the answer says whom to forget.
      this.#told = new Set([...this.#told].filter((id) => !this.#wishes.has(id)));
      this.#refused.clear();
    }
    this.#missing(snapshot);
    this.#tell();
  }

  /** A whole snapshot takes the place of everything held: watched people who are not in it are asked for anew. */
  #missing(snapshot: Snapshot): void {
    if (snapshot.partial || this.#told.size === 0) return;
    const held = new Set(snapshot.users.map(({ userId }) => userId));
    for (const id of this.#told) if (!held.has(bareId(id))) this.#told.delete(id);
    this.#plan();
  }

  #hearRefusals(refused: Watching['refused']): void {
    for (const { id, code } of refused) {
      this.#told.delete(id);
      if (this.#wishes.has(id)) this.#refused.set(id, code);
      if (code === 'rate_limited') this.#askAgain();
    }
  }

  #askAgain(): void {
    this.#timers.clear(this.#retry);
    this.#retry = this.#timers.set(() => {
      for (const [id, code] of this.#refused) if (code === 'rate_limited') this.#refused.delete(id);
      this.#tell();
    }, AGAIN_AFTER);
  }
}

function parts(ids: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let start = 0; start < ids.length; start += IDS_PER_MESSAGE) parts.push(ids.slice(start, start + IDS_PER_MESSAGE));
  return parts;
}
