// One person's changes by one of the four transports, as a client of that transport would follow them.
// In: a person, a transport, the cursor kept so far. Out: the view, everyone it was told of, and the next cursor.

import WebSocket from 'ws';
import { V4 } from './flavours.js';
import { until } from './wait.js';

/** Seconds that a question of the long poll waits; short, so that a test's end waits for none. */
const WAIT = 2;

/** How each transport connects: gets `{url, token, since, take}`, gives a function that drops the link. */
const TRANSPORTS = {
  'socket.io': ({ person, url, since, take }) => {
    const { socket } = person.open(V4, { url, auth: { cursor: true, ...(since && { since }) } });
    socket.on('presence:snapshot', (payload) => take('snapshot', payload));
    socket.on('user:status', (payload) => take('status', payload));
    socket.on('presence:cursor', (payload) => take('cursor', payload));
    // The engine alone: a socket that says goodbye is another matter.
    return () => socket.io.engine.close();
  },

  events: ({ person, url, since, take }) => {
    const ended = new AbortController();
    const headers = { authorization: `Bearer ${person.token}`, ...(since && { 'last-event-id': since }) };
    const read = async () => {
      const { body, status } = await fetch(`${url}/v1/events`, { headers, signal: ended.signal });
      if (status !== 200) throw new Error(`/v1/events answered ${status}`);
      let text = '';
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
          const fields = Object.fromEntries(text.slice(0, end).split('\n').map((line) => line.split(/: (.*)/s, 2)));
          if (fields.event) take(fields.event, JSON.parse(fields.data));
        }
      }
    };
    // A server that stops ends the stream, and so does a drop.
    read().catch(() => {});
    return () => ended.abort();
  },

  websocket: ({ person, url, since, take }) => {
    const query = since ? `?since=${since}` : '';
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws${query}`, { headers: { authorization: `Bearer ${person.token}` } });
    socket.on('message', (text) => {
      const { event, data } = JSON.parse(text);
      take(event, data);
    });
    socket.on('error', () => {});
    return () => socket.terminate();
  },

  changes: ({ person, url, since, take }) => {
    const ended = new AbortController();
    const headers = { authorization: `Bearer ${person.token}` };
    const poll = async () => {
      for (let cursor = since, wait = 0; !ended.signal.aborted; wait = WAIT) {
        const query = new URLSearchParams({ wait, ...(cursor && { since: cursor }) });
        const answer = await fetch(`${url}/v1/changes?${query}`, { headers, signal: ended.signal });
        if (answer.status !== 200) throw new Error(`/v1/changes answered ${answer.status}`);
        const payload = await answer.json();
        if (ended.signal.aborted) return;
        cursor = payload.cursor;
        take('snapshot', payload);
      }
    };
    poll().catch(() => {});
    return () => ended.abort();
  },
};

export const NAMES = Object.keys(TRANSPORTS);

export class Follower {
  /** Whoever was told of since the connection, in order. */
  told = [];
  /** What was told since the connection, in order: a state of a person each. */
  states = [];
  /** Whole snapshots since the connection. */
  wholes = 0;
  /** Snapshots of any kind since the connection. */
  snapshots = 0;

  /** `url` is that of the server, unless a link to it is given. */
  constructor(transport, person, { view = new Map(), cursor, url = person.world.server.url } = {}) {
    this.transport = transport;
    this.people = new Map(view);
    this.cursor = cursor;
    this.drop = TRANSPORTS[transport]({ person, url, since: cursor, take: (event, payload) => this.#take(event, payload) });
  }

  /** Connects and waits for the first snapshot. */
  static async open(transport, person, kept) {
    const follower = new Follower(transport, person, kept);
    await until(() => follower.snapshots > 0, `the first snapshot by ${transport}`);
    return follower;
  }

  #take(event, payload) {
    if (event === 'status') this.#learn(payload);
    if (event === 'snapshot') {
      this.snapshots += 1;
      if (!payload.partial) {
        this.wholes += 1;
        this.people.clear();
      }
      for (const user of payload.users) this.#learn(user);
    }
    if (payload.cursor) this.cursor = payload.cursor;
    this.settled = event !== 'status';
  }

  #learn(user) {
    this.told.push(user.userId);
    this.states.push(user);
    if (user.seq === undefined) this.people.delete(user.userId);
    else this.people.set(user.userId, user);
  }

  /** Who is believed to be online, of these. */
  online(people) {
    return people.filter(({ id }) => this.people.get(id)?.isOnline).map(({ id }) => id);
  }

  /** Waits until exactly these are believed to be online, and a cursor of that is held. */
  believes(online, people) {
    const expected = JSON.stringify(online.map(({ id }) => id));
    return until(
      () => this.settled && JSON.stringify(this.online(people)) === expected,
      `${this.transport} to believe ${expected} to be online; it believes ${JSON.stringify(this.online(people))}`,
    );
  }

  /** The states of one person that this client was told of, each once however often its times were told anew. */
  changes(userId) {
    const states = this.states.filter((state) => state.userId === userId).map(({ status, statusText, seq }) => ({ status, statusText, seq }));
    return states.filter(({ seq }, i) => i === 0 || states[i - 1].seq !== seq);
  }

  /** Waits until somebody is believed to be in this state. */
  sees(userId, look) {
    return until(
      () => this.settled && Object.entries(look).every(([key, value]) => this.people.get(userId)?.[key] === value),
      `${this.transport} to see ${userId} ${JSON.stringify(look)}; it has ${JSON.stringify(this.people.get(userId))}`,
    );
  }

  /** What the client keeps when its link is gone. */
  leave() {
    this.drop();
    return { view: this.people, cursor: this.cursor };
  }
}
