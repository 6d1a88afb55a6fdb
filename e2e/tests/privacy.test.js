// People hide and block by REST, and what a socket is told changes at once, to exactly those whose view changed.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { V2, V4, V4_POLLING } from '../harness/flavours.js';
import { heardNothing, story } from '../harness/story.js';
import { until } from '../harness/wait.js';

const put = async (person, path, body) => {
  const answer = await person.rest('PUT', path, { body });
  assert.ok(answer.status < 300, `PUT ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
};

const privacy = (person, availability, lastSeen) => put(person, '/v1/privacy/me', { availability, lastSeen });

const last = (watcher, { id }, since) => watcher.told(id, since).at(-1);

/** Waits until the last that a socket was told of somebody since `mark` looks like this. */
const comesTo = (watcher, person, look, mark) =>
  until(
    () => Object.entries(look).every(([key, value]) => last(watcher, person, mark) && last(watcher, person, mark)[key] === value),
    `${person.id} ${JSON.stringify(look)} at ${watcher.checker.label}; it has ${JSON.stringify(watcher.told(person.id, mark))}`,
  );

const UNKNOWN = { isOnline: false, status: 'offline', lastActiveAt: null, lastActivityAt: null, lastSeenAt: null, seq: undefined };

story('privacy and blocks', {}, ({ world }) => {
  for (const flavour of [V4, V4_POLLING, V2]) {
    it(`${flavour.name}: who hides is offline and without times, whatever they do, until they show themselves`, async () => {
      const { alice, bob, carol } = await world().usual();
      const watcher = await alice.connect(flavour);
      const own = await bob.connect(flavour);
      await watcher.hears(bob.id, { isOnline: true });
      let mark = watcher.mark();
      await privacy(bob, 'nobody', 'nobody');
      await comesTo(watcher, bob, { ...UNKNOWN, username: 'bob' }, mark);
      mark = watcher.mark();
      own.emit('presence:activity');
      (await bob.connect(flavour)).leave();
      await heardNothing(watcher, bob.id, mark, async () => {
        await carol.connect(flavour);
        await watcher.hears(carol.id, { isOnline: true }, { since: mark });
      });
      const late = await alice.connect(flavour);
      assert.deepEqual([late.view(bob.id).isOnline, late.view(bob.id).lastActiveAt, late.view(bob.id).seq], [false, null, undefined]);
      const asked = await alice.rest('GET', `/users/presence?ids=${bob.id}`);
      const [{ isOnline, lastActiveAt }] = asked.body.data.users;
      assert.deepEqual([isOnline, lastActiveAt], [false, null]);
      await privacy(bob, 'contacts', 'contacts');
      const again = await watcher.hears(bob.id, { isOnline: true, status: 'online' }, { since: mark });
      assert.ok(again.seq > 0 && again.lastActiveAt !== null, JSON.stringify(again));
    });

    it(`${flavour.name}: who hides the times alone is followed without them`, async () => {
      const { alice, bob } = await world().usual();
      const watcher = await alice.connect(flavour);
      const own = await bob.connect(flavour);
      await watcher.hears(bob.id, { isOnline: true });
      let mark = watcher.mark();
      await privacy(bob, 'contacts', 'nobody');
      const timeless = { lastActiveAt: null, lastActivityAt: null, lastSeenAt: null, seq: undefined, lastSeenBucket: 'recently' };
      await comesTo(watcher, bob, { isOnline: true, status: 'online', ...timeless }, mark);
      mark = watcher.mark();
      own.leave();
      await comesTo(watcher, bob, { isOnline: false, status: 'offline', ...timeless }, mark);
    });

    it(`${flavour.name}: whoever is blocked sees nobody, and is nobody, until that ends`, async () => {
      const { alice, bob, carol, salon } = await world().usual();
      const [watcher, own, third] = await Promise.all([alice, bob, carol].map((person) => person.connect(flavour)));
      const devices = [[watcher, bob], [own, alice]];
      for (const [client, other] of devices) await until(() => client.view(other.id)?.isOnline, `${other.id} is seen`);
      await until(() => third.view(bob.id)?.isOnline && third.view(alice.id)?.isOnline, 'both are seen');
      watcher.emit('conversation:join', { conversationId: salon, presence: true });
      const before = await watcher.next('conversation:presence');
      assert.ok(before.members.some(({ userId }) => userId === bob.id));
      const marks = devices.map(([client]) => client.mark());
      const thirds = third.mark();
      await put(bob, `/v1/blocks/me/${alice.principal}`);
      for (const [i, [client, other]] of devices.entries()) await comesTo(client, other, { ...UNKNOWN, username: other.id }, marks[i]);
      const { counts } = await watcher.next('conversation:presence_diff', ({ leaves }) => leaves.includes(bob.id), { since: marks[0] });
      assert.equal(counts.members, before.counts.members - 1);
      const late = await alice.connect(flavour);
      assert.equal(late.view(bob.id), undefined);
      const ended = await bob.rest('DELETE', `/v1/blocks/me/${alice.principal}`);
      assert.ok(ended.status < 300, JSON.stringify(ended.body));
      for (const [i, [client, other]] of devices.entries()) {
        await until(() => client.view(other.id)?.isOnline && client.mark() > marks[i], `${other.id} is seen again`);
      }
      await third.roundTrip();
      assert.deepEqual([...third.told(bob.id, thirds), ...third.told(alice.id, thirds)], [], 'whose view did not change');
    });
  }
});
