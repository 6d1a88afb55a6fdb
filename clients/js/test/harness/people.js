// States of people as the wire has them, for tests of what is made of them.

export const NOW = Date.parse('2026-02-03T12:00:00.000Z');
export const MINUTE = 60_000;

/** The instant so many ms before noon, as the wire writes it. */
export const before = (span) => new Date(NOW - span).toISOString();

/** Somebody who is online since a moment ago, but for what is said. */
export function status(userId, fields = {}) {
  const state = { status: 'online', ...fields };
  return {
    userId,
    username: userId,
    isOnline: state.status !== 'offline',
    lastActiveAt: before(0),
    lastActivityAt: before(0),
    lastSeenAt: null,
    seq: 1,
    ...state,
  };
}
