// What ends a session from outside: the token expires, sessions are revoked, the person is deactivated or deleted.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS, V4, V4_POLLING, V2 } from '../harness/flavours.js';
import { mint, seconds } from '../harness/jwt.js';
import { demand } from '../harness/rest.js';
import { story } from '../harness/story.js';
import { SOON, until } from '../harness/wait.js';

/** Life of a short token in s, and the leeway for clocks that the server may add, in ms. */
const SHORT = 3;
const LEEWAY = 5_000;
const EXPIRES_WITHIN = SHORT * 1_000 + LEEWAY + SOON;

story('the life of a token', { settings: { VIGIE_GRACE: '1s' } }, ({ server, world }) => {
  const shortLived = (person) => mint(server.secret, { userId: person.id, username: person.name, exp: seconds(SHORT) });

  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: a token that expires while connected closes, and counts as an abrupt loss`, async () => {
      const { alice, bob } = await world().usual();
      const watcher = await alice.connect();
      bob.token = shortLived(bob);
      const client = await bob.connect(flavour);
      await watcher.hears(bob.id, { isOnline: true });
      await client.next('auth:token-expired', ({ code }) => code === 'token_expired', { within: EXPIRES_WITHIN });
      await client.closed();
      await watcher.hears(bob.id, { isOnline: false });
    });

    it(`${flavour.name}: authenticate renews a token before it expires`, async () => {
      const { alice, bob } = await world().usual();
      const watcher = await alice.connect();
      const longLived = bob.token;
      bob.token = shortLived(bob);
      const renewed = await bob.connect(flavour);
      const left = await bob.connect(V4);
      const mark = renewed.mark();
      renewed.emit('authenticate', { token: longLived });
      await renewed.next('authenticated', ({ success }) => success, { since: mark });
      await left.next('auth:token-expired', () => true, { within: EXPIRES_WITHIN });
      await renewed.roundTrip();
      assert.deepEqual(renewed.all('auth:token-expired'), []);
      assert.equal(renewed.connected, true);
      assert.equal(watcher.told(bob.id).length, 1, 'renewing is no change of presence');
    });
  }

  it('authenticate renews only as the same person', async () => {
    const { alice, bob } = await world().usual();
    const client = await bob.connect();
    client.emit('authenticate', { token: alice.token });
    client.emit('heartbeat', {});
    await until(() => client.all('heartbeat:ack').length > 0 || !client.connected, 'an answer or the end');
    assert.ok(client.all('authenticated').every(({ success, user }) => !success || user.id === bob.id));
  });

  it('revoking the sessions of a person ends all its devices at once, cleanly', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const devices = await Promise.all([V4, V4_POLLING, V2].map((flavour) => bob.connect(flavour)));
    await watcher.hears(bob.id, { isOnline: true });
    await demand(server, 'DELETE', `/v1/users/${bob.id}/sessions`, { key: true });
    for (const device of devices) {
      const { reason } = await device.next('auth:session-revoked', ({ code }) => code === 'session_revoked');
      assert.equal(typeof reason, 'string');
      await device.closed();
    }
    await watcher.hears(bob.id, { isOnline: false });
    assert.equal(watcher.told(bob.id).length, 2);
  });

  it('a person may log itself out everywhere, but nobody else', async () => {
    const { alice, bob } = await world().usual();
    const device = await bob.connect();
    const foreign = await alice.rest('DELETE', `/v1/users/${bob.id}/sessions`);
    assert.ok([401, 403, 404].includes(foreign.status), `answered ${foreign.status}`);
    await device.roundTrip();
    await demand(server, 'DELETE', `/v1/users/${bob.id}/sessions`, { token: bob.token });
    await device.next('auth:session-revoked');
    await device.closed();
  });

  it('deactivating cuts the sockets, tells watchers, and activating lets the person return', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const device = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    await demand(server, 'PUT', `/v1/users/${bob.id}`, { key: true, body: { isActive: false } });
    await device.next('auth:session-revoked');
    await device.closed();
    await watcher.hears(bob.id, { isOnline: false });
    const refused = await bob.rest('GET', '/api/conversations');
    assert.deepEqual([refused.status, refused.body.code], [401, 'AUTH_FAILED']);
    await demand(server, 'PUT', `/v1/users/${bob.id}`, { key: true, body: { isActive: true } });
    const mark = watcher.mark();
    await bob.connect();
    await watcher.hears(bob.id, { isOnline: true }, { since: mark });
  });

  it('deleting a user cuts its sockets', async () => {
    const { bob } = await world().usual();
    const device = await bob.connect();
    await demand(server, 'DELETE', `/v1/users/${bob.id}`, { key: true });
    await device.next('auth:session-revoked');
    await device.closed();
  });

  it('ending a guest cuts its sockets, tells watchers and voids its token', async () => {
    const place = world();
    const { alice, salon } = await place.usual();
    const guest = await place.guest('Gus', salon);
    const watcher = await alice.connect();
    const device = await guest.connect();
    await watcher.hears(guest.id, { isOnline: true });
    await demand(server, 'DELETE', `/v1/guests/${guest.id}`, { key: true });
    await device.closed();
    await watcher.hears(guest.id, { isOnline: false });
    const refused = await guest.rest('GET', '/api/conversations');
    assert.deepEqual([refused.status, refused.body], [401, { error: 'Invalid session token', code: 'AUTH_FAILED' }]);
  });

  it('a guest whose time is over while connected is cut', async () => {
    const place = world();
    const { alice, salon } = await place.usual();
    const watcher = await alice.connect();
    const guest = await place.guest('Gus', salon, { expiresAt: new Date(Date.now() + SHORT * 1_000).toISOString() });
    const device = await guest.connect();
    await watcher.hears(guest.id, { isOnline: true });
    await device.closed(EXPIRES_WITHIN);
    await watcher.hears(guest.id, { isOnline: false });
    assert.equal((await guest.rest('GET', '/api/conversations')).status, 401);
  });
});
