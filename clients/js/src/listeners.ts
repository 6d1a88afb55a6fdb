// Functions that want to know of something.
// Always true: one that throws keeps nobody else from being told; its error surfaces as an uncaught one.

export type Listener<T> = (value: T) => void;
export type Off = () => void;

export class Listeners<T> {
  readonly #all = new Set<{ readonly call: Listener<T> }>();

  /** Adds a function, also one that is there already; the answer takes it away again. */
  add(call: Listener<T>): Off {
    const entry = { call };
    this.#all.add(entry);
    return () => void this.#all.delete(entry);
  }

  get size(): number {
    return this.#all.size;
  }

  tell(value: T): void {
    for (const { call } of [...this.#all]) {
      try {
        call(value);
      } catch (error) {
        surface(error);
      }
    }
  }
}

function surface(error: unknown): void {
  if (typeof globalThis.reportError === 'function') return globalThis.reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}
