// Activity that other services report: forward-auth of a reverse proxy, and batches by API key.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { call, demand } from '../harness/rest.js';
import { heardNothing, story } from '../harness/story.js';

story('activity reported by other services', {}, ({ server, world }) => {
  const batch = (body, options = { key: true }) => call(server, 'POST', '/v1/activity', { ...options, body });

  it('forward-auth names the person and counts as activity', async () => {
    const place = world();
    const { alice, bob, salon } = await place.usual();
    const guest = await place.guest('Gus', salon);
    const watcher = await alice.connect();
    for (const [person, kind] of [[bob, 'user'], [guest, 'guest']]) {
      const answer = await person.rest('GET', '/v1/auth/forward', { headers: { 'x-vigie-user-id': 'mallory', 'x-vigie-kind': 'admin' } });
      assert.equal(answer.status, 200);
      assert.deepEqual([answer.headers['x-vigie-user-id'], answer.headers['x-vigie-kind']], [person.id, kind]);
      await watcher.hears(person.id, { isOnline: true });
    }
  });

  it('forward-auth refuses, and asks without touching when told so', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const mark = watcher.mark();
    assert.equal((await call(server, 'GET', '/v1/auth/forward')).status, 401);
    const refused = await call(server, 'GET', '/v1/auth/forward', { token: 'forged', headers: { 'x-vigie-user-id': bob.id } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers['x-vigie-user-id'], undefined);
    assert.equal((await bob.rest('GET', '/v1/auth/forward?activity=0')).status, 200);
    await heardNothing(watcher, bob.id, mark, async () => {
      await carol.acts();
      await watcher.hears(carol.id, { isOnline: true });
    });
  });

  it('a batch brings users and guests online and names whom it does not know', async () => {
    const place = world();
    const { alice, bob, carol, salon } = await place.usual();
    const guest = await place.guest('Gus', salon);
    const watcher = await alice.connect();
    const at = new Date(Date.now() - 2_000).toISOString();
    const answer = await batch([{ userId: bob.id }, { userId: carol.id, at }, { guestId: guest.id }, { userId: 'nobody-at-all' }]);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.accepted, 3);
    assert.equal(answer.body.unknown.length, 1);
    assert.match(JSON.stringify(answer.body.unknown), /nobody-at-all/);
    for (const person of [bob, carol, guest]) await watcher.hears(person.id, { isOnline: true });
    assert.equal(watcher.view(carol.id).lastActiveAt, at);
  });

  it('a future time is now, and one before a leave never revives', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const device = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    const before = new Date().toISOString();
    device.leave();
    await watcher.hears(bob.id, { isOnline: false });
    const mark = watcher.mark();
    await batch([{ userId: bob.id, at: before }]);
    await heardNothing(watcher, bob.id, mark, async () => {
      await batch([{ userId: carol.id, at: '2099-01-01T00:00:00.000Z' }]);
      const online = await watcher.hears(carol.id, { isOnline: true });
      assert.ok(Date.parse(online.lastActiveAt) <= Date.now() + 100, 'clamped to now');
    });
  });

  it('a batch needs the key and a list of people, at most 10,000', async () => {
    const { alice } = await world().usual();
    assert.equal((await batch([], {})).status, 401);
    assert.ok([401, 403].includes((await batch([], { token: alice.token })).status));
    for (const body of ['{', 'null', {}, [5], [{}], [{ userId: 5 }], [{ userId: alice.id, guestId: 'g_x' }], [{ userId: alice.id, at: 5 }], [{ userId: alice.id, at: 'yesterday' }]]) {
      const { status } = await batch(body);
      assert.ok([400, 422].includes(status), `${JSON.stringify(body)} answered ${status}`);
    }
    assert.ok([400, 413, 422].includes((await batch(Array.from({ length: 10_001 }, () => ({ userId: 'x' })))).status));
  });

  it('the directory is idempotent and refuses ids that cannot be', async () => {
    const place = world();
    const { alice, salon } = await place.usual();
    await demand(server, 'PUT', `/v1/conversations/${salon}/members/user:${alice.id}`, { key: true });
    await demand(server, 'PUT', `/v1/conversations/${salon}/members/user:${alice.id}`, { key: true });
    const { body } = await alice.acts();
    assert.equal(body.data.filter(({ id }) => id === salon).length, 1);
    for (const id of ['g_user', 'a%20b', 'x'.repeat(129), 'a%2Fb']) {
      const { status } = await call(server, 'PUT', `/v1/users/${id}`, { key: true, body: {} });
      assert.ok(status >= 400 && status < 500, `${id} answered ${status}`);
    }
    for (const [method, path] of [['PUT', `/v1/users/${alice.id}`], ['POST', '/v1/guests'], ['PUT', `/v1/conversations/${salon}`], ['DELETE', `/v1/conversations/${salon}/members/user:${alice.id}`]]) {
      assert.equal((await call(server, method, path, { body: {} })).status, 401, path);
      assert.ok([401, 403].includes((await alice.rest(method, path, { body: {} })).status), path);
    }
  });
});
