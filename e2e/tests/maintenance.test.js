// The maintenance routes under all their mounts: access, answers and French words that deployed scripts rely on.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mint } from '../harness/jwt.js';
import { call, demand } from '../harness/rest.js';
import { story } from '../harness/story.js';

const MOUNTS = ['/maintenance', '/api', '/api/maintenance', '/api/v1', '/api/v1/maintenance'];

const ROUTES = [['GET', 'stats'], ['GET', 'status-metrics'], ['POST', 'status-metrics/reset'], ['POST', 'cleanup']];

story('access to maintenance', {}, ({ server, world }) => {
  const as = (role, id = `op-${role}`) => ({ token: mint(server.secret, { userId: id, username: id, role }) });

  for (const mount of MOUNTS) {
    it(`${mount} answers admins and the API key, and refuses everybody else in its own words`, async () => {
      const place = world();
      const { alice, salon } = await place.usual();
      const guest = await place.guest('Gus', salon);
      for (const [method, route] of [...ROUTES, ['POST', 'user-status']]) {
        const path = `${mount}/${route}`;
        const body = route === 'user-status' ? { userId: alice.id, isOnline: false } : undefined;
        for (const credential of [as('ADMIN'), as('BIGBOSS'), { key: true }, { headers: { authorization: `Bearer ${server.apiKey}` } }]) {
          const { status } = await call(server, method, path, { ...credential, body });
          assert.equal(status, 200, `${method} ${path}`);
        }
        const refuses = async (credential, status, code) => {
          const answer = await call(server, method, path, { ...credential, body });
          assert.equal(answer.status, status, `${method} ${path}`);
          assert.equal(answer.body.success, false);
          if (code) assert.equal(answer.body.code, code);
        };
        await refuses({}, 401, 'AUTH_REQUIRED');
        await refuses({ token: 'forged' }, 401, 'AUTH_FAILED');
        await refuses({ key: 'wrong' }, 401);
        await refuses({ guest: guest.token }, 403, 'REGISTERED_USER_REQUIRED');
        for (const role of ['USER', 'MODERATOR', 'MODO', 'AUDIT', 'ANALYST', undefined]) await refuses(as(role, `plain-${role}`), 403);
      }
    });
  }

  it('a role set through the API overrides the one in the token', async () => {
    const { alice, bob } = await world().usual();
    await demand(server, 'PUT', `/v1/users/${alice.id}`, { key: true, body: { role: 'USER' } });
    await demand(server, 'PUT', `/v1/users/${bob.id}`, { key: true, body: { role: 'ADMIN' } });
    assert.equal((await call(server, 'GET', '/maintenance/stats', as('ADMIN', alice.id))).status, 403);
    assert.equal((await call(server, 'GET', '/maintenance/stats', as('USER', bob.id))).status, 200);
  });

  it('the API key proves no person', async () => {
    const { status } = await call(server, 'GET', '/api/conversations', { key: true });
    assert.equal(status, 401);
  });
});

