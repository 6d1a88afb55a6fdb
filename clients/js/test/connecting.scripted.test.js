// A scripted server: what a client says when it connects, and what becomes of one that the server does not want, or whose token is not to be had.

import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { until } from '../../../e2e/harness/wait.js';
import { connect } from '../dist/index.js';
import { Scripted } from './harness/scripted.js';

let server;
before(async () => {
  server = await Scripted.start();
});
after(() => server.stop());
beforeEach(() => {
  server.welcome = { watching: 0, users: [] };
});

/** Refuses as the server does, and closes the namespace. */
const refuse = (code) => (socket) => {
  socket.emit('authenticated', { success: false, error: 'no' });
  socket.emit('error', { message: 'no', code });
  socket.disconnect();
};

it('who comes back says which session it had, and how far it was told', async () => {
  const client = await server.connect();
  assert.deepEqual(server.last.auth, { token: 'a-token', cursor: true });
  server.emit('presence:cursor', { cursor: 'cursor-2' });
  await server.settle(client);
  const before = server.connections.length;
  server.cut();
  await until(() => server.connections.length > before, 'a new connection');
  assert.deepEqual(server.last.auth, { token: 'a-token', cursor: true, resume: 'session-1', since: 'cursor-2' });
});

it('a token that never changes is tried once', async () => {
  server.welcome = { refuse: refuse('AUTH_FAILED') };
  const before = server.connections.length;
  const client = await server.connect();
  assert.equal(client.state, 'ended');
  assert.equal(client.endReason, 'refused');
  assert.equal(server.connections.length, before + 1);
});

it('a function that gives tokens is asked once more, and no oftener', async () => {
  server.welcome = { refuse: refuse('AUTH_FAILED') };
  const before = server.connections.length;
  let asked = 0;
  const client = await server.connect({ token: undefined, getToken: () => `token-${(asked += 1)}` });
  assert.equal(client.endReason, 'refused');
  assert.deepEqual(server.connections.slice(before).map(({ auth }) => auth.token), ['token-1', 'token-2']);
});

it('nobody who is signed in is an end without a connection', async () => {
  const before = server.connections.length;
  const client = await server.connect({ token: undefined, getToken: () => null });
  assert.equal(client.endReason, 'signed-out');
  assert.equal(server.connections.length, before);
});

it('a function that fails is asked again', async () => {
  let asked = 0;
  const getToken = async () => {
    asked += 1;
    if (asked === 1) throw new Error('the network is away');
    return 'anon_guest';
  };
  const client = await server.connect({ token: undefined, getToken });
  assert.equal(client.state, 'online');
  assert.equal(server.last.auth.sessionToken, 'anon_guest');
});

it('a revoked session is over, whatever tokens there are', async () => {
  const client = await server.connect({ token: undefined, getToken: () => 'a-token' });
  server.emit('auth:session-revoked', { code: 'session_revoked', message: '', reason: 'logout' });
  server.last.socket.disconnect();
  await until(() => client.state === 'ended', 'the end');
  assert.equal(client.endReason, 'revoked');
});

it('a client needs one credential', () => {
  assert.throws(() => connect(server.url, {}), TypeError);
  assert.throws(() => connect(server.url, { token: 'a', sessionToken: 'b' }), TypeError);
});
