// ONE judge of everything the server says: each payload any client receives in any test passes here, and so does each REST answer.
// A socket's history is judged too: order of authentication and snapshot, versions per person, who may see whom.
// Violations are collected with event and payload; a story that ends with one fails.

import { timesWithin } from './shapes.js';
import { ANSWERS, EVENTS, WHOLE_SNAPSHOT, errorShape } from './wire-schemas.js';

/** At most one `conversation:online_stats` per conversation and socket in this time by the server's clock, less its jitter, in ms. */
const STATS_PERIOD = 10_000;
const JITTER = 500;

/** Names in one `conversation:online_stats`. */
const STATS_NAMES = 50;

/** Events a socket may receive although it is not authenticated. */
const BEFORE_AUTHENTICATION = new Set([
  'authenticated', 'error', 'auth:token-expired', 'auth:session-revoked', 'conversation:join-error', 'heartbeat:ack',
]);

export class WireChecker {
  violations = [];
  judged = 0;
  #acquaintances = new Map();
  #doubts = [];

  /** These people share a conversation: each may see the others from now on. */
  mayMeet(ids) {
    for (const watcher of ids) {
      const known = this.#acquaintances.get(watcher) ?? new Set();
      for (const other of ids) known.add(other);
      this.#acquaintances.set(watcher, known);
    }
  }