story('the answers of maintenance', { concurrency: 1 }, ({ server, world }) => {
  const post = (route, body) => call(server, 'POST', `/maintenance/${route}`, { key: true, body });
  const stats = async () => (await demand(server, 'GET', '/maintenance/stats', { key: true })).body.data;

  it('stats count users and guests, away included', async () => {
    const place = world();
    const { alice, bob, salon } = await place.usual();
    const guest = await place.guest('Gus', salon);
    const before = await stats();
    assert.equal(before.offlineThresholdMinutes, 5);
    assert.equal(before.maintenanceActive, true);
    const watcher = await alice.connect();
    const device = await bob.connect();
    await guest.connect();
    device.emit('presence:app-state', { foreground: false });
    await watcher.hears(bob.id, { status: 'away' });
    const after = await stats();
    assert.equal(after.onlineUsers - before.onlineUsers, 2);
    assert.equal(after.onlineAnonymous - before.onlineAnonymous, 1);
    assert.equal(after.totalUsers, before.totalUsers);
    assert.equal(after.anonymousSessions, before.anonymousSessions);
    await place.user('newcomer');
    await place.guest('Other', salon);
    const later = await stats();
    assert.equal(later.totalUsers - after.totalUsers, 1);
    assert.equal(later.anonymousSessions - after.anonymousSessions, 1);
  });

  it('messages are French, to the letter', async () => {
    const { alice } = await world().usual();
    const said = async (route, body) => (await post(route, body)).body;
    assert.deepEqual(await said('status-metrics/reset'), { success: true, message: 'Métriques de statut réinitialisées avec succès' });
    assert.deepEqual(await said('cleanup'), { success: true, message: 'Nettoyage des données expirées terminé' });
    assert.deepEqual(await said('user-status', { userId: alice.id, isOnline: true }), { success: true, message: `Statut utilisateur ${alice.id} mis à jour: en ligne` });
    assert.deepEqual(await said('user-status', { userId: alice.id, isOnline: false }), { success: true, message: `Statut utilisateur ${alice.id} mis à jour: hors ligne` });
  });

  it('user-status is announced, for users and guests; sockets stay, and activity ends a forced absence', async () => {
    const place = world();
    const { alice, bob, salon } = await place.usual();
    const guest = await place.guest('Gus', salon);
    const watcher = await alice.connect();
    for (const person of [bob, guest]) {
      await post('user-status', { userId: person.id, isOnline: true });
      const online = await watcher.hears(person.id, { isOnline: true });
      assert.equal(online.lastActivityAt, null, 'an operator is no activity');
      await post('user-status', { userId: person.id, isOnline: false });
      await watcher.hears(person.id, { isOnline: false });
    }
    let since = watcher.mark();
    const device = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true }, { since });
    since = watcher.mark();
    await post('user-status', { userId: bob.id, isOnline: false });
    await watcher.hears(bob.id, { isOnline: false }, { since });
    await device.roundTrip();
    since = watcher.mark();
    device.emit('presence:activity');
    await watcher.hears(bob.id, { isOnline: true }, { since });
  });

  it('forcing what already is changes nothing', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const mark = watcher.mark();
    assert.equal((await post('user-status', { userId: bob.id, isOnline: false })).status, 200);
    await carol.connect();
    await watcher.hears(carol.id, { isOnline: true });
    assert.deepEqual(watcher.told(bob.id, mark), []);
  });

  it('user-status answers 404 to unknown ids and 400 to bad bodies', async () => {
    const { alice } = await world().usual();
    for (const userId of ['nobody', 'g_nobody']) assert.equal((await post('user-status', { userId, isOnline: true })).status, 404);
    for (const body of [undefined, '', '{', 'null', '[]', '"x"', {}, { userId: alice.id }, { isOnline: true }, { userId: 5, isOnline: true }, { userId: alice.id, isOnline: 'true' }, { userId: alice.id, isOnline: 1 }, { userId: alice.id, isOnline: null }, { userId: '', isOnline: true }, { userId: 'a b', isOnline: true }]) {
      const answer = await post('user-status', body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.equal(answer.body.success, false);
    }
  });

  it('health, liveness and readiness are open', async () => {
    const health = await call(server, 'GET', '/health');
    assert.equal(health.status, 200);
    assert.deepEqual(health.body.services, { database: { status: 'up' }, websocket: { status: 'up' } });
    for (const probe of ['/livez', '/readyz']) assert.equal((await call(server, 'GET', probe)).status, 200);
  });
});

/** Headers that a proxy or a browser adds; with any of them a loopback peer is not an operator on the machine. */
const FOREIGN_HEADERS = [
  ['forwarded', 'for=192.0.2.1'], ['x-forwarded-for', '192.0.2.1'], ['x-forwarded-proto', 'https'], ['x-real-ip', '192.0.2.1'],
  ['origin', 'http://localhost:5173'], ['sec-fetch-mode', 'cors'], ['sec-fetch-site', 'same-site'],
];

for (const [mode, settings] of [
  ['development mode', { JWT_SECRET: undefined }],
  ['VIGIE_MAINTENANCE_OPEN=loopback', { VIGIE_MAINTENANCE_OPEN: 'loopback' }],
]) {
  story(`maintenance in ${mode}`, { settings, printsToken: true }, ({ server }) => {
    it('is open to a loopback peer, unless something stands between', async () => {
      assert.equal((await call(server, 'GET', '/maintenance/stats')).status, 200);
      for (const [name, value] of FOREIGN_HEADERS) {
        const answer = await call(server, 'GET', '/maintenance/stats', { headers: { [name]: value } });
        assert.equal(answer.status, 401, name);
      }
    });
  });
}

story('development mode', { settings: { JWT_SECRET: undefined }, printsToken: true }, ({ server }) => {
  it('prints a token that works', async () => {
    const [token] = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/.exec(server.log);
    assert.equal((await call(server, 'GET', '/api/conversations', { token })).status, 200);
  });
});
