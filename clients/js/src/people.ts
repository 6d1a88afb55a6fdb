// Everyone of whom the server told something, in the newest state, by `userId`.
// In: snapshots and `user:status`. Out: the map, and the ids of those who changed.
// Always true: of one person a state is never replaced by one with a lower `seq`, but by a whole snapshot, which replaces everybody.

import { Listeners, type Listener, type Off } from './listeners.js';
import type { Snapshot, Status } from './wire.js';

export class People {
  readonly #held = new Map<string, Status>();
  readonly #changed = new Listeners<readonly string[]>();

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

  #hold(status: Status): boolean {
    const before = this.#held.get(status.userId);
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
