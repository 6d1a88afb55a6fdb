/**
 * Throttles the writes of `lastActiveAt`: at most one per person and interval.
 *
 * The way chat gateways write it: one Map from the user's id to the time of the latest write.
 */
export class StatusService {
  #latestWrites = new Map();
  #throttleMs;
  #maxAgeMs;
  #write;

  metrics = { totalRequests: 0, throttledRequests: 0, successfulUpdates: 0 };

  /** `write(userId, now)` is called for every activity that the throttle lets through. */
  constructor({ throttleMs = 60_000, maxAgeMs = 600_000, write }) {
    this.#throttleMs = throttleMs;
    this.#maxAgeMs = maxAgeMs;
    this.#write = write;
  }

  recordActivity(userId, now = Date.now()) {
    this.metrics.totalRequests += 1;
    const latest = this.#latestWrites.get(userId);
    if (latest !== undefined && now - latest < this.#throttleMs) {
      this.metrics.throttledRequests += 1;
      return false;
    }
    this.#latestWrites.set(userId, now);
    this.#write(userId, now);
    this.metrics.successfulUpdates += 1;
    return true;
  }

  /** Forgets people who were silent for long. */
  cleanUp(now = Date.now()) {
    for (const [userId, latest] of this.#latestWrites) {
      if (now - latest > this.#maxAgeMs) this.#latestWrites.delete(userId);
    }
  }

  get cacheSize() {
    return this.#latestWrites.size;
  }
}
