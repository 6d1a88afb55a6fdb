// A conversation above the audience limit grants the right to see, not a subscription; a snapshot holds at most as many, online first.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { heardNothing, story } from '../harness/story.js';

const LIMIT = 5;

story('the audience limit', { settings: { VIGIE_AUDIENCE_LIMIT: String(LIMIT) } }, ({ world }) => {
  it('a large conversation is no subscription, a small one beside it is', async () => {
    const place = world();
    const { alice, bob, carol } = await place.users('alice', 'bob', 'carol');
    const others = await Promise.all(Array.from({ length: LIMIT }, (_, i) => place.user(`other${i}`)));
    await place.conversation('square', [alice, bob, carol, ...others]);
    await place.conversation('bench', [alice, carol]);
    const watcher = await alice.connect();
    const mark = watcher.mark();
    await bob.connect();
    await heardNothing(watcher, bob.id, mark, async () => {
      await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
    });
    const answer = await alice.rest('GET', `/users/presence?ids=${bob.id}`);
    assert.equal(answer.body.data.users[0].isOnline, true, 'the right to see remains');
  });

  it('a snapshot is cut at the limit, keeps who is online, and says so', async () => {
    const place = world();
    const alice = await place.user('alice');
    const people = await Promise.all(Array.from({ length: 2 * LIMIT }, (_, i) => place.user(`friend${i}`)));
    for (let i = 0; i < people.length; i += 2) await place.conversation(`pair${i}`, [alice, people[i], people[i + 1]]);
    const last = people.at(-1);
    await last.connect();
    const watcher = await alice.connect();
    const [snapshot] = watcher.all('presence:snapshot');
    assert.deepEqual([snapshot.users.length, snapshot.total, snapshot.truncated], [LIMIT, 2 * LIMIT, true]);
    assert.equal(snapshot.users[0].userId, last.id);
  });
});
