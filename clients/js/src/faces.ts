// What everybody looks like now, kept up to date by what is told and by the time that passes, with one timer for all.
// In: the people, the server's clock, the silence of the link. Out: one unchanging object per person and look, as renderers want it.
// Always true: without a listener no timer runs, and a listener is told only of what is drawn differently.

import { Listeners, type Listener, type Off } from './listeners.js';
import type { People } from './people.js';
import type { ServerClock } from './server-clock.js';
import { looksTheSame, show, type Shown } from './shown.js';
import type { TimerId, Timers } from './time.js';

/** Looks that are due within this of each other change together, in ms. */
const AT_ONCE = 1_000;

/** Longest wait of the timer, in ms: browsers cut longer ones short, and a clock may have been set meanwhile. */
const LONGEST = 10 * 60_000;

interface Face {
  readonly shown: Shown;
  readonly changesAt: number;
}

export interface FacesParts {
  readonly people: People;
  readonly clock: ServerClock;
  readonly timers: Timers;
  /** Since when the link is silent, by the server's clock; null while it is not. */
  readonly silentSince: () => number | null;
  readonly locale?: string | undefined;
}

export class Faces {
  readonly #parts: FacesParts;
  readonly #faces = new Map<string, Face>();
  readonly #listeners = new Map<string, Listeners<Shown>>();
  readonly #forAll = new Listeners<readonly Shown[]>();
  #timer: TimerId = null;
  #ended = false;

  constructor(parts: FacesParts) {
    this.#parts = parts;
    parts.people.onChange((changed) => this.#lookAgain(changed));
  }

  /** What somebody looks like; the same object as before as long as nothing is drawn differently. */
  of(userId: string): Shown {
    return this.#look(userId).shown;
  }

  /** Everybody known. */
  all(): Shown[] {
    return [...this.#parts.people.all.keys()].map((userId) => this.of(userId));
  }

  /** Calls when this person is to be drawn differently. */
  listen(userId: string, call: Listener<Shown>): Off {
    let listeners = this.#listeners.get(userId);
    if (!listeners) {
      listeners = new Listeners();
      this.#listeners.set(userId, listeners);
    }
    const off = listeners.add(call);
    this.#arm();
    return () => {
      off();
      if (listeners.size === 0 && this.#listeners.get(userId) === listeners) this.#listeners.delete(userId);
    };
  }

  /** Calls with everybody when anybody is to be drawn differently. */
  listenToAll(call: Listener<readonly Shown[]>): Off {
    const off = this.#forAll.add(call);
    this.#arm();
    return off;
  }

  /** The link came, went, or told its clock: everybody may look different. */
  refresh(): void {
    this.#lookAgain(new Set([...this.#faces.keys(), ...this.#subjects()]));
  }

  end(): void {
    this.#ended = true;
    this.#disarm();
  }

  #look(userId: string, again = false): Face {
    const { people, clock, silentSince, locale } = this.#parts;
    const before = this.#faces.get(userId);
    const now = clock.now();
    // Whoever is drawn somewhere changes when all who draw are told, not when one of them looks.
    if (before && !again && (now < before.changesAt || this.#isDrawn(userId))) return before;
    const next = show(userId, people.all.get(userId), { now, silentSince: silentSince(), locale });
    const shown = before && looksTheSame(before.shown, next.shown) ? before.shown : next.shown;
    const face = { shown, changesAt: next.changesAt };
    this.#faces.set(userId, face);
    return face;
  }

  #lookAgain(ids: Iterable<string>): void {
    const different: Shown[] = [];
    for (const userId of ids) {
      const before = this.#faces.get(userId)?.shown;
      const { shown } = this.#look(userId, true);
      if (shown !== before) different.push(shown);
      // Whoever is known no longer and drawn nowhere leaves nothing behind.
      if (!this.#parts.people.all.has(userId) && !this.#listeners.has(userId)) this.#faces.delete(userId);
    }
    for (const shown of different) this.#listeners.get(shown.userId)?.tell(shown);
    if (different.length > 0 && this.#forAll.size > 0) this.#forAll.tell(this.all());
    this.#arm();
  }

  /** Those whom somebody draws. */
  #subjects(): Iterable<string> {
    if (this.#forAll.size === 0) return this.#listeners.keys();
    return new Set([...this.#listeners.keys(), ...this.#parts.people.all.keys()]);
  }

  #isDrawn(userId: string): boolean {
    return this.#listeners.has(userId) || (this.#forAll.size > 0 && this.#parts.people.all.has(userId));
  }

  #arm(): void {
    this.#disarm();
    if (this.#ended) return;
    let next = Infinity;
    for (const userId of this.#subjects()) next = Math.min(next, this.#look(userId).changesAt);
    if (next === Infinity) return;
    const wait = Math.min(Math.max(next - this.#parts.clock.now(), AT_ONCE), LONGEST);
    this.#timer = this.#parts.timers.set(() => this.#fire(), wait);
  }

  #disarm(): void {
    if (this.#timer !== null) this.#parts.timers.clear(this.#timer);
    this.#timer = null;
  }

  #fire(): void {
    this.#timer = null;
    const now = this.#parts.clock.now();
    const due = [...this.#subjects()].filter((userId) => (this.#faces.get(userId)?.changesAt ?? 0) <= now);
    this.#lookAgain(due);
  }
}
