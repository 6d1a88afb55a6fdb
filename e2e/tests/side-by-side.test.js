// One person's changes by Socket.IO, server-sent events, a plain WebSocket and long poll side by side: the same states, the same positions, the same final view.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Follower, NAMES } from '../harness/follower.js';
import { story } from '../harness/story.js';

const ME = '/v1/presence/me';

story('four transports side by side', {}, ({ world }) => {
  it('tell the same of whoever comes, is busy, invisible, back, and goes', async () => {
    const { alice, bob, carol } = await world().usual();
    const followers = await Promise.all(NAMES.map((name) => Follower.open(name, alice)));
    const choose = async (body) => assert.equal((await bob.rest('PUT', ME, { body })).status, 200);
    let device;
    const goes = [
      [async () => (device = await bob.connect()), { status: 'online', statusText: undefined }],
      [() => choose({ status: 'busy', text: 'On a train' }), { status: 'busy', statusText: 'On a train' }],
      [() => choose({ status: 'invisible', text: 'Nobody reads this' }), { status: 'offline', statusText: undefined }],
      // What an invisible person does is told to nobody, and so it is no step of theirs.
      [() => bob.acts(), { status: 'offline', isOnline: false }],
      [() => choose({}), { status: 'online', statusText: undefined }],
      [() => choose({ status: 'away' }), { status: 'away', statusText: undefined }],
      [() => device.leave(), { status: 'offline', isOnline: false }],
    ];
    for (const [go, look] of goes) {
      await go();
      for (const follower of followers) await follower.sees(bob.id, look);
      const faces = followers.map(({ people }) => people.get(bob.id));
      for (const face of faces) assert.deepEqual({ ...face, lastActiveAt: 0 }, { ...faces[0], lastActiveAt: 0 });
    }
    const changes = followers.map((follower) => follower.changes(bob.id));
    assert.deepEqual(changes[0].map(({ status }) => status), ['offline', 'online', 'busy', 'offline', 'online', 'away', 'offline']);
    for (const [i, name] of NAMES.entries()) assert.deepEqual(changes[i], changes[0], name);

    // A position is good on each of the others, and what was missed from there on is the same.
    const kept = followers.map((follower) => follower.leave());
    await choose({ status: 'busy', text: 'Back at work' });
    await bob.connect();
    for (const [i, name] of NAMES.entries()) {
      const from = (i + 1) % NAMES.length;
      const follower = await Follower.open(name, alice, kept[from]);
      await follower.sees(bob.id, { status: 'busy', statusText: 'Back at work' });
      assert.equal(follower.wholes, 0, `${NAMES[from]} to ${name}`);
      assert.equal(follower.changes(bob.id).length, 1, `${NAMES[from]} to ${name}: ${JSON.stringify(follower.changes(bob.id))}`);
      assert.ok(!follower.told.includes(carol.id), 'who did not change');
      follower.leave();
    }
  });
});
