// The conversations that this client has open, each once however many use it.
// In: wishes to open and close, and the server's events. Out: a handle per wish; the room behind it is joined, joined again after a loss, and left with its last handle.

import type { Link } from './link.js';
import type { Listener, Off } from './listeners.js';
import { Room, type ConversationState } from './room.js';
import type { Timers } from './time.js';
import type { Metadata } from './wire.js';

export interface ConversationOptions {
  /** What the others are told of this stay, such as what is looked at; at most 1,024 bytes of JSON. */
  readonly metadata?: Metadata;
}

/** One use of a conversation. */
export interface Conversation {
  readonly id: string;
  readonly state: ConversationState;
  /** Calls at once and at every change. */
  subscribe(call: Listener<ConversationState>): Off;
  /** Others see that one types; sent at most every 2 s, so call it at every key. */
  startTyping(): void;
  stopTyping(): void;
  /** Asks for these people, too, where the conversation is so large that only a part is told. */
  window(ids: readonly string[]): void;
  setMetadata(metadata: Metadata): void;
  /** Ends this use; the last one leaves the conversation. */
  close(): void;
}

interface Use {
  readonly room: Room;
  uses: number;
  isJoined: boolean;
}

export class Rooms {
  readonly #link: Link;
  readonly #timers: Timers;
  readonly #open = new Map<string, Use>();
  /** Leaves whose answer is still to come, by conversation: such an answer ends nothing that was opened since. */
  readonly #leaving = new Map<string, number>();

  constructor(link: Link, timers: Timers) {
    this.#link = link;
    this.#timers = timers;
    this.#listen();
  }

  state(id: string): ConversationState | undefined {
    return this.#open.get(id)?.room.state;
  }

  open(id: string, { metadata }: ConversationOptions = {}): Conversation {
    const use = this.#use(id, metadata);
    const { room } = use;
    let isClosed = false;
    const offs = new Set<Off>();
    return {
      id,
      get state() {
        return room.state;
      },
      subscribe: (call) => {
        const off = room.onChange(call);
        offs.add(off);
        call(room.state);
        return off;
      },
      startTyping: () => room.startTyping(),
      stopTyping: () => room.stopTyping(),
      window: (ids) => room.showWindow(ids),
      setMetadata: (fresh) => room.setMetadata(fresh),
      close: () => {
        if (isClosed) return;
        isClosed = true;
        for (const off of offs) off();
        this.#release(id, use);
      },
    };
  }

  end(): void {
    for (const { room } of this.#open.values()) room.close(null);
    for (const { room } of this.#open.values()) room.end();
  }

  #use(id: string, metadata: Metadata | undefined): Use {
    const known = this.#open.get(id);
    if (known) {
      known.uses += 1;
      if (metadata !== undefined) known.room.setMetadata(metadata);
      return known;
    }
    const use: Use = { room: new Room(id, this.#link, this.#timers), uses: 1, isJoined: false };
    if (metadata !== undefined) use.room.prepare(metadata);
    this.#open.set(id, use);
    this.#plan(id, use);
    return use;
  }

  #release(id: string, use: Use): void {
    use.uses -= 1;
    if (use.uses === 0) this.#plan(id, use);
  }

  /** What is opened and closed at once, as renderers do, is never sent. */
  #plan(id: string, use: Use): void {
    queueMicrotask(() => {
      if (use.uses > 0) return this.#join(use);
      if (this.#open.get(id) !== use) return;
      this.#open.delete(id);
      if (!use.isJoined) return use.room.end();
      if (this.#link.state === 'online') this.#leaving.set(id, (this.#leaving.get(id) ?? 0) + 1);
      use.room.stopTyping();
      use.room.leave();
    });
  }

  #join(use: Use): void {
    if (use.isJoined || this.#link.state !== 'online') return;
    use.isJoined = true;
    use.room.join();
  }

  #listen(): void {
    const { socket } = this.#link;
    const room = (id: string | null) => (id === null ? undefined : this.#open.get(id)?.room);
    // Joins belong to a connection, also where the session is taken up again.
    this.#link.welcomed.add(() => {
      for (const use of this.#open.values()) this.#join(use);
    });
    this.#link.changed.add((state) => {
      if (state === 'online') return;
      this.#leaving.clear();
      for (const use of this.#open.values()) {
        use.isJoined = false;
        use.room.close(null);
      }
    });
    socket.on('conversation:joined', ({ conversationId }) => room(conversationId)?.hearJoined());
    socket.on('conversation:join-error', ({ conversationId, reason }) => room(conversationId)?.hearRefusal(reason));
    socket.on('conversation:left', ({ conversationId }) => {
      const leaving = this.#leaving.get(conversationId) ?? 0;
      if (leaving > 1) this.#leaving.set(conversationId, leaving - 1);
      else if (leaving === 1) this.#leaving.delete(conversationId);
      else room(conversationId)?.close('no_longer_member');
    });
    socket.on('conversation:presence', (payload) => room(payload.conversationId)?.hearPresence(payload));
    socket.on('conversation:presence_diff', (payload) => room(payload.conversationId)?.hearDiff(payload));
    socket.on('typing:start', (payload) => room(payload.conversationId)?.hearTyping(payload, true));
    socket.on('typing:stop', (payload) => room(payload.conversationId)?.hearTyping(payload, false));
  }
}
