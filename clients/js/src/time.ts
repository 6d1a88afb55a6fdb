// The clock and the timer of this machine, as an argument: tests bring their own.

export type TimerId = unknown;

export interface Timers {
  /** Milliseconds since the epoch, as this machine believes. */
  now(): number;
  set(run: () => void, after: number): TimerId;
  clear(timer: TimerId): void;
}

export const realTimers: Timers = {
  now: () => Date.now(),
  set: (run, after) => {
    const timer = setTimeout(run, after);
    // In Node a client that waits for nothing but the passing of time does not keep the process alive.
    if (typeof timer === 'object') (timer as { unref?: () => void }).unref?.();
    return timer;
  },
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};
