// Who types in one conversation, as far as it is still true.
// In: typing:start and typing:stop of others. Out: the list, and a call when it changes.
// Always true: nobody types longer than HIDDEN_AFTER after their last start, for a stop may be lost.

import type { TimerId, Timers } from './time.js';

/** A typist is hidden this long after the last start, in ms; clients that type on send one every few seconds. */
export const HIDDEN_AFTER = 15_000;

export interface Typist {
  readonly userId: string;
  readonly username: string;
}

export class Typists {
  readonly #timers: Timers;
  readonly #changed: () => void;
  readonly #typing = new Map<string, { readonly typist: Typist; readonly until: number }>();
  #timer: TimerId = null;

  constructor(timers: Timers, changed: () => void) {
    this.#timers = timers;
    this.#changed = changed;
  }

  get list(): readonly Typist[] {
    return [...this.#typing.values()].map(({ typist }) => typist);
  }

  start({ userId, username }: Typist): void {
    const isNew = !this.#typing.has(userId);
    this.#typing.set(userId, { typist: { userId, username }, until: this.#timers.now() + HIDDEN_AFTER });
    this.#arm();
    if (isNew) this.#changed();
  }

  stop(userId: string): void {
    if (!this.#typing.delete(userId)) return;
    this.#arm();
    this.#changed();
  }

  clear(): void {
    const had = this.#typing.size > 0;
    this.#typing.clear();
    this.#arm();
    if (had) this.#changed();
  }

  #arm(): void {
    this.#timers.clear(this.#timer);
    this.#timer = null;
    const ends = [...this.#typing.values()].map(({ until }) => until);
    if (ends.length === 0) return;
    this.#timer = this.#timers.set(() => this.#hide(), Math.max(0, Math.min(...ends) - this.#timers.now()));
  }

  #hide(): void {
    const now = this.#timers.now();
    let hid = false;
    for (const [userId, { until }] of this.#typing) if (until <= now) hid = this.#typing.delete(userId) || hid;
    this.#arm();
    if (hid) this.#changed();
  }
}
