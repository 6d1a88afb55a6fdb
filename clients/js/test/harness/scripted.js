// A small Socket.IO server that says what a test tells it to, for what no test can make the real server do at will.
// In: a script per connection. Out: everything that clients sent, by connection.

import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { until } from '../../../../e2e/harness/wait.js';
import { connect } from '../../dist/index.js';

export class Scripted {
  /** Connections in their order: `{socket, auth, heard: [[event, payload, acknowledge], …]}`. */
  connections = [];
  /** What each connection is told at its start; a test replaces it. */
  welcome = { watching: 0, users: [], partial: undefined };
  /** What `GET /v1/presence/me` answers, and to which header it does; null is 404. */
  own = null;
  #http = createServer(({ method, url, headers }, response) => {
    const isAsked = this.own && method === 'GET' && url === '/v1/presence/me' && headers.authorization === this.own.for;
    if (!isAsked) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.own.status));
  });
  #io = new Server(this.#http, { transports: ['websocket'] });
  #clients = [];

  static async start() {
    const server = new Scripted();
    server.#io.on('connection', (socket) => server.#take(socket));
    await new Promise((ready) => server.#http.listen(0, '127.0.0.1', ready));
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.#http.address().port}`;
  }

  #take(socket) {
    const connection = { socket, auth: socket.handshake.auth, heard: [] };
    this.connections.push(connection);
    socket.onAny((event, payload, acknowledge) => connection.heard.push([event, payload, acknowledge]));
    const { watching, users, partial, refuse } = this.welcome;
    if (refuse) return refuse(socket);
    const user = { id: 'me', language: 'fr', isAnonymous: false };
    socket.emit('authenticated', { success: true, user, version: '0', session: 'session-1', watching });
    this.snapshot(users, { partial, to: connection });
  }

  /** A snapshot for a connection, by default for the last one. */
  snapshot(users, { partial, cursor = 'cursor-1', to = this.last } = {}) {
    const shape = { users, cursor, total: users.length, truncated: false };
    to.socket.emit('presence:snapshot', partial ? { ...shape, partial } : shape);
  }

  get last() {
    return this.connections.at(-1);
  }

  emit(event, payload) {
    this.last.socket.emit(event, payload);
  }

  /** What the last connection sent under this name. */
  heard(event, connection = this.last) {
    return connection.heard.filter(([name]) => name === event).map(([, payload]) => payload);
  }

  /** Waits until the last connection has sent so many of an event; all of them. */
  async hears(event, count = 1) {
    await until(() => this.heard(event).length >= count, `${count} ${event}; there is ${JSON.stringify(this.last?.heard)}`);
    return this.heard(event);
  }

  /** Acknowledges what the last connection sent under this name, by its place, if the client asked for that. */
  acknowledge(event, place, answer) {
    const [, , acknowledge] = this.last.heard.filter(([name]) => name === event)[place];
    acknowledge?.(answer);
  }

  /** Accepts a choice of one's own status as Vigie does, by its place. */
  acceptStatus(place, own) {
    this.emit('presence:status-set', own);
    this.acknowledge('presence:status', place, { success: true, status: own });
  }

  /** Refuses one. */
  refuseStatus(place, code, message) {
    this.emit('presence:error', { event: 'presence:status', code, message });
    this.acknowledge('presence:status', place, { success: false, error: code });
  }

  /** Cuts the last connection as a lost network does. */
  cut() {
    this.last.socket.conn.close();
  }

  async connect(options) {
    const client = connect(this.url, {
      token: 'a-token',
      activity: false,
      ...options,
      socket: { transports: ['websocket'], reconnectionDelay: 20, ...options?.socket },
    });
    this.#clients.push(client);
    await until(() => client.state === 'online' || client.state === 'ended', 'an answer to the client');
    return client;
  }

  /** A round trip of the last connection: what either side sent before has arrived. */
  async settle(client) {
    const mark = `mark-${Math.random()}`;
    const back = new Promise((resolve) => client.on('status', (status) => status.userId === mark && resolve()));
    this.emit('user:status', { userId: mark, username: mark, isOnline: false, status: 'offline', lastActiveAt: null, lastActivityAt: null, lastSeenAt: null });
    await back;
    const before = this.heard('presence:app-state').length;
    client.foreground(true);
    await this.hears('presence:app-state', before + 1);
  }

  async stop() {
    for (const client of this.#clients) client.close();
    await this.#io.close();
  }
}
