// People who only call REST: they come by a request, go by silence, and read presence under the same rules of visibility.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { badTokens } from '../harness/jwt.js';
import { call, demand } from '../harness/rest.js';
import { heardNothing, story } from '../harness/story.js';

story('presence over REST', {}, ({ server, world }) => {
  const presence = async (person, query, path = '/users/presence') => {
    const answer = await person.rest('GET', `${path}?${query}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.data.users;
  };

  for (const path of ['/users/presence', '/api/v1/users/presence']) {
    it(`${path} answers in order, once per id, and shows strangers as unknown`, async () => {
      const place = world();
      const { alice, bob, carol, mallory, salon } = await place.usual();
      const guest = await place.guest('Gus', salon);
      await bob.connect();
      await mallory.connect();
      const asked = [carol.id, bob.id, mallory.id, bob.id, 'nobody', alice.id, guest.id];
      const users = await presence(alice, `ids=${asked.join(',')}`, path);
      assert.deepEqual(users.map(({ userId }) => userId), [carol.id, bob.id, mallory.id, 'nobody', alice.id, guest.id]);
      const by = Object.fromEntries(users.map((user) => [user.userId, user]));
      assert.equal(by[bob.id].isOnline, true);
      assert.notEqual(by[bob.id].lastActiveAt, null);
      for (const id of [mallory.id, 'nobody']) assert.deepEqual([by[id].isOnline, by[id].lastActiveAt], [false, null]);
      const asGuest = await presence(guest, `ids=${bob.id},${mallory.id}`, path);
      assert.deepEqual(asGuest.map(({ isOnline }) => isOnline), [true, false]);
    });

    it(`${path} takes 1 to 200 ids and needs a credential`, async () => {
      const { alice } = await world().usual();
      const ids = (n) => Array.from({ length: n }, (_, i) => `u${i}`).join(',');
      assert.equal((await presence(alice, `ids=${ids(200)}`, path)).length, 200);
      for (const query of ['', 'ids=', 'ids=,', `ids=${ids(201)}`]) assert.equal((await alice.rest('GET', `${path}?${query}`)).status, 400, query.slice(0, 10));
      assert.equal((await call(server, 'GET', `${path}?ids=a`)).status, 401);
    });
  }

  it('a request brings a person online, and reading presence does not', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const mark = watcher.mark();
    await presence(bob, `ids=${alice.id}`);
    await heardNothing(watcher, bob.id, mark, async () => {
      await carol.acts();
      await watcher.hears(carol.id, { isOnline: true, status: 'online' });
    });
  });

  it('a clean leave is not undone by requests of the next seconds, only by a session', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const device = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    device.leave();
    await watcher.hears(bob.id, { isOnline: false });
    const mark = watcher.mark();
    await bob.acts();
    await heardNothing(watcher, bob.id, mark, async () => {
      await carol.acts();
      await watcher.hears(carol.id, { isOnline: true });
    });
    await bob.connect();
    await watcher.hears(bob.id, { isOnline: true }, { since: mark });
  });

  it('requests beside a session open no lease of their own', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const device = await bob.connect();
    await bob.acts();
    device.leave();
    await watcher.hears(bob.id, { isOnline: false });
  });

  it('a request during the grace of a lost session outlives it', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const device = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    const mark = watcher.mark();
    device.drop();
    await watcher.roundTrip();
    await bob.acts();
    await heardNothing(watcher, bob.id, mark, async () => {
      const sentinel = await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
      sentinel.drop();
      await watcher.hears(carol.id, { isOnline: false });
    });
  });

  it('/api/conversations tells members what they share, a guest its one', async () => {
    const place = world();
    const { alice, bob, mallory, salon, kitchen, cellar } = await place.usual();
    const guest = await place.guest('Gus', salon);
    await bob.connect();
    const list = async (person) => (await person.acts()).body.data;
    const rooms = await list(alice);
    assert.deepEqual(rooms.map(({ id }) => id).sort(), [kitchen, salon].sort());
    const room = rooms.find(({ id }) => id === salon);
    assert.deepEqual([room.title, room.memberCount], ['salon', 4]);
    assert.ok(room.onlineCount >= 1 && room.onlineCount <= 4);
    assert.deepEqual((await list(guest)).map(({ id }) => id), [salon]);
    assert.deepEqual((await list(mallory)).map(({ id }) => id), [cellar]);
  });

  it('failures of credentials have exactly their bodies, and a JWT wins also when it is bad', async () => {
    const place = world();
    const { alice, salon } = await place.usual();
    const guest = await place.guest('Gus', salon);
    const refuses = async (credential, body) => {
      const answer = await call(server, 'GET', '/api/conversations', credential);
      assert.deepEqual([answer.status, answer.body], [401, body]);
    };
    await refuses({}, { error: 'Authentication required', code: 'AUTH_REQUIRED' });
    for (const token of Object.values(badTokens(server.secret, alice.id))) await refuses({ token }, { error: 'Invalid JWT token', code: 'AUTH_FAILED' });
    await refuses({ guest: 'anon_unknown' }, { error: 'Invalid session token', code: 'AUTH_FAILED' });
    await refuses({ token: 'bad', guest: guest.token }, { error: 'Invalid JWT token', code: 'AUTH_FAILED' });
    assert.equal((await call(server, 'GET', '/api/conversations', { token: alice.token, guest: 'bad' })).status, 200);
  });

  it('bodies above 1 MiB get 413, addresses above 16 KiB 414 or 431', async () => {
    const big = await call(server, 'POST', '/v1/activity', { key: true, body: `[${' '.repeat(1024 * 1024)}]` });
    assert.equal(big.status, 413);
    const posted = await call(server, 'POST', '/maintenance/user-status', { key: true, body: `{"userId":"${'x'.repeat(1024 * 1024)}"}` });
    assert.equal(posted.status, 413);
    const { status } = await call(server, 'GET', `/users/presence?ids=${'a'.repeat(16 * 1024)}`);
    assert.ok([414, 431].includes(status), `answered ${status}`);
  });

  it('no origin is allowed unless configured', async () => {
    for (const path of ['/health', '/socket.io/?EIO=4&transport=polling', '/api/conversations']) {
      const answer = await call(server, 'GET', path, { headers: { origin: 'http://localhost:5173' } });
      assert.equal(answer.headers['access-control-allow-origin'], undefined, path);
    }
  });
});

const OFFLINE_AFTER = 3_000;

/** Its neighbours must be shorter: the throttle, the guard, and the longest silence of a session. */
const settings = {
  VIGIE_OFFLINE_AFTER: `${OFFLINE_AFTER}ms`,
  VIGIE_THROTTLE_INTERVAL: '1s',
  VIGIE_LEAVE_GUARD: '1s',
  VIGIE_GRACE: '500ms',
  VIGIE_PING_INTERVAL: '1s',
  VIGIE_PING_TIMEOUT: '1s',
  VIGIE_EIO3_PING_INTERVAL: '1s',
  VIGIE_EIO3_PING_TIMEOUT: '1s',
};

story('the end of a REST lease', { settings }, ({ world }) => {
  it('is announced after the silence, with the last activity', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    await bob.acts();
    await watcher.hears(bob.id, { isOnline: true });
    const last = Date.now();
    await bob.acts();
    const answered = Date.now();
    const offline = await watcher.hears(bob.id, { isOnline: false }, { within: OFFLINE_AFTER + 3_000 });
    assert.ok(Date.now() - last >= OFFLINE_AFTER - 100);
    assert.equal(offline.lastActiveAt, offline.lastSeenAt);
    const seen = Date.parse(offline.lastSeenAt);
    assert.ok(seen >= last && seen <= answered, 'throttled activity counts for the lease and its end');
  });
});
