// What Vigie sends and takes, as types: the events that this client uses, and nothing that it derives from them.
// Times are ISO-8601 in UTC or null; ids in lists of people are typed, `user:<id>` or `guest:<id>`.

/** Whether somebody is there, as the server shows it to this watcher. */
export type Availability = 'online' | 'away' | 'busy' | 'offline';

/** When somebody was seen who hides the time. */
export type Bucket = 'recently' | 'within_week' | 'within_month' | 'long_ago';

/** One person's state: an item of a snapshot, and `user:status`. */
export interface Status {
  readonly userId: string;
  readonly username: string;
  readonly isOnline: boolean;
  /** The last proof that the person was there. */
  readonly lastActiveAt: string | null;
  readonly status: Availability;
  /** When the person last did something. */
  readonly lastActivityAt: string | null;
  readonly lastSeenAt: string | null;
  /** Grows with every change of this person. */
  readonly seq?: number;
  readonly statusText?: string | null;
  readonly statusUntil?: string | null;
  readonly lastSeenBucket?: Bucket;
}

/** What somebody chose to be shown as; `status` null is the computed one. */
export interface Chosen {
  readonly status: 'away' | 'busy' | 'invisible' | null;
  readonly text: string | null;
  readonly until: string | null;
}

/** The state that only the person's own devices are told. */
export interface OwnStatus extends Status {
  readonly chosen?: Chosen;
}

export interface Snapshot {
  readonly users: readonly Status[];
  readonly cursor: string;
  readonly total: number;
  readonly truncated: boolean;
  /** True: these are to be merged; else they take the place of whatever was held. */
  readonly partial?: boolean;
}

export interface Authenticated {
  readonly success: boolean;
  readonly error?: string;
  readonly user?: { readonly id: string; readonly language: string; readonly isAnonymous: boolean };
  readonly version?: string;
  /** Takes this stay up again, as `auth.resume` of a later connection. */
  readonly session?: string | null;
  /** How many people the session watches already, because it was taken up again. */
  readonly watching?: number;
}

/** Somebody who is shown present in a conversation. */
export interface Entry {
  readonly userId: string;
  readonly username: string;
  readonly status: Availability;
  /** Has the conversation open. */
  readonly here: boolean;
  readonly metadata?: Metadata;
}

export type Metadata = Readonly<Record<string, unknown>>;

export interface Counts {
  readonly members: number;
  readonly online: number;
  readonly here: number;
}

/** How much of a conversation is told, by its size: each change, one a second, a window of people, or numbers alone. */
export type Mode = 'full' | 'batched' | 'window' | 'count';

export interface ConversationPresence {
  readonly conversationId: string;
  readonly mode: Mode;
  readonly members: readonly Entry[];
  readonly counts: Counts;
  readonly truncated: boolean;
}

export interface ConversationDiff {
  readonly conversationId: string;
  readonly mode: Mode;
  readonly joins: readonly Entry[];
  readonly updates: readonly Entry[];
  readonly leaves: readonly string[];
  readonly counts: Counts;
}

export interface TypingEvent {
  readonly conversationId: string;
  readonly userId: string;
  readonly username: string;
}

export type JoinRefusal =
  | 'invalid_payload'
  | 'not_authenticated'
  | 'rate_limited'
  | 'not_a_member'
  | 'no_longer_member'
  | 'server_error';

/** A wish for one's own status; what is left out is cleared. */
export interface StatusWish {
  readonly status?: 'auto' | 'away' | 'busy' | 'invisible' | null;
  readonly text?: string | null;
  readonly until?: string | null;
}

/** The acknowledgement of `presence:status`; a refusal's words for people come before it, by `presence:error`. */
export type StatusAnswer =
  | { readonly success: true; readonly status: OwnStatus }
  | { readonly success: false; readonly error: string };

export interface ServerEvents {
  authenticated(payload: Authenticated): void;
  error(payload: { readonly message: string; readonly code: string }): void;
  'auth:token-expired'(payload: { readonly message: string }): void;
  'auth:session-revoked'(payload: { readonly message: string; readonly reason: string }): void;
  'presence:snapshot'(payload: Snapshot): void;
  'presence:cursor'(payload: { readonly cursor: string }): void;
  'user:status'(payload: OwnStatus): void;
  'presence:watching'(payload: {
    readonly total: number;
    readonly refused: readonly { readonly id: string; readonly code: string }[];
    /** Of whom nothing is told any more, by typed id; in the answer to `presence:unwatch`. */
    readonly gone?: readonly string[];
  }): void;
  'presence:status-set'(payload: OwnStatus): void;
  'presence:error'(payload: { readonly event: string; readonly code: string; readonly message: string }): void;
  'conversation:joined'(payload: { readonly conversationId: string }): void;
  'conversation:left'(payload: { readonly conversationId: string }): void;
  'conversation:join-error'(payload: {
    readonly conversationId: string | null;
    readonly reason: JoinRefusal;
    readonly message: string;
  }): void;
  'conversation:presence'(payload: ConversationPresence): void;
  'conversation:presence_diff'(payload: ConversationDiff): void;
  'typing:start'(payload: TypingEvent): void;
  'typing:stop'(payload: TypingEvent): void;
  'heartbeat:ack'(payload: { readonly serverTime: string }): void;
}

export interface ClientEvents {
  heartbeat(payload: { readonly clientTime: number }): void;
  'presence:activity'(payload: Readonly<Record<string, never>>): void;
  'presence:app-state'(payload: { readonly foreground: boolean }): void;
  'presence:watch'(payload: { readonly ids: readonly string[] }): void;
  'presence:unwatch'(payload: { readonly ids: readonly string[] }): void;
  'presence:status'(payload: StatusWish, acknowledge: (answer: StatusAnswer) => void): void;
  'conversation:join'(payload: {
    readonly conversationId: string;
    readonly presence: true;
    readonly metadata?: Metadata;
  }): void;
  'conversation:leave'(payload: { readonly conversationId: string }): void;
  'conversation:metadata'(payload: { readonly conversationId: string; readonly metadata: Metadata }): void;
  'conversation:window'(payload: { readonly conversationId: string; readonly ids: readonly string[] }): void;
  'typing:start'(payload: { readonly conversationId: string }): void;
  'typing:stop'(payload: { readonly conversationId: string }): void;
}

/** The typed id of a person: guests are known by the start of their ids, which users may not have. */
export function typedId(id: string): string {
  if (id.startsWith('user:') || id.startsWith('guest:')) return id;
  return id.startsWith('g_') ? `guest:${id}` : `user:${id}`;
}

/** The id as `userId` carries it. */
export function bareId(id: string): string {
  return id.replace(/^(user|guest):/, '');
}