  maySee(watcher, subject) {
    return watcher === subject || (this.#acquaintances.get(watcher)?.has(subject) ?? false);
  }

  /** Starts the record of one client; `owner` is the id it authenticates as, when the test knows it; one that `catchesUp` brings a cursor. */
  socket(label, owner, catchesUp = false) {
    return new SocketRecord(this, label, owner, catchesUp);
  }

  blame(label, event, fault, payload) {
    this.violations.push(`${label}: ${event}: ${fault}\n    ${JSON.stringify(payload)}`);
  }

  /** A socket may hear of a newcomer before the test that made the newcomer knows its id: such a doubt is settled at the end. */
  doubt(watcher, subject, blame) {
    this.#doubts.push(() => this.maySee(watcher, subject) || blame());
  }

  /** Judges one REST answer. */
  answered({ method, path, status, headers, body }) {
    this.judged += 1;
    const bare = path.split('?')[0];
    if (typeof body !== 'object' || bare.startsWith('/socket.io/')) return;
    const shape = status < 300 ? ANSWERS.find(([pattern]) => pattern.test(bare))?.[1] : errorShape(bare, status, headers['content-type'] ?? '');
    const faults = [...(shape?.(body, 'body') ?? []), ...timesWithin(body, 'body')];
    for (const fault of faults) this.blame('REST', `${method} ${path} → ${status}`, fault, body);
  }

  /** Everybody whom the tests made is known by now. */
  settleDoubts() {
    for (const settle of this.#doubts.splice(0)) settle();
  }

  assertClean() {
    this.settleDoubts();
    if (this.violations.length === 0) return;
    const shown = this.violations.slice(0, 20).join('\n  ');
    throw new Error(`${this.violations.length} violations on the wire:\n  ${shown}`);
  }
}

/** Whether somebody looks like somebody who does not exist. */
function isBlank(user) {
  const times = [user.lastActiveAt, user.lastActivityAt ?? null, user.lastSeenAt ?? null];
  const isNobody = !user.isOnline && (user.status ?? 'offline') === 'offline' && user.username === user.userId;
  return isNobody && user.seq === undefined && times.every((time) => time === null);
}

/** The history of one client, as far as the rules need it. */
class SocketRecord {
  constructor(checker, label, owner, catchesUp) {
    this.checker = checker;
    this.label = label;
    this.owner = owner;
    this.catchesUp = catchesUp;
    this.opened();
  }

  /** A new connection begins: what was true of the old one is void. */
  opened() {
    this.authenticated = false;
    this.refused = false;
    this.hasSnapshot = false;
    this.seqs = new Map();
    this.shown = new Map();
    this.joined = new Set();
    this.rooms = new Map();
    this.statsAt = new Map();
  }

  received(event, args) {
    this.checker.judged += 1;
    const [payload] = args;
    const blame = (fault) => this.checker.blame(this.label, event, fault, payload);
    const shape = EVENTS[event];
    if (!shape) return blame('is no event of the contract');
    if (args.length !== 1) return blame(`carries ${args.length} arguments instead of one`);
    const faults = [...shape(payload, 'payload'), ...timesWithin(payload, 'payload')];
    for (const fault of new Set(faults)) blame(fault);
    if (faults.length > 0) return;
    if (!this.authenticated && !BEFORE_AUTHENTICATION.has(event)) blame('came before the socket was authenticated');
    if (this.refused && event !== 'error') blame('came after the refusal');
    this.#rules[event]?.(payload, blame);
  }

  /** An acknowledgement has no shape of its own, but its times are times. */
  acknowledged(event, payload) {
    this.checker.judged += 1;
    for (const fault of timesWithin(payload, 'payload')) this.checker.blame(this.label, `acknowledgement of ${event}`, fault, payload);
  }

  #rules = {
    authenticated: (payload, blame) => {
      if (payload.success) {
        this.authenticated = true;
        if (this.owner && payload.user.id !== this.owner) blame(`is for someone else than ${this.owner}`);
        this.owner = payload.user.id;
        if (payload.user.isAnonymous !== payload.user.id.startsWith('g_')) blame('isAnonymous contradicts the id');
      } else {
        this.refused = true;
      }
    },

    'presence:snapshot': (payload, blame) => {
      const ids = payload.users.map((user) => user.userId);
      if (new Set(ids).size !== ids.length) blame('holds the same userId twice');
      // What was missed since a cursor takes the place of the first whole one, and may be about the person's own devices.
      const isCatchUp = payload.partial && this.catchesUp && !this.hasSnapshot;
      if (ids.includes(this.owner) && !isCatchUp) blame('holds the person itself');
      if (isCatchUp) {
        this.hasSnapshot = true;
      } else if (payload.partial) {
        if (!this.hasSnapshot) blame('is partial before the first whole one');
      } else {
        for (const fault of WHOLE_SNAPSHOT(payload, 'payload')) blame(fault);
        if (payload.total < ids.length) blame('says a total below what it holds');
        if (payload.truncated !== payload.total > ids.length) blame('truncated contradicts total');
        const firstOffline = payload.users.findIndex((user) => !user.isOnline);
        if (firstOffline >= 0 && payload.users.slice(firstOffline).some((user) => user.isOnline)) blame('is not ordered online first');
        this.hasSnapshot = true;
      }
      for (const user of payload.users) {
        this.#seen(user, blame);
        if (user.seq !== undefined) {
          if (user.seq < (this.seqs.get(user.userId) ?? 0)) blame(`goes back in versions of ${user.userId}`);
          this.seqs.set(user.userId, user.seq);
        }
        this.shown.set(user.userId, face(user));
      }
    },

    'user:status': (payload, blame) => {
      const { userId, seq } = payload;
      if (!this.hasSnapshot) blame('came before the snapshot');
      if (seq === undefined && isBlank(payload)) return this.#parted(payload, blame);
      this.#seen(payload, blame);
      if (seq === undefined) return this.#hidden(payload, blame);
      const known = this.seqs.get(userId);
      if (known !== undefined && seq <= known) blame(`has a version that is not above ${known}`);
      if (known !== undefined && seq === known + 1 && this.shown.get(userId) === face(payload)) blame('tells what the socket already shows');
      this.seqs.set(userId, seq);
      this.shown.set(userId, face(payload));
    },

    'conversation:joined': (payload, blame) => {
      if (payload.userId !== this.owner) blame('answers for someone else');
      this.joined.add(payload.conversationId);
    },

    'conversation:left': (payload, blame) => {
      if (payload.userId !== this.owner) blame('answers for someone else');
      this.joined.delete(payload.conversationId);
    },

    'conversation:presence': (payload, blame) => {
      const { conversationId, members, counts, truncated } = payload;
      const held = new Set(members.map(({ userId }) => userId));
      if (held.size !== members.length) blame('holds the same userId twice');
      if (truncated !== counts.online > held.size) blame('truncated contradicts the counts');
      this.rooms.set(conversationId, held);
      this.#inRoom(payload, members, blame);
    },

    'conversation:presence_diff': (payload, blame) => {
      const { conversationId, joins, updates, leaves } = payload;
      const held = this.rooms.get(conversationId);
      if (!held) return blame('came before the whole one');
      for (const { userId } of joins) if (held.has(userId)) blame(`lets ${userId} join twice`);
      for (const { userId } of updates) if (!held.has(userId)) blame(`updates ${userId}, who is not held`);
      for (const userId of leaves) if (!held.delete(userId)) blame(`lets ${userId} leave, who is not held`);
      for (const { userId } of joins) held.add(userId);
      this.#inRoom(payload, [...joins, ...updates], blame);
    },

    'conversation:online_stats': (payload, blame) => {
      const { conversationId, onlineUsers, onlineCount } = payload;
      const updatedAt = Date.parse(payload.updatedAt);
      const ids = onlineUsers.map((user) => user.id);
      if (!this.joined.has(conversationId)) blame('is about a conversation that this socket did not join');
      if (new Set(ids).size !== ids.length) blame('holds the same id twice');
      if (ids.length > STATS_NAMES) blame(`holds more than ${STATS_NAMES} names`);
      if (onlineCount < ids.length) blame('counts fewer than it names');
      for (const user of onlineUsers) if (!this.checker.maySee(this.owner, user.id)) blame(`shows ${user.id} to a stranger`);
      if (updatedAt - (this.statsAt.get(conversationId) ?? -Infinity) < STATS_PERIOD - JITTER) blame('comes too soon after the last');
      this.statsAt.set(conversationId, updatedAt);
    },

    'typing:start': (payload, blame) => this.#typing(payload, blame),
    'typing:stop': (payload, blame) => this.#typing(payload, blame),
  };

  #inRoom({ conversationId, mode, counts }, entries, blame) {
    if (!this.joined.has(conversationId)) blame('is about a conversation that this socket did not join');
    if (counts.here > counts.online || counts.online > counts.members) blame('counts more than there are');
    const held = this.rooms.get(conversationId);
    if ((mode === 'full' || mode === 'batched') && counts.online !== held.size) blame('counts others than it lists');
    for (const { userId } of entries) if (!this.checker.maySee(this.owner, userId)) blame(`shows ${userId} to a stranger`);
  }

