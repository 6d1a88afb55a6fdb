// Who is in a conversation, and who is watched outside of it, by the official clients.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { V2, V4, V4_POLLING } from '../harness/flavours.js';
import { demand } from '../harness/rest.js';
import { story } from '../harness/story.js';
import { until } from '../harness/wait.js';

/** A client's belief about one conversation, made of what it is sent. */
function room(client, conversationId) {
  const view = () => {
    const members = new Map();
    let counts;
    for (const { event, payload } of client.log.filter(({ event }) => event.startsWith('conversation:presence'))) {
      if (payload.conversationId !== conversationId) continue;
      if (event === 'conversation:presence') members.clear();
      for (const entry of [...(payload.members ?? []), ...(payload.joins ?? []), ...(payload.updates ?? [])]) members.set(entry.userId, entry);
      for (const id of payload.leaves ?? []) members.delete(id);
      counts = payload.counts;
    }
    return { members, counts };
  };
  client.emit('conversation:join', { conversationId, presence: true, metadata: { device: 'test' } });
  return {
    shows: (expected) =>
      until(() => {
        const { members } = view();
        return Object.entries(expected).every(([id, here]) => (here === null ? !members.has(id) : members.get(id)?.here === here));
      }, `the room shows ${JSON.stringify(expected)}`),
    view,
  };
}

story('presence of a conversation', {}, ({ world }) => {
  for (const flavour of [V4, V4_POLLING, V2]) {
    it(`${flavour.name}: who is online and who is here are two facts`, async () => {
      const { alice, bob, salon } = await world().usual();
      const watcher = await alice.connect(flavour);
      const looks = room(watcher, salon);
      await looks.shows({ [alice.id]: true, [bob.id]: null });
      const device = await bob.connect(flavour);
      await looks.shows({ [bob.id]: false });
      device.emit('conversation:join', { conversationId: salon });
      await looks.shows({ [bob.id]: true });
      assert.deepEqual(looks.view().members.get(alice.id).metadata, { device: 'test' });
      device.emit('conversation:leave', { conversationId: salon });
      await looks.shows({ [bob.id]: false });
      device.leave();
      await looks.shows({ [bob.id]: null });
      const { online, here } = looks.view().counts;
      assert.deepEqual({ online, here }, { online: 1, here: 1 });
    });
  }

  it('whoever may not be seen looks like nobody, also when watched', async () => {
    const place = world();
    const { alice, mallory } = await place.usual();
    const watcher = await alice.connect();
    watcher.emit('presence:watch', { ids: [`user:${mallory.id}`, 'user:nobody-at-all', '?'] });
    const answer = await watcher.next('presence:watching');
    assert.deepEqual(answer, { total: 2, refused: [{ id: '?', code: 'invalid_id' }] });
    const { users } = await watcher.next('presence:snapshot', ({ partial }) => partial);
    const alike = users.map(({ userId, username, ...rest }) => rest);
    assert.deepEqual(alike[0], alike[1]);
    const mark = watcher.mark();
    await mallory.connect();
    await watcher.roundTrip();
    assert.deepEqual(watcher.told(mallory.id, mark), []);
  });
});
