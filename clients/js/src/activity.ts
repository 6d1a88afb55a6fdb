// Tells the server that the human does something, so that nobody who works is shown away.
// In: keys and pointers of a page. Out: `presence:activity`, rarely.

import type { Link } from './link.js';
import type { Timers } from './time.js';

/** Between two reports of activity, in ms: far below the 5 minutes after which a session is idle. */
export const REPORT_EVERY = 30_000;

const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

export class Activity {
  readonly #link: Link;
  readonly #timers: Timers;
  readonly #page: EventTarget | null;
  #reportedAt = -Infinity;
  readonly #note = () => this.report();

  constructor(link: Link, timers: Timers, page: EventTarget | null) {
    this.#link = link;
    this.#timers = timers;
    this.#page = page;
    for (const sign of SIGNS) page?.addEventListener(sign, this.#note, { passive: true, capture: true });
  }

  /** The human did something. */
  report(): void {
    const now = this.#timers.now();
    const since = now - this.#reportedAt;
    // A clock that was set back must not silence anybody.
    if (since >= 0 && since < REPORT_EVERY) return;
    if (this.#link.send('presence:activity', {})) this.#reportedAt = now;
  }

  end(): void {
    for (const sign of SIGNS) this.#page?.removeEventListener(sign, this.#note, { capture: true });
  }
}
