// Opening and closing the view of a conversation: members only, refused with a reason, and never a condition for presence.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS, V2, V4 } from '../harness/flavours.js';
import { demand } from '../harness/rest.js';
import { story } from '../harness/story.js';

/** At most one online list in this time, and how long a test waits for one, in ms. */
const STATS_PERIOD = 10_000;
const STATS_WITHIN = STATS_PERIOD + 5_000;

/** Names in one online list. */
const STATS_NAMES = 50;

story('the view of a conversation', {}, ({ server, world }) => {
  const joins = async (client, conversationId) => {
    const since = client.mark();
    client.emit('conversation:join', { conversationId });
    await client.next('conversation:joined', (answer) => answer.conversationId === conversationId, { since });
  };
  const refusedToJoin = async (client, payload, reason) => {
    const since = client.mark();
    client.emit('conversation:join', ...(payload === undefined ? [] : [payload]));
    const refusal = await client.next('conversation:join-error', () => true, { since });
    assert.equal(refusal.reason, reason, JSON.stringify(payload));
    return refusal;
  };

  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: a member joins and leaves, a stranger is refused`, async () => {
      const { alice, mallory, salon } = await world().usual();
      const member = await alice.connect(flavour);
      member.emit('conversation:join', { conversationId: salon });
      assert.deepEqual(await member.next('conversation:joined'), { conversationId: salon, userId: alice.id });
      member.emit('conversation:leave', { conversationId: salon });
      assert.deepEqual(await member.next('conversation:left'), { conversationId: salon, userId: alice.id });
      const stranger = await mallory.connect(flavour);
      const refusal = await refusedToJoin(stranger, { conversationId: salon }, 'not_a_member');
      assert.equal(refusal.conversationId, salon);
    });

    it(`${flavour.name}: leaving a view does not stop the news of people`, async () => {
      const { alice, bob, salon } = await world().usual();
      const watcher = await alice.connect(flavour);
      await joins(watcher, salon);
      watcher.emit('conversation:leave', { conversationId: salon });
      await watcher.next('conversation:left');
      await bob.connect();
      await watcher.hears(bob.id, { isOnline: true });
    });
  }

  it('an unknown conversation is refused as a foreign one is', async () => {
    const { alice, cellar } = await world().usual();
    const client = await alice.connect();
    const foreign = await refusedToJoin(client, { conversationId: cellar }, 'not_a_member');
    const unknown = await refusedToJoin(client, { conversationId: 'nowhere' }, 'not_a_member');
    assert.equal(foreign.message, unknown.message, 'what exists is not told to strangers');
  });

  it('payloads that name no conversation are refused as invalid', async () => {
    const { alice } = await world().usual();
    const client = await alice.connect();
    for (const payload of [undefined, null, {}, [], 5, { conversationId: 5 }, { conversationId: null }, { conversationId: '' }, { conversationId: 'x'.repeat(129) }, { conversationId: 'a b' }, { conversationId: { $ne: 1 } }]) {
      await refusedToJoin(client, payload, 'invalid_payload');
    }
    await client.roundTrip();
  });

  it('a guest joins its own conversation only', async () => {
    const place = world();
    const { alice, salon, kitchen } = await place.usual();
    const guest = await place.guest('Gus', salon);
    const client = await guest.connect();
    await joins(client, salon);
    await refusedToJoin(client, { conversationId: kitchen }, 'not_a_member');
  });

  it('who is no longer a member is refused and told nothing more', async () => {
    const place = world();
    const { alice, bob, mallory } = await place.usual();
    const attic = await place.conversation('attic', [mallory, bob]);
    const client = await mallory.connect();
    await joins(client, attic);
    await demand(server, 'DELETE', `/v1/conversations/${attic}/members/user:${mallory.id}`, { key: true });
    const since = client.mark();
    client.emit('conversation:join', { conversationId: attic });
    const { reason } = await client.next('conversation:join-error', () => true, { since });
    assert.match(reason, /^(no_longer_member|not_a_member)$/);
    const mark = client.mark();
    const watcher = await alice.connect();
    await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    const writer = await bob.connect();
    await joins(writer, attic);
    writer.emit('typing:start', { conversationId: attic });
    await writer.roundTrip();
    await client.roundTrip();
    assert.deepEqual(client.told(bob.id, mark), []);
    assert.deepEqual(client.all('typing:start'), []);
  });

  it('joining twice is answered twice', async () => {
    const { alice, salon } = await world().usual();
    const client = await alice.connect();
    await joins(client, salon);
    await joins(client, salon);
  });

  for (const flavour of [V4, V2]) {
    it(`${flavour.name}: the online list goes to sockets that joined, not to others`, async () => {
      const { alice, bob, carol, salon } = await world().usual();
      const inside = await alice.connect(flavour);
      await joins(inside, salon);
      const outside = await carol.connect(flavour);
      const mark = inside.mark();
      await bob.connect();
      const stats = await inside.next(
        'conversation:online_stats',
        ({ conversationId, onlineUsers }) => conversationId === salon && onlineUsers.some(({ id }) => id === bob.id),
        { since: mark, within: STATS_WITHIN },
      );
      assert.equal(stats.onlineUsers.find(({ id }) => id === bob.id).username, 'bob');
      assert.ok(stats.onlineCount >= 2);
      await outside.roundTrip();
      assert.deepEqual(outside.all('conversation:online_stats'), []);
    });
  }

  it('the online list holds at most fifty names and counts everybody', async () => {
    const place = world();
    const alice = await place.user('alice');
    const crowd = await Promise.all(Array.from({ length: 60 }, (_, i) => place.user(`crowd${i}`)));
    const square = await place.conversation('square', [alice, ...crowd]);
    const watcher = await alice.connect();
    await joins(watcher, square);
    await demand(server, 'POST', '/v1/activity', { key: true, body: crowd.map(({ id }) => ({ userId: id })) });
    const stats = await watcher.next('conversation:online_stats', ({ onlineCount }) => onlineCount >= crowd.length, { within: 2 * STATS_WITHIN });
    assert.equal(stats.onlineUsers.length, STATS_NAMES);
  });

  it('a flood of joins is refused or answered, and the rest of the server does not notice', async () => {
    const { alice, bob, salon } = await world().usual();
    const watcher = await alice.connect();
    const flood = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    for (let i = 0; i < 5_000; i += 1) flood.emit('conversation:join', { conversationId: i % 2 ? salon : `none-${i}` });
    await watcher.roundTrip();
    const { reason } = await flood.next('conversation:join-error', ({ reason: why }) => why === 'rate_limited');
    assert.equal(reason, 'rate_limited');
    await watcher.roundTrip();
    assert.equal(watcher.connected, true);
  });
});
