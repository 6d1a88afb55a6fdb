// A scripted server: watching is told by difference, once per person, and again only where the server's list is not ours.

import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { until } from '../../../e2e/harness/wait.js';
import { AGAIN_AFTER } from '../dist/watch-list.js';
import { status } from './harness/people.js';
import { Scripted } from './harness/scripted.js';
import { HandTimers } from './harness/timers.js';

let server;
before(async () => {
  server = await Scripted.start();
});
after(() => server.stop());
beforeEach(() => {
  server.welcome = { watching: 0, users: [] };
});

const asked = (event, connection) => server.heard(event, connection).map(({ ids }) => ids);

/** Loses the connection and waits for the next, on which the server says this. */
async function comeBack(client, welcome) {
  server.welcome = { users: [], partial: true, ...welcome };
  const before = server.connections.length;
  server.cut();
  await until(() => server.connections.length > before && client.state === 'online', 'a new connection');
  await server.settle(client);
}

it('two who watch the same person ask once, and the last one who stops takes it back', async () => {
  const client = await server.connect();
  client.watch(['alice', 'user:bob', 'g_carl']);
  client.watch(['user:alice']);
  assert.deepEqual(await server.hears('presence:watch'), [{ ids: ['user:alice', 'user:bob', 'guest:g_carl'] }]);
  client.unwatch(['alice']);
  await server.settle(client);
  assert.deepEqual(asked('presence:unwatch'), []);
  client.unwatch(['alice']);
  client.watch(['dave']);
  await server.settle(client);
  assert.deepEqual(asked('presence:unwatch'), [['user:alice']]);
  assert.deepEqual(asked('presence:watch').slice(1), [['user:dave']]);
});

it('what is wished and taken back at once is never sent', async () => {
  const client = await server.connect();
  client.watch(['alice']);
  client.unwatch(['alice']);
  await server.settle(client);
  assert.deepEqual(asked('presence:watch'), []);
  assert.deepEqual(asked('presence:unwatch'), []);
});

it('a session that was taken up again is asked nothing anew', async () => {
  const client = await server.connect();
  client.watch(['alice', 'bob']);
  await server.hears('presence:watch');
  await comeBack(client, { watching: 2 });
  assert.deepEqual(asked('presence:watch'), []);
});

it('a session that was taken up again is told what changed meanwhile', async () => {
  const client = await server.connect();
  client.watch(['alice', 'bob']);
  await server.hears('presence:watch');
  server.welcome = { watching: 2, users: [], partial: true };
  const states = [];
  client.on('state', (state) => {
    states.push(state);
    if (state === 'online') return;
    client.watch(['carol']);
    client.unwatch(['alice']);
  });
  server.cut();
  await until(() => states.length === 2, 'gone and back');
  await server.settle(client);
  assert.deepEqual(asked('presence:watch'), [['user:carol']]);
  assert.deepEqual(asked('presence:unwatch'), [['user:alice']]);
});

it('a session that is new is told the whole list', async () => {
  for (const watching of [0, undefined, 1]) {
    const client = await server.connect();
    client.watch(['alice', 'bob']);
    await server.hears('presence:watch');
    await comeBack(client, { watching });
    assert.deepEqual(asked('presence:watch'), [['user:alice', 'user:bob']], `watching ${watching}`);
    client.close();
    server.welcome = { watching: 0, users: [] };
  }
});

it('a whole snapshot without somebody watched has that one asked for anew, and no other', async () => {
  const client = await server.connect();
  client.watch(['alice', 'bob']);
  await server.hears('presence:watch');
  server.snapshot([status('alice')]);
  assert.deepEqual((await server.hears('presence:watch', 2))[1], { ids: ['user:bob'] });
  server.snapshot([status('carol')], { partial: true });
  await server.settle(client);
  assert.equal(asked('presence:watch').length, 2);
});

it('the first whole snapshot of a connection has the list told once', async () => {
  const client = await server.connect();
  client.watch(['alice', 'bob']);
  await server.hears('presence:watch');
  await comeBack(client, { watching: 2, partial: undefined, users: [status('bob')] });
  assert.deepEqual(asked('presence:watch'), [['user:alice']]);
});

it('whoever is refused is not asked for again and again, until there may be room', async () => {
  const client = await server.connect();
  client.watch(['alice', 'bob']);
  await server.hears('presence:watch');
  server.emit('presence:watching', { total: 1, refused: [{ id: 'user:bob', code: 'too_many' }] });
  await until(() => client.refusedToWatch.get('user:bob') === 'too_many', 'the refusal');
  client.watch(['carol']);
  assert.deepEqual((await server.hears('presence:watch', 2))[1], { ids: ['user:carol'] });
  client.unwatch(['alice']);
  assert.deepEqual((await server.hears('presence:watch', 3))[2], { ids: ['user:bob'] });
});

it('whoever is refused for now is asked for again later', async () => {
  const timers = new HandTimers();
  const client = await server.connect({ timers });
  client.watch(['alice', 'bob']);
  await server.hears('presence:watch');
  server.emit('presence:watching', { total: 1, refused: [{ id: 'user:bob', code: 'rate_limited' }] });
  await until(() => client.refusedToWatch.size === 1, 'the refusal');
  timers.pass(AGAIN_AFTER);
  assert.deepEqual((await server.hears('presence:watch', 2))[1], { ids: ['user:bob'] });
  assert.equal(client.refusedToWatch.size, 0);
});

it('a long list goes in messages that the server takes', async () => {
  const client = await server.connect();
  client.watch(Array.from({ length: 1_000 }, (_, i) => `p${i}`));
  const messages = await server.hears('presence:watch', 3);
  assert.equal(messages.flatMap(({ ids }) => ids).length, 1_000);
  assert.ok(messages.every(({ ids }) => ids.length * 140 < 64 * 1024));
});

it('people watched are held and drawn like any others', async () => {
  const client = await server.connect();
  const told = [];
  client.subscribe('alice', ({ dot }) => told.push(dot));
  client.watch(['alice']);
  await server.hears('presence:watch');
  server.snapshot([status('alice', { status: 'busy' })], { partial: true });
  await until(() => told.length === 2, 'the dot');
  assert.deepEqual(told, ['unknown', 'busy']);
});
