// Typing is told to the conversation's other sockets, by members, to members; and it counts as activity.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS } from '../harness/flavours.js';
import { story } from '../harness/story.js';

story('typing', {}, ({ world }) => {
  const joined = async (person, flavour, conversationId) => {
    const client = await person.connect(flavour);
    client.emit('conversation:join', { conversationId });
    await client.next('conversation:joined');
    return client;
  };

  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: starts and stops reach the others in the conversation`, async () => {
      const { alice, bob, carol, salon, kitchen } = await world().usual();
      const writer = await joined(alice, flavour, salon);
      const reader = await joined(bob, flavour, salon);
      const elsewhere = await joined(carol, flavour, kitchen);
      writer.emit('typing:start', { conversationId: salon });
      const start = await reader.next('typing:start');
      assert.deepEqual([start.conversationId, start.userId], [salon, alice.id]);
      writer.emit('typing:stop', { conversationId: salon });
      await reader.next('typing:stop', ({ userId }) => userId === alice.id);
      for (const client of [writer, elsewhere]) {
        await client.roundTrip();
        assert.deepEqual([...client.all('typing:start'), ...client.all('typing:stop')], [], 'not to the writer, not elsewhere');
      }
    });
  }

  it('a stranger who types is told to nobody', async () => {
    const { alice, mallory, salon } = await world().usual();
    const reader = await joined(alice, undefined, salon);
    const stranger = await mallory.connect();
    stranger.emit('typing:start', { conversationId: salon });
    stranger.emit('typing:stop', { conversationId: salon });
    await stranger.roundTrip();
    await reader.roundTrip();
    assert.deepEqual([...reader.all('typing:start'), ...reader.all('typing:stop')], []);
  });

  it('nonsense about typing is ignored', async () => {
    const { alice, bob, salon } = await world().usual();
    const writer = await joined(alice, undefined, salon);
    const reader = await joined(bob, undefined, salon);
    for (const payload of [null, 5, 'x', [], {}, { conversationId: 5 }, { conversationId: 'nowhere' }]) {
      writer.emit('typing:start', payload);
      writer.emit('typing:stop', payload);
    }
    writer.emit('typing:start');
    writer.emit('typing:stop');
    await writer.roundTrip();
    await reader.roundTrip();
    assert.deepEqual([...reader.all('typing:start'), ...reader.all('typing:stop')], []);
  });

  it('a guest who types is told under its participant id', async () => {
    const place = world();
    const { alice, salon } = await place.usual();
    const guest = await place.guest('Gus', salon);
    const reader = await joined(alice, undefined, salon);
    const writer = await joined(guest, undefined, salon);
    writer.emit('typing:start', { conversationId: salon });
    await reader.next('typing:start', ({ userId }) => userId === guest.id);
  });
});
