import { StatusService } from "./status-service.js";

const OFFLINE_AFTER_MS = 300_000;
const SWEEP_EVERY_MS = 15_000;
const CLEAN_UP_EVERY_MS = 300_000;

/**
 * Who is online: counts sockets, notes activity, and announces every change.
 *
 * `announce(user, socket)` tells a change to everybody concerned, but not to the socket that caused it, if one did.
 */
export class Presence {
  #directory;
  #announce;
  #timers;

  constructor({ directory, announce }) {
    this.#directory = directory;
    this.#announce = announce;
    this.status = new StatusService({
      // Where a gateway updates its database, this one updates its Map.
      write: (userId, now) => {
        directory.user(userId).lastActiveAt = now;
      },
    });
    this.#timers = [
      setInterval(() => this.#sweep(), SWEEP_EVERY_MS),
      setInterval(() => this.status.cleanUp(), CLEAN_UP_EVERY_MS),
    ];
  }

  /** An authenticated request. */
  requested(user) {
    this.status.recordActivity(user.id);
    user.provedAt = Date.now();
    if (!user.isOnline) this.set(user, true);
  }

  connected(user, socket) {
    user.sockets += 1;
    user.lastActiveAt = Date.now();
    if (!user.isOnline) this.set(user, true, socket);
  }

  disconnected(user) {
    user.sockets -= 1;
    if (user.sockets === 0 && user.isOnline) this.set(user, false);
  }

  set(user, isOnline, socket) {
    user.isOnline = isOnline;
    user.version += 1;
    if (isOnline) user.provedAt = Date.now();
    else user.lastSeenAt = Date.now();
    this.#announce(user, socket);
  }

  /** Requests do not say when they stop coming. */
  #sweep() {
    const oldest = Date.now() - OFFLINE_AFTER_MS;
    for (const user of this.#directory.users()) {
      if (user.isOnline && user.sockets === 0 && user.provedAt < oldest) this.set(user, false);
    }
  }

  close() {
    for (const timer of this.#timers) clearInterval(timer);
  }
}

/** What others are told of a user; the same fields as Vigie's. */
export function statusOf(user) {
  const lastActiveAt = iso(user.lastActiveAt);
  return {
    userId: user.id,
    username: user.username,
    isOnline: user.isOnline,
    lastActiveAt,
    status: user.isOnline ? "online" : "offline",
    lastActivityAt: lastActiveAt,
    lastSeenAt: iso(user.lastSeenAt),
    seq: user.version,
  };
}

export function iso(time) {
  return time === null ? null : new Date(time).toISOString();
}
