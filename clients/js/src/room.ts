// One conversation as this client has it open: who is shown present, who is here, the numbers, who types.
// In: the server's events of this conversation. Out: one unchanging state object, replaced at every change.
// Always true: diffs are applied to a list that the server gave on this connection, never to an older one.

import type { Link } from './link.js';
import { Listeners, type Listener, type Off } from './listeners.js';
import type { TimerId, Timers } from './time.js';
import { Typists, type Typist } from './typists.js';
import {
  typedId,
  type ConversationDiff,
  type ConversationPresence,
  type Counts,
  type Entry,
  type JoinRefusal,
  type Metadata,
  type Mode,
  type TypingEvent,
} from './wire.js';

/** A start of typing is sent at most this often, in ms; well within what hides a typist at the others. */
export const TYPING_EVERY = 2_000;

/** People that may be asked for beside the first of a large conversation. */
export const WINDOW_LIMIT = 200;

/** A join that was refused for now is tried again after this, in ms. */
const JOIN_AGAIN_AFTER = 2_000;

export interface ConversationState {
  readonly conversationId: string;
  /** Whether the server shows it to this client now; while it does not, the rest is what was shown last. */
  readonly isOpen: boolean;
  /** Why the server does not show it. */
  readonly error: JoinRefusal | null;
  /** How much is told; null before anything was. */
  readonly mode: Mode | null;
  /** Those who are shown present, as far as the mode tells, by name. */
  readonly members: readonly Entry[];
  readonly counts: Counts | null;
  readonly truncated: boolean;
  /** Others who type. */
  readonly typing: readonly Typist[];
}

/** A conversation of which nothing is known. */
export function closedState(conversationId: string): ConversationState {
  return {
    conversationId,
    isOpen: false,
    error: null,
    mode: null,
    members: [],
    counts: null,
    truncated: false,
    typing: [],
  };
}

export class Room {
  readonly #link: Link;
  readonly #timers: Timers;
  readonly #changed = new Listeners<ConversationState>();
  readonly #typists: Typists;
  readonly #entries = new Map<string, Entry>();
  /** Whether a list came on this connection, to which diffs may be applied. */
  #isListed = false;
  #metadata: Metadata | undefined;
  #window: readonly string[] = [];
  #typingSince: number | null = null;
  #retry: TimerId = null;
  #state: ConversationState;

  constructor(readonly conversationId: string, link: Link, timers: Timers) {
    this.#link = link;
    this.#timers = timers;
    this.#state = closedState(conversationId);
    this.#typists = new Typists(timers, () => this.#set({ typing: this.#typists.list }));
  }

  get state(): ConversationState {
    return this.#state;
  }

  onChange(call: Listener<ConversationState>): Off {
    return this.#changed.add(call);
  }

  /** Says that one looks into the conversation, with what the others are to know of it. */
  join(): void {
    const metadata = this.#metadata === undefined ? {} : { metadata: this.#metadata };
    this.#link.send('conversation:join', { conversationId: this.conversationId, presence: true, ...metadata });
  }

  leave(): void {
    this.#link.send('conversation:leave', { conversationId: this.conversationId });
    this.end();
  }

  setMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    if (this.#state.isOpen) {
      this.#link.send('conversation:metadata', { conversationId: this.conversationId, metadata });
    }
  }

  /** Remembers what the join is to say. */
  prepare(metadata: Metadata): void {
    this.#metadata = metadata;
  }

  /** Asks for these people, too, where the conversation is so large that only a part of it is told. */
  showWindow(ids: readonly string[]): void {
    if (ids.length > WINDOW_LIMIT) throw new RangeError(`ask for ${WINDOW_LIMIT} people at most, not ${ids.length}`);
    this.#window = ids.map(typedId);
    this.#sendWindow();
  }

  startTyping(): void {
    const now = this.#timers.now();
    const isTooSoon = this.#typingSince !== null && now - this.#typingSince < TYPING_EVERY;
    if (isTooSoon || !this.#state.isOpen) return;
    if (this.#link.send('typing:start', { conversationId: this.conversationId })) this.#typingSince = now;
  }

  stopTyping(): void {
    if (this.#typingSince === null) return;
    this.#typingSince = null;
    this.#link.send('typing:stop', { conversationId: this.conversationId });
  }

  hearJoined(): void {
    this.#set({ isOpen: true, error: null });
  }

  hearRefusal(reason: JoinRefusal): void {
    this.close(reason);
    if (reason === 'rate_limited' || reason === 'server_error') {
      this.#retry = this.#timers.set(() => this.join(), JOIN_AGAIN_AFTER);
    }
  }

  hearPresence({ mode, members, counts, truncated }: ConversationPresence): void {
    const isNewWindow = mode === 'window' && (!this.#isListed || this.#state.mode !== 'window');
    this.#entries.clear();
    for (const entry of members) this.#entries.set(entry.userId, entry);
    this.#isListed = true;
    this.#set({ isOpen: true, error: null, mode, counts, truncated, members: this.#list() });
    if (isNewWindow) this.#sendWindow();
  }

  hearDiff({ mode, joins, updates, leaves, counts }: ConversationDiff): void {
    if (!this.#isListed) return;
    for (const userId of leaves) this.#entries.delete(userId);
    for (const entry of [...joins, ...updates]) this.#entries.set(entry.userId, entry);
    this.#set({ mode, counts, members: this.#list() });
    for (const userId of leaves) this.#typists.stop(userId);
  }

  hearTyping(event: TypingEvent, isTyping: boolean): void {
    if (isTyping) this.#typists.start(event);
    else this.#typists.stop(event.userId);
  }

  /** The server shows the conversation no longer, for this reason, or because the link is gone. */
  close(error: JoinRefusal | null): void {
    this.#isListed = false;
    this.#typingSince = null;
    this.#timers.clear(this.#retry);
    this.#typists.clear();
    if (error !== null) this.#entries.clear();
    this.#set(error === null ? { isOpen: false } : { ...closedState(this.conversationId), error });
  }

  end(): void {
    this.#timers.clear(this.#retry);
    this.#typists.clear();
  }

  #sendWindow(): void {
    if (this.#state.mode !== 'window' || this.#window.length === 0) return;
    this.#link.send('conversation:window', { conversationId: this.conversationId, ids: this.#window });
  }

  #list(): readonly Entry[] {
    return [...this.#entries.values()].sort((a, b) => a.username.localeCompare(b.username) || (a.userId < b.userId ? -1 : 1));
  }

  #set(part: Partial<ConversationState>): void {
    this.#state = { ...this.#state, ...part };
    this.#changed.tell(this.#state);
  }
}
