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

  for (const flavour of [V4, V4_POLLING, V2]) {
    it(`${flavour.name}: who is no member any more looks at nothing, and is shown to nobody`, async () => {
      const place = world();
      const { alice, bob, salon } = await place.usual();
      const [watcher, device] = await Promise.all([alice.connect(flavour), bob.connect(flavour)]);
      const [looks, own] = [room(watcher, salon), room(device, salon)];
      await looks.shows({ [bob.id]: true });
      await own.shows({ [alice.id]: true });
      device.emit('conversation:metadata', { conversationId: salon, metadata: { page: 4 } });
      await until(() => looks.view().members.get(bob.id)?.metadata?.page === 4, 'the new metadata');
      await place.leave(salon, bob);
      await looks.shows({ [alice.id]: true, [bob.id]: null });
      const left = await device.next('conversation:left');
      assert.deepEqual(left, { conversationId: salon, userId: bob.id, reason: 'no_longer_member' });
      assert.deepEqual(looks.view().counts, { members: 2, online: 1, here: 1 });
      const mark = device.mark();
      watcher.emit('conversation:leave', { conversationId: salon });
      await watcher.next('conversation:left');
      await device.roundTrip();
      assert.deepEqual(device.all('conversation:presence_diff', mark), []);
      device.emit('conversation:join', { conversationId: salon, presence: true });
      assert.equal((await device.next('conversation:join-error')).reason, 'no_longer_member');
    });

    it(`${flavour.name}: a guest who becomes a user is counted once`, async () => {
      const place = world();
      const { alice, salon } = await place.usual();
      const guest = await place.guest('Gil', salon);
      const gus = await place.user('gus');
      const watcher = await alice.connect(flavour);
      const looks = room(watcher, salon);
      const device = await guest.connect(flavour);
      device.emit('conversation:join', { conversationId: salon });
      await looks.shows({ [guest.id]: true });
      const { members } = looks.view().counts;
      await place.becomes(guest, gus, salon);
      assert.equal((await device.next('auth:session-revoked')).reason, 'merged');
      await looks.shows({ [guest.id]: null });
      const user = await gus.connect(flavour);
      user.emit('conversation:join', { conversationId: salon });
      await looks.shows({ [gus.id]: true });
      assert.deepEqual(looks.view().counts, { members, online: 2, here: 2 });
      assert.ok(watcher.all('conversation:presence_diff').every(({ counts }) => counts.members === members), 'never counted twice');
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
