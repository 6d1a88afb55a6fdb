// One official Socket.IO client under observation: everything it receives is written down and shown to the wire checker.
// In: a server (or a link to it), a flavour, credentials. Out: the log, and waits on what the log should come to hold.

import { observe } from './observe.js';
import { until, SOON } from './wait.js';
import { wire } from './wire-checker.js';

export class Client {
  /** Every event received, in order: `{event, payload, at}` with `at` in epoch ms. */
  log = [];
  /** Local happenings of the official client: `{what, reason}`. */
  life = [];

  constructor(url, flavour, { label = 'client', owner, ...options } = {}) {
    this.flavour = flavour;
    this.checker = wire.socket(`${label} (${flavour.name})`, owner, Boolean(options.auth?.since));
    this.socket = flavour.open(url, { reconnection: false, ...options });
    this.#observe();
  }

  #observe() {
    observe(this.socket, {
      opened: () => {
        this.checker.opened();
        this.life.push({ what: 'connect' });
      },
      received: (event, args) => {
        this.log.push({ event, payload: args[0], at: Date.now() });
        this.checker.received(event, args);
      },
    });
    this.socket.on('connect_error', (error) => this.life.push({ what: 'connect_error', reason: String(error) }));
    this.socket.on('disconnect', (reason) => this.life.push({ what: 'disconnect', reason }));
  }

  get connected() {
    return this.socket.connected;
  }

  get engine() {
    return this.socket.io.engine;
  }

  /** The id that `auth.resume` takes. */
  get session() {
    return this.log.findLast(({ event, payload }) => event === 'authenticated' && payload.success)?.payload.session;
  }

  /** A place in the log; what comes later is "since" it. */
  mark() {
    return this.log.length;
  }

  /** Payloads of one event since a mark. */
  all(event, since = 0) {
    return this.log.slice(since).filter((entry) => entry.event === event).map((entry) => entry.payload);
  }

  /** What this socket was told about one person since a mark, outside of snapshots. */
  told(userId, since = 0) {
    return this.all('user:status', since).filter((payload) => payload.userId === userId);
  }

  /** The latest state this socket holds of one person, from snapshots and changes, as deployed clients merge them. */
  view(userId) {
    let held;
    for (const { event, payload } of this.log) {
      if (event === 'presence:snapshot') {
        const entry = payload.users.find((user) => user.userId === userId);
        if (entry) held = { ...held, ...entry };
      }
      if (event === 'user:status' && payload.userId === userId) held = { ...held, ...payload };
    }
    return held;
  }

  /** Waits for an event that satisfies `fits`, counted from `since`. */
  async next(event, fits = () => true, { since = 0, within = SOON } = {}) {
    return until(
      () => {
        const payload = this.all(event, since).find(fits);
        return payload === undefined ? null : payload;
      },
      `${event} at ${this.checker.label}; it has: ${this.#tail()}`,
      within,
    );
  }

  /** Waits until this socket is told that a person is in this state. */
  hears(userId, state, options) {
    return this.next(
      'user:status',
      (payload) => payload.userId === userId && Object.entries(state).every(([key, value]) => payload[key] === value),
      options,
    );
  }

  /** Waits until the server has accepted this socket, its snapshot is here, and an upgrade is through. */
  async ready(within = SOON) {
    await this.next('authenticated', (payload) => payload.success === true, { within });
    await this.next('presence:snapshot', () => true, { within });
    if (this.flavour.upgrades) {
      await until(() => this.engine?.transport?.name === 'websocket', `the upgrade of ${this.checker.label}`, within);
    }
    return this;
  }

  /** Waits until the server has refused or ended this connection. */
  closed(within = SOON) {
    return until(
      () => this.life.find(({ what }) => what === 'disconnect'),
      `the end of ${this.checker.label}`,
      within,
    );
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  /** Emits and waits for the acknowledgement, which the checker sees too. */
  ask(event, ...args) {
    return new Promise((answer, fail) => {
      const timer = setTimeout(() => fail(new Error(`no acknowledgement of ${event}`)), SOON);
      this.socket.emit(event, ...args, (payload) => {
        clearTimeout(timer);
        this.checker.acknowledged(event, payload);
        answer(payload);
      });
    });
  }

  /** A round trip: whatever the server sent to this socket before its answer is in the log afterwards. */
  async roundTrip() {
    const since = this.mark();
    this.emit('heartbeat', { clientTime: Date.now() });
    return this.next('heartbeat:ack', () => true, { since });
  }

  /** Says goodbye: a Socket.IO DISCONNECT packet. */
  leave() {
    this.socket.disconnect();
  }

  /** Closes the engine without a goodbye, as a closed browser tab does. */
  drop() {
    this.engine.close();
  }

  #tail() {
    return JSON.stringify(this.log.slice(-6)) + JSON.stringify(this.life.slice(-3));
  }
}
