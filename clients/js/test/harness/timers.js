// A clock that a test moves by hand.

export class HandTimers {
  #now;
  #timers = new Map();
  #ids = 0;

  constructor(now = Date.parse('2026-02-03T12:00:00.000Z')) {
    this.#now = now;
  }

  now() {
    return this.#now;
  }

  set(run, after) {
    this.#ids += 1;
    this.#timers.set(this.#ids, { run, at: this.#now + after });
    return this.#ids;
  }

  clear(id) {
    this.#timers.delete(id);
  }

  get waiting() {
    return this.#timers.size;
  }

  /** Lets time pass, and what is due happen in its order. */
  pass(span) {
    const end = this.#now + span;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, { run, at }] = due;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, at);
      run();
    }
    this.#now = end;
  }
}
