// A scripted server: components are drawn again when what they show is drawn differently, and take back what they asked for.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, it } from 'node:test';
import { StrictMode, createElement as h } from 'react';
import { act, create } from 'react-test-renderer';
import { until } from '../../../e2e/harness/wait.js';
import { VigieProvider, useConversation, usePresence, useStatus } from '../dist/react.js';
import { status } from './harness/people.js';
import { Scripted } from './harness/scripted.js';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

let server;
let client;
let tree;
before(async () => {
  server = await Scripted.start();
});
after(() => server.stop());
beforeEach(async () => {
  server.welcome = { watching: 0, users: [status('bob')] };
  client = await server.connect();
});
afterEach(() => act(() => tree.unmount()));

async function draw(...children) {
  await act(async () => {
    tree = create(h(StrictMode, null, h(VigieProvider, { client }, ...children)));
  });
}

/** All text of the page. */
const text = () => [tree.toJSON()].flat().map(({ children }) => children.join('')).join('|');

const shows = (expected) => until(async () => {
  await act(async () => {});
  return text() === expected;
}, `${expected}; it shows ${text()}`);

function Person({ id, drawn }) {
  const { dot, username } = usePresence(id);
  drawn?.push(dot);
  return h('p', null, `${username} ${dot}`);
}

it('a person is drawn, watched once however many show them, and taken back with the last', async () => {
  await draw(h(Person, { id: 'bob', key: 1 }), h(Person, { id: 'bob', key: 2 }));
  assert.equal(text(), 'bob online|bob online');
  assert.deepEqual(await server.hears('presence:watch'), [{ ids: ['user:bob'] }]);
  server.emit('user:status', status('bob', { status: 'busy', seq: 2 }));
  await shows('bob busy|bob busy');
  await act(async () => tree.update(h(VigieProvider, { client }, h('p', null, 'nobody'))));
  assert.deepEqual(await server.hears('presence:unwatch'), [{ ids: ['user:bob'] }]);
  await server.settle(client);
  assert.equal(server.heard('presence:watch').length, 1);
});

it('a person who looks the same is not drawn again', async () => {
  const drawn = [];
  await draw(h(Person, { id: 'bob', drawn }), h(Person, { id: 'carol' }));
  const before = drawn.length;
  server.emit('user:status', status('bob', { seq: 2 }));
  server.emit('user:status', status('carol', { seq: 2 }));
  await shows('bob online|carol online');
  assert.equal(drawn.length, before);
});

it('a conversation is open while it is shown', async () => {
  const Room = () => {
    const { isOpen, members } = useConversation('room');
    return h('p', null, isOpen ? members.map(({ username }) => username).join(' ') : 'closed');
  };
  await draw(h(Room));
  assert.equal(text(), 'closed');
  await server.hears('conversation:join');
  const members = [{ userId: 'bob', username: 'Bob', status: 'online', here: true }];
  server.emit('conversation:presence', { conversationId: 'room', mode: 'full', members, counts: { members: 2, online: 1, here: 1 }, truncated: false });
  await shows('Bob');
  await act(async () => tree.update(h(VigieProvider, { client }, h('p', null, 'elsewhere'))));
  await server.hears('conversation:leave');
  assert.equal(server.heard('conversation:join').length, 1);
});

it('one\'s own status is shown and chosen, and the link with it', async () => {
  let choose;
  const Own = () => {
    const { link, chosen, setStatus } = useStatus();
    choose = setStatus;
    return h('p', null, `${link} ${chosen.status}`);
  };
  await draw(h(Own));
  assert.equal(text(), 'online null');
  const set = choose({ status: 'busy' });
  await server.hears('presence:status');
  server.acceptStatus(0, status('me', { status: 'busy', chosen: { status: 'busy', text: null, until: null } }));
  await act(() => set);
  await shows('online busy');
  await act(async () => client.close());
  await shows('ended busy');
});
