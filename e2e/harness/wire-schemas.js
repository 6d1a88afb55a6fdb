// What each event of the server and each answer of REST looks like: the tables of the wire contract, as shapes.

import { bool, count, either, exactly, filled, id, instant, list, nullable, number, object, optional, text, time } from './shapes.js';

const STATUSES = exactly('online', 'away', 'busy', 'offline');

const presence = { userId: id, username: text, isOnline: bool, lastActiveAt: time };

const BUCKETS = exactly('recently', 'within_week', 'within_month', 'long_ago');

const choice = object({ status: nullable(exactly('away', 'busy', 'invisible')), text: nullable(text), until: time });

const extras = (wrap) => ({
  status: wrap(STATUSES),
  lastActivityAt: wrap(time),
  lastSeenAt: wrap(time),
  seq: wrap(count),
  statusText: optional(text),
  statusUntil: optional(instant),
  lastSeenBucket: optional(BUCKETS),
  chosen: optional(choice),
});

const welcome = object({
  success: exactly(true),
  user: object({ id, language: nullable(text), isAnonymous: bool }),
  version: filled,
  session: filled,
});

const refusal = object({ success: exactly(false), error: filled });

/** What a person is told of itself. */
const ownStatus = object({ ...presence, ...extras((inner) => inner) });

const MODES = exactly('full', 'batched', 'window', 'count');

/** A member who is shown as present. */
const entry = object({ userId: id, username: text, status: exactly('online', 'away', 'busy'), here: bool });

const counts = object({ members: count, online: count, here: count });

/** Server → client events by name; each carries exactly one payload. */
export const EVENTS = {
  authenticated: (value, at) => (value?.success === false ? refusal : welcome)(value, at),
  error: object({ message: filled, code: exactly('AUTH_REQUIRED', 'AUTH_FAILED', 'RATE_LIMITED', 'INVALID_PAYLOAD') }),
  'auth:token-expired': object({ code: exactly('token_expired'), message: filled }),
  'auth:session-revoked': object({ code: exactly('session_revoked'), message: filled, reason: filled }),
  // Whoever becomes unknown loses the version, too.
  'user:status': object({ ...presence, ...extras((inner) => inner), seq: optional(count) }),
  'presence:snapshot': object({
    users: list(object({ ...presence, ...extras(optional) })),
    cursor: optional(filled),
    total: optional(count),
    truncated: optional(bool),
    partial: optional(bool),
  }),
  'presence:status-set': ownStatus,
  'presence:error': object({ event: filled, code: exactly('INVALID_PAYLOAD', 'RATE_LIMITED', 'NOT_DURABLE_YET'), message: filled }),
  'presence:cursor': object({ cursor: filled }),
  'conversation:joined': object({ conversationId: id, userId: id }),
  'conversation:left': object({ conversationId: id, userId: id, reason: optional(exactly('no_longer_member')) }),
  'conversation:presence': object({ conversationId: id, mode: MODES, members: list(entry), counts, truncated: bool }),
  'conversation:presence_diff': object({ conversationId: id, mode: MODES, joins: list(entry), updates: list(entry), leaves: list(id), counts }),
  'presence:watching': object({ total: count, refused: list(object({ id: text, code: exactly('invalid_id', 'too_many', 'rate_limited') })), gone: optional(list(text)) }),
  'conversation:join-error': object({
    conversationId: nullable(text),
    reason: exactly('invalid_payload', 'not_authenticated', 'rate_limited', 'not_a_member', 'no_longer_member', 'server_error'),
    message: filled,
  }),
  'conversation:online_stats': object({
    conversationId: id,
    onlineUsers: list(object({ id, username: text })),
    onlineCount: count,
    updatedAt: instant,
  }),
  'heartbeat:ack': object({ serverTime: instant, latencyHintMs: optional(number) }),
  'typing:start': object({ conversationId: id, userId: id }),
  'typing:stop': object({ conversationId: id, userId: id }),
};

/** A snapshot that is not partial says where it ends. */
export const WHOLE_SNAPSHOT = object({ cursor: filled, total: count, truncated: bool });

const done = (data) => object({ success: exactly(true), data });
const said = object({ success: exactly(true), message: filled });

const stats = done(
  object({
    onlineUsers: count,
    totalUsers: count,
    anonymousSessions: count,
    onlineAnonymous: count,
    offlineThresholdMinutes: number,
    maintenanceActive: bool,
  }),
);

const statusMetrics = done(
  object({
    totalRequests: count,
    throttledRequests: count,
    successfulUpdates: count,
    failedUpdates: count,
    cacheSize: count,
    throttleRate: number,
  }),
);

const service = object({ status: exactly('up', 'down') });

const MAINTENANCE = String.raw`^(?:/api)?(?:/v1)?(?:/maintenance)?`;

/** Whether a path is one of the maintenance routes, under whichever mount. */
export const isMaintenance = (path) =>
  new RegExp(`${MAINTENANCE}/(?:stats|status-metrics(?:/reset)?|user-status|cleanup)$`).test(path);

/** Answers of REST with a status below 300, by path. */
export const ANSWERS = [
  [new RegExp(`${MAINTENANCE}/stats$`), stats],
  [new RegExp(`${MAINTENANCE}/status-metrics$`), statusMetrics],
  [new RegExp(`${MAINTENANCE}/(?:status-metrics/reset|user-status|cleanup)$`), said],
  [/^\/health$/, object({ status: exactly('healthy'), timestamp: instant, version: filled, uptime: number, services: object({ database: service, websocket: service }) })],
  [/^\/api\/conversations$/, done(list(object({ id, title: nullable(text), memberCount: count, onlineCount: count })))],
  [/^(?:\/api\/v1)?\/users\/presence$/, done(object({ users: list(object({ userId: text, isOnline: bool, lastActiveAt: time })) }))],
  [/^\/v1\/presence\/me$/, ownStatus],
  [/^\/v1\/guests$/, object({ id, sessionToken: filled, expiresAt: time })],
];

const maintenanceError = object({ success: exactly(false), error: filled, code: filled });

const credentialError = either(
  object({ error: exactly('Authentication required'), code: exactly('AUTH_REQUIRED') }),
  object({ error: exactly('Invalid JWT token', 'Invalid session token'), code: exactly('AUTH_FAILED') }),
  object({ error: exactly('Registered user required'), code: exactly('REGISTERED_USER_REQUIRED') }),
);

/** RFC 9457. */
const problem = object({ title: filled, status: count });

/** The shape of a JSON error body of Vigie's own routes. */
export function errorShape(path, status, type) {
  if (isMaintenance(path)) return maintenanceError;
  if (/problem\+json/.test(type)) return problem;
  if (status === 401 || status === 403) return credentialError;
  return problem;
}
