// One's own state, and what one chose to be shown as.
// In: acknowledgements of `presence:status`, news from one's other devices, and a look by REST after each start. Out: the newest state, and calls when it changes.
// Always true: each choice has its own answer; a refusal may overtake the choice before it, whose answer waits for the store.

import { headersOf, type Credentials } from './credentials.js';
import type { Link } from './link.js';
import { Listeners, type Listener, type Off } from './listeners.js';
import type { Chosen, OwnStatus, StatusAnswer, StatusWish } from './wire.js';

const EVENT = 'presence:status';

/** Why something was not done; `code` is stable, the message is for people. */
export class VigieError extends Error {
  override readonly name = 'VigieError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A choice of one's own status: what is left out is cleared. */
export interface StatusChoice extends Omit<StatusWish, 'until'> {
  /** When it ends by itself; a number is in ms since the epoch. */
  readonly until?: Date | number | string | null;
}

interface Waiting {
  readonly resolve: (status: OwnStatus) => void;
  readonly reject: (error: VigieError) => void;
}

export class OwnStatusKeeper {
  readonly #link: Link;
  readonly #changed = new Listeners<OwnStatus | null>();
  readonly #waiting = new Set<Waiting>();
  /** What was said last for each code: acknowledgements have no words for people. */
  readonly #messages = new Map<string, string>();
  #status: OwnStatus | null = null;

  constructor(link: Link, address: URL, credentials: Credentials) {
    this.#link = link;
    // It comes before the acknowledgement, so whoever waits for that finds the new state.
    link.socket.on('presence:status-set', (status) => this.hear(status));
    link.socket.on('presence:error', ({ event, code, message }) => {
      if (event === EVENT) this.#messages.set(code, message);
    });
    link.changed.add((state) => {
      if (state !== 'online') this.#giveUp();
    });
    link.welcomed.add(() => void this.#look(address, credentials));
  }

  get status(): OwnStatus | null {
    return this.#status;
  }

  onChange(call: Listener<OwnStatus | null>): Off {
    return this.#changed.add(call);
  }

  /** Takes what is told of oneself, unless something newer is known. */
  hear(status: OwnStatus): void {
    const before = this.#status;
    if (before?.seq !== undefined && status.seq !== undefined && status.seq < before.seq) return;
    this.#status = status;
    this.#changed.tell(status);
  }

  /** Chooses a status, and waits until the server has kept it. */
  set({ until, ...choice }: StatusChoice): Promise<OwnStatus> {
    const wish: StatusWish = { ...choice, ...(until !== undefined && { until: iso(until) }) };
    return new Promise((resolve, reject) => {
      const waiting = { resolve, reject };
      if (this.#link.send(EVENT, wish, (answer) => this.#settle(waiting, answer))) this.#waiting.add(waiting);
      else reject(new VigieError('offline', 'There is no link to the server; choose again when it is back.'));
    });
  }

  /** No snapshot holds oneself, so a client that just came does not know what was chosen elsewhere. */
  async #look(address: URL, credentials: Credentials): Promise<void> {
    try {
      const credential = credentials.last;
      if (credential === null) return;
      const response = await fetch(new URL('v1/presence/me', address), { headers: headersOf(credential) });
      const status = response.ok ? ((await response.json()) as OwnStatus) : null;
      if (status?.userId === this.#link.userId && this.#link.state === 'online') this.hear(status);
    } catch {
      // A page that may not read this route learns of its own status by the next change.
    }
  }

  #settle(waiting: Waiting, answer: StatusAnswer): void {
    if (!this.#waiting.delete(waiting)) return;
    if (answer.success) waiting.resolve(answer.status);
    else waiting.reject(this.#refusal(answer.error));
  }

  #refusal(code: string): VigieError {
    return new VigieError(code, this.#messages.get(code) ?? code);
  }

  #giveUp(): void {
    const error = new VigieError('offline', 'The link to the server broke before it answered; look at the status when it is back.');
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

/** What somebody chose, if anything. */
export function chosenOf(status: OwnStatus | null): Chosen {
  return status?.chosen ?? { status: null, text: null, until: null };
}

function iso(until: Date | number | string | null): string | null {
  if (until === null || typeof until === 'string') return until;
  return new Date(until).toISOString();
}
