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
  set: (run, after) => setTimeout(run, after),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};
