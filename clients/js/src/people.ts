// Everyone of whom the server told something, in the newest state, by `userId`.
// In: snapshots and `user:status`. Out: the map, and the ids of those who changed.
// Always true: of one person a state is never replaced by one with a lower `seq`, but by a whole snapshot, which replaces everybody;
// whoever became unknown to this client is held only while it watches them.

import { Listeners, type Listener, type Off } from './listeners.js';
import type { Snapshot, Status } from './wire.js';

export class People {
  readonly #held = new Map<string, Status>();
  readonly #changed = new Listeners<readonly string[]>();
  readonly #isWatched: (userId: string) => boolean;

  constructor(isWatched: (userId: string) => boolean = () => false) {
    this.#isWatched = isWatched;
  }

  get all(): ReadonlyMap<string, Status> {
    return this.#held;
  }

  /** Calls with the ids of those who changed, who came, and who is known no longer. */
  onChange(call: Listener<readonly string[]>): Off {
    return this.#changed.add(call);
  }

  /** Takes a snapshot; `except` is oneself, of whom a whole one says nothing. */
  take(snapshot: Snapshot, except: string | null): void {
    const changed = new Set<string>();
    if (!snapshot.partial) {
      const told = new Set(snapshot.users.map(({ userId }) => userId));
      for (const userId of this.#held.keys()) {
        if (userId === except) continue;
        // Those who stay are taken anew, whatever their `seq`.
        if (!told.has(userId)) changed.add(userId);
        this.#held.delete(userId);
      }
    }
    for (const status of snapshot.users) if (this.#hold(status)) changed.add(status.userId);
    this.#tell(changed);
  }

  /** Takes one change. */
  hear(status: Status): void {
    if (this.#hold(status)) this.#tell([status.userId]);
  }

  /** Nothing is told of these any more. */
  forget(ids: Iterable<string>): void {
    this.#tell([...ids].filter((userId) => this.#held.delete(userId)));
  }

  #hold(status: Status): boolean {
    const before = this.#held.get(status.userId);
    if (isUnknown(status) && !this.#isWatched(status.userId)) return this.#held.delete(status.userId);
    const isOlder = before?.seq !== undefined && status.seq !== undefined && status.seq < before.seq;
    if (isOlder) return false;
    this.#held.set(status.userId, status);
    return true;
  }

  #tell(changed: Iterable<string>): void {
    const ids = [...changed];
    if (ids.length > 0) this.#changed.tell(ids);
  }
}

/** Whether somebody looks like somebody who does not exist: so does a contact who is none any more. */
function isUnknown({ userId, username, seq, lastActiveAt, lastSeenAt, lastSeenBucket, status }: Status): boolean {
  const isBlank = seq === undefined && lastActiveAt === null && lastSeenAt === null && lastSeenBucket === undefined;
  return isBlank && status === 'offline' && username === userId;
}