  #typing({ conversationId, userId }, blame) {
    if (!this.joined.has(conversationId)) blame('is about a conversation that this socket did not join');
    if (!this.checker.maySee(this.owner, userId)) blame('tells a stranger');
  }

  /** Somebody whose exact times this socket may not see, or not even the availability: there is no version that would betray them. */
  #hidden(user, blame) {
    const times = [user.lastActiveAt, user.lastActivityAt, user.lastSeenAt];
    const isBetrayed = times.some((time) => time !== null) || (user.isOnline && user.lastSeenBucket === undefined);
    if (isBetrayed) blame('has no version and yet tells something');
    this.seqs.delete(user.userId);
    this.shown.set(user.userId, face(user));
  }

  /** Somebody whom this socket could see became unknown to it: nothing but that is told. */
  #parted(user, blame) {
    if (!this.shown.has(user.userId)) blame('makes somebody unknown whom the socket never held');
    this.shown.delete(user.userId);
    this.seqs.delete(user.userId);
  }

  #seen(user, blame) {
    // Whoever is watched and may not be seen looks like somebody who does not exist.
    if (!isBlank(user) && !this.checker.maySee(this.owner, user.userId)) {
      this.checker.doubt(this.owner, user.userId, () => blame(`shows ${user.userId} to a stranger, ${this.owner}`));
    }
    if (user.status !== undefined && user.isOnline !== (user.status !== 'offline')) blame('isOnline contradicts status');
  }
}

/** What a deployed client shows of a person. */
const face = ({ isOnline, status, username }) => JSON.stringify([isOnline, status, username]);

/** The one checker of this process. */
export const wire = new WireChecker();
