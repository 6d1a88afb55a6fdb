// Two people see each other come and leave, and strangers see nothing: with every generation and transport of the official clients.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS, V2_POLLING, V4, V4_POLLING, V2 } from '../harness/flavours.js';
import { heardNothing, story } from '../harness/story.js';

const PAIRS = [...FLAVOURS.map((flavour) => [flavour, flavour]), [V4, V2_POLLING], [V2, V4_POLLING]];

/** A clean leave is told at once; below the grace of 4 s it cannot have waited for a deadline. */
const AT_ONCE = 3_000;

story('people meet and part', {}, ({ world }) => {
  for (const [watching, coming] of PAIRS) {
    it(`${watching.name} sees ${coming.name} come and leave`, async () => {
      const { alice, bob } = await world().usual();
      const watcher = await alice.connect(watching);
      const [first] = watcher.all('presence:snapshot');
      const before = first.users.find((user) => user.userId === bob.id);
      assert.equal(before.isOnline, false, 'people who are offline are in the snapshot');
      assert.equal(before.lastActiveAt, null, 'unknown is null');
      assert.equal(before.username, 'bob');

      const arrival = Date.now();
      const comer = await bob.connect(coming);
      const online = await watcher.hears(bob.id, { isOnline: true, status: 'online' });
      assert.ok(Date.parse(online.lastActiveAt) >= arrival - 50, 'active from the start of the session');
      assert.equal(comer.all('presence:snapshot')[0].users.find((user) => user.userId === alice.id).isOnline, true);

      const mark = watcher.mark();
      comer.leave();
      const offline = await watcher.hears(bob.id, { isOnline: false, status: 'offline' }, { since: mark, within: AT_ONCE });
      assert.ok(Date.parse(offline.lastActiveAt) >= Date.parse(online.lastActiveAt), 'times never go back');
      assert.equal(offline.lastActiveAt, offline.lastSeenAt, 'after a leave the last proof is what is shown');
      assert.equal(watcher.told(bob.id).length, 2, 'once per change, although two conversations are shared');
    });

    it(`${watching.name} as a stranger sees nothing of ${coming.name}`, async () => {
      const { bob, mallory, trudy } = await world().usual();
      const stranger = await mallory.connect(watching);
      assert.deepEqual(stranger.all('presence:snapshot')[0].users.map((user) => user.userId), [trudy.id]);
      const mark = stranger.mark();
      const comer = await bob.connect(coming);
      comer.leave();
      await heardNothing(stranger, bob.id, mark, async () => {
        await trudy.connect(coming);
        await stranger.hears(trudy.id, { isOnline: true });
      });
    });
  }

  for (const flavour of FLAVOURS) {
    it(`${flavour.name} is welcomed, then gets its snapshot`, async () => {
      const { alice } = await world().usual();
      const client = await alice.connect(flavour);
      assert.deepEqual(client.log.slice(0, 2).map(({ event }) => event), ['authenticated', 'presence:snapshot']);
      const [welcome] = client.all('authenticated');
      assert.equal(welcome.user.id, alice.id);
      assert.equal(welcome.user.isAnonymous, false);
      const [snapshot] = client.all('presence:snapshot');
      assert.equal(snapshot.total, 2);
      assert.equal(snapshot.truncated, false);
    });

    it(`${flavour.name} as a guest is seen and sees`, async () => {
      const place = world();
      const { alice, bob, carol, salon } = await place.usual();
      const guest = await place.guest('Gus', salon);
      const watcher = await alice.connect();
      const comer = await guest.connect(flavour);
      const online = await watcher.hears(guest.id, { isOnline: true });
      assert.equal(online.username, 'Gus');
      assert.ok(guest.id.startsWith('g_'));
      const [welcome] = comer.all('authenticated');
      assert.deepEqual([welcome.user.id, welcome.user.isAnonymous], [guest.id, true]);
      await comer.next('presence:snapshot', ({ users }) => users.some(({ userId, isOnline }) => userId === alice.id && isOnline));
      const mark = watcher.mark();
      comer.leave();
      await watcher.hears(guest.id, { isOnline: false }, { since: mark, within: AT_ONCE });
    });
  }

  it('a person who joins a conversation later becomes visible from then on', async () => {
    const place = world();
    const { alice, mallory } = await place.users('alice', 'mallory');
    const watcher = await alice.connect();
    await mallory.connect();
    assert.equal(watcher.view(mallory.id), undefined);
    await place.conversation('attic', [alice, mallory]);
    const second = await alice.connect();
    assert.equal(second.view(mallory.id).isOnline, true);
  });

  it('a membership that begins while both are connected tells of the next change', async () => {
    const place = world();
    const { alice, mallory } = await place.users('alice', 'mallory');
    const watcher = await alice.connect();
    const device = await mallory.connect();
    await place.conversation('attic', [alice, mallory]);
    device.leave();
    await watcher.hears(mallory.id, { isOnline: false });
  });

  it('names come from the display name, else first and last, else the username', async () => {
    const place = world();
    const alice = await place.user('alice');
    const shown = await place.user('dora', { displayName: 'Dora the Bold', firstName: 'D', lastName: 'B' });
    const plain = await place.user('emil', { firstName: 'Emil', lastName: 'Berg' });
    const bare = await place.user('finn');
    await place.conversation('names', [alice, shown, plain, bare]);
    const watcher = await alice.connect();
    const names = [shown, plain, bare].map(({ id }) => watcher.view(id).username);
    assert.deepEqual(names, ['Dora the Bold', 'Emil Berg', 'finn']);
  });

  it('a valid token creates its user on first sight', async () => {
    const place = world();
    const nina = place.stranger('nina', { firstName: 'Nina', lastName: 'Noor' });
    await nina.connect();
    const alice = await place.user('alice');
    await place.conversation('meeting', [alice, nina]);
    const watcher = await alice.connect();
    assert.deepEqual([watcher.view(nina.id).isOnline, watcher.view(nina.id).username], [true, 'Nina Noor']);
  });
});
