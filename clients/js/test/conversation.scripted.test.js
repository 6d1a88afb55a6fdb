// A scripted server: a conversation is open once, follows diffs, comes back after a loss, and shows who types as long as it is true.

import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { until } from '../../../e2e/harness/wait.js';
import { Room } from '../dist/room.js';
import { HandTimers } from './harness/timers.js';
import { Scripted } from './harness/scripted.js';

let server;
before(async () => {
  server = await Scripted.start();
});
after(() => server.stop());
beforeEach(() => {
  server.welcome = { watching: 0, users: [] };
});

const entry = (userId, fields = {}) => ({ userId, username: userId, status: 'online', here: false, ...fields });
const counts = { members: 9, online: 2, here: 1 };
const list = (members, fields = {}) => ({ conversationId: 'room', mode: 'full', members, counts, truncated: false, ...fields });
const diff = (fields) => ({ conversationId: 'room', mode: 'full', joins: [], updates: [], leaves: [], counts, ...fields });
const names = ({ state }) => state.members.map(({ userId, here }) => (here ? `${userId} here` : userId));

/** Opens the room and waits until the server has shown it. */
async function opened(client, members = [entry('bob')], fields) {
  const room = client.conversation('room');
  await server.hears('conversation:join');
  server.emit('conversation:joined', { conversationId: 'room', userId: 'me' });
  server.emit('conversation:presence', list(members, fields));
  await until(() => room.state.counts !== null, 'the list');
  return room;
}

it('is joined once however many use it, and left with the last', async () => {
  const client = await server.connect();
  const first = client.conversation('room', { metadata: { page: 3 } });
  const second = client.conversation('room');
  assert.deepEqual(await server.hears('conversation:join'), [{ conversationId: 'room', presence: true, metadata: { page: 3 } }]);
  first.close();
  first.close();
  await server.settle(client);
  assert.deepEqual(server.heard('conversation:leave'), []);
  second.close();
  assert.deepEqual(await server.hears('conversation:leave'), [{ conversationId: 'room' }]);
  assert.equal(server.heard('conversation:join').length, 1);
  assert.equal(client.conversationState('room'), undefined);
});

it('is not left and joined anew when one use follows another at once', async () => {
  const client = await server.connect();
  const first = client.conversation('room');
  await server.hears('conversation:join');
  first.close();
  client.conversation('room');
  await server.settle(client);
  assert.equal(server.heard('conversation:join').length, 1);
  assert.deepEqual(server.heard('conversation:leave'), []);
});

it('takes no diff to a list that it was not given', async () => {
  const client = await server.connect();
  const room = client.conversation('room');
  await server.hears('conversation:join');
  server.emit('conversation:presence_diff', diff({ joins: [entry('dave')] }));
  await server.settle(client);
  assert.deepEqual(room.state.members, []);
});

it('changes its mode with a new list, and asks for its window where only a part is told', async () => {
  const client = await server.connect();
  const room = await opened(client);
  room.window(['zoe', 'g_zed']);
  await server.settle(client);
  assert.deepEqual(server.heard('conversation:window'), []);
  server.emit('conversation:presence', list([entry('bob')], { mode: 'window', truncated: true }));
  assert.deepEqual(await server.hears('conversation:window'), [{ conversationId: 'room', ids: ['user:zoe', 'guest:g_zed'] }]);
  server.emit('conversation:presence', list([entry('carol')], { mode: 'window', truncated: true }));
  await server.settle(client);
  assert.equal(server.heard('conversation:window').length, 1);
  server.emit('conversation:presence', list([], { mode: 'count' }));
  await until(() => room.state.mode === 'count', 'the numbers alone');
  assert.deepEqual(room.state.members, []);
  assert.throws(() => room.window(Array(201).fill('zoe')), RangeError);
});

it('asks for its window anew after a loss', async () => {
  const client = await server.connect();
  const room = await opened(client, [], { mode: 'window', truncated: true });
  room.window(['zoe']);
  await server.hears('conversation:window');
  const before = server.connections.length;
  server.cut();
  await until(() => server.connections.length > before, 'a new connection');
  await server.hears('conversation:join');
  server.emit('conversation:presence', list([], { mode: 'window', truncated: true }));
  assert.deepEqual(await server.hears('conversation:window'), [{ conversationId: 'room', ids: ['user:zoe'] }]);
});

