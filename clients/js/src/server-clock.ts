// The server's time as this machine can tell it: all times on the wire are the server's, and clocks of phones are wrong.
// In: the server's time with each heartbeat:ack, and when it was asked. Out: `now()`, in ms since the epoch.

import type { Timers } from './time.js';

/** A sample is replaced by any other after this, in ms; before, only by one that came faster and is therefore more exact. */
const GOOD_FOR = 10 * 60_000;

export class ServerClock {
  readonly #timers: Timers;
  #difference = 0;
  #best: { readonly journey: number; readonly at: number } | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  now(): number {
    return this.#timers.now() + this.#difference;
  }

  /** The server's clock less this machine's, in ms; 0 until it is known. */
  get difference(): number {
    return this.#difference;
  }

  /** Takes an answer to a heartbeat that was sent at `askedAt` of this machine's clock. */
  sample(askedAt: number, serverTime: string): void {
    const answeredAt = this.#timers.now();
    const at = Date.parse(serverTime);
    const journey = answeredAt - askedAt;
    // A journey backwards: this clock was set meanwhile.
    if (Number.isNaN(at) || journey < 0) return;
    const best = this.#best;
    const age = best ? answeredAt - best.at : Infinity;
    if (best && journey > best.journey && age >= 0 && age < GOOD_FOR) return;
    this.#best = { journey, at: answeredAt };
    this.#difference = Math.round(at - (askedAt + journey / 2));
  }
}
