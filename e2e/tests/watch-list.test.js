// People watched outside one's conversations: seen as far as they let everyone see, counted, and given back by difference.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Client } from '../harness/client.js';
import { V2, V4, V4_POLLING } from '../harness/flavours.js';
import { heardNothing, story } from '../harness/story.js';
import { until } from '../harness/wait.js';

const ask = async (client, event, ...people) => {
  const since = client.mark();
  client.emit(event, { ids: people.map(({ principal }) => principal) });
  return client.next('presence:watching', () => true, { since });
};

story('a watch list', {}, ({ world }) => {
  for (const flavour of [V4, V4_POLLING, V2]) {
    it(`${flavour.name}: a stranger who lets everyone see is followed until watched no more`, async () => {
      const place = world();
      const { alice, bob, mallory } = await place.usual();
      await place.show(mallory, [alice]);
      const watcher = await alice.connect(flavour);
      assert.equal(watcher.view(mallory.id), undefined);
      assert.deepEqual(await ask(watcher, 'presence:watch', mallory, bob), { total: 2, refused: [] });
      const { users } = await watcher.next('presence:snapshot', ({ partial }) => partial);
      assert.deepEqual(users.map(({ userId }) => userId).sort(), [bob.id, mallory.id]);
      const mark = watcher.mark();
      const device = await mallory.connect(flavour);
      await watcher.hears(mallory.id, { isOnline: true }, { since: mark });
      device.emit('presence:status', { status: 'busy', text: 'On a train' });
      await watcher.hears(mallory.id, { status: 'busy', statusText: 'On a train' }, { since: mark });
      const answer = await ask(watcher, 'presence:unwatch', mallory, bob);
      assert.deepEqual(answer, { total: 0, refused: [], gone: [mallory.principal] });
      const later = watcher.mark();
      device.leave();
      await heardNothing(watcher, mallory.id, later, async () => {
        // Watched no more either, and told of as a contact.
        await bob.connect(flavour);
        await watcher.hears(bob.id, { isOnline: true }, { since: later });
      });
    });

    it(`${flavour.name}: a list goes with its session over a loss, and who is watched may begin and end to be seen`, async () => {
      const place = world();
      const { alice, bob, mallory } = await place.usual();
      await mallory.connect(flavour);
      const first = await alice.connect(flavour);
      await ask(first, 'presence:watch', mallory);
      const { session } = first;
      first.drop();
      const second = await resumed(alice, flavour, session);
      const welcome = second.all('authenticated').at(-1);
      assert.deepEqual([welcome.session, welcome.watching], [session, 1]);
      let mark = second.mark();
      await place.show(mallory, [alice]);
      await second.hears(mallory.id, { isOnline: true }, { since: mark });
      mark = second.mark();
      const hidden = await mallory.rest('PUT', '/v1/privacy/me', { body: { availability: 'contacts', lastSeen: 'contacts' } });
      assert.equal(hidden.status, 200);
      await until(() => second.told(mallory.id, mark).at(-1)?.username === mallory.id, 'mallory is nobody again');
      const [{ isOnline, lastActiveAt, seq }] = second.told(mallory.id, mark).slice(-1);
      assert.deepEqual([isOnline, lastActiveAt, seq], [false, null, undefined]);
      assert.equal(second.view(bob.id).isOnline, false);
    });
  }
});

/** Comes back by the event, which all clients have: those of version 2 have no `auth`. */
async function resumed({ id, token, world: { server } }, flavour, session) {
  const client = new Client(server.url, flavour, { label: id, owner: id });
  server.clients.add(client);
  client.emit('authenticate', { token, resume: session });
  return client.ready();
}