it('is joined again after a loss, with its metadata, and keeps what was shown until it is shown anew', async () => {
  const client = await server.connect();
  const room = await opened(client);
  room.setMetadata({ page: 4 });
  assert.deepEqual(await server.hears('conversation:metadata'), [{ conversationId: 'room', metadata: { page: 4 } }]);
  server.emit('typing:start', { conversationId: 'room', userId: 'bob', username: 'Bob' });
  await until(() => room.state.typing.length === 1, 'the typist');
  const before = server.connections.length;
  server.cut();
  await until(() => !room.state.isOpen, 'the loss');
  assert.deepEqual(names(room), ['bob']);
  assert.deepEqual(room.state.typing, []);
  await until(() => server.connections.length > before, 'a new connection');
  assert.deepEqual(await server.hears('conversation:join'), [{ conversationId: 'room', presence: true, metadata: { page: 4 } }]);
  server.emit('conversation:presence_diff', diff({ leaves: ['bob'] }));
  await server.settle(client);
  assert.deepEqual(names(room), ['bob'], 'a diff to the list of another connection');
  server.emit('conversation:presence', list([entry('carol')]));
  await until(() => room.state.isOpen, 'the list');
  assert.deepEqual(names(room), ['carol']);
});

it('a refusal is told, and one that passes is tried again', async () => {
  const client = await server.connect();
  const room = client.conversation('room');
  await server.hears('conversation:join');
  server.emit('conversation:join-error', { conversationId: 'room', reason: 'rate_limited', message: '' });
  await until(() => room.state.error === 'rate_limited', 'the refusal');
  await server.hears('conversation:join', 2);
  server.emit('conversation:join-error', { conversationId: 'room', reason: 'not_a_member', message: '' });
  await until(() => room.state.error === 'not_a_member', 'the refusal');
});

it('ends when the membership does, and not by the answer to a leave of its own', async () => {
  const client = await server.connect();
  const left = { conversationId: 'room', userId: 'me' };
  (await opened(client)).close();
  await server.hears('conversation:leave');
  const room = client.conversation('room');
  await server.hears('conversation:join', 2);
  const errors = [];
  room.subscribe(({ error }) => errors.push(error));
  server.emit('conversation:left', left);
  server.emit('conversation:joined', left);
  server.emit('conversation:presence', list([entry('bob')]));
  await until(() => room.state.counts !== null, 'the list');
  assert.deepEqual(errors.filter(Boolean), []);
  server.emit('conversation:left', left);
  await until(() => !room.state.isOpen, 'the end');
  assert.equal(room.state.error, 'no_longer_member');
  assert.deepEqual(room.state.members, []);
});

it('who leaves or stops types no longer', async () => {
  const client = await server.connect();
  const room = await opened(client, [entry('bob'), entry('carol')]);
  const typing = () => room.state.typing.map(({ username }) => username);
  for (const id of ['bob', 'carol']) server.emit('typing:start', { conversationId: 'room', userId: id, username: id });
  await until(() => typing().length === 2, 'two typists');
  server.emit('conversation:presence_diff', diff({ leaves: ['bob'] }));
  await until(() => typing().length === 1, 'one typist');
  server.emit('typing:stop', { conversationId: 'room', userId: 'carol', username: 'carol' });
  await until(() => typing().length === 0, 'no typist');
});

/** A room on a clock that is moved by hand, and what it sends. */
function roomByHand() {
  const timers = new HandTimers();
  const sent = [];
  const room = new Room('room', { send: (event) => sent.push(event) > 0 }, timers);
  room.hearJoined();
  return { timers, sent, room };
}

it('one who types on says so every two seconds at most, and stops once', () => {
  const { timers, sent, room } = roomByHand();
  for (let i = 0; i < 50; i += 1) {
    room.startTyping();
    timers.pass(100);
  }
  assert.deepEqual(sent, ['typing:start', 'typing:start', 'typing:start']);
  room.stopTyping();
  room.stopTyping();
  room.startTyping();
  assert.deepEqual(sent.slice(3), ['typing:stop', 'typing:start']);
});

it('a typist is hidden fifteen seconds after the last start', () => {
  const { timers, room } = roomByHand();
  const typing = () => room.state.typing.map(({ username }) => username);
  const types = (name) => room.hearTyping({ conversationId: 'room', userId: name, username: name }, true);
  types('bob');
  timers.pass(10_000);
  types('carol');
  timers.pass(4_999);
  assert.deepEqual(typing(), ['bob', 'carol']);
  timers.pass(1);
  assert.deepEqual(typing(), ['carol']);
  types('carol');
  timers.pass(14_999);
  assert.deepEqual(typing(), ['carol']);
  timers.pass(1);
  assert.deepEqual(typing(), []);
  assert.equal(timers.waiting, 0);
});
