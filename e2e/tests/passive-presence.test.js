// A person who is there and does nothing stays fresh: watchers are re-stamped before the time they hold grows old.
// Deployed clients fade a dot after 5 minutes and the server re-stamps every 150 s; here all periods are shortened alike.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { V2, V4, V4_POLLING } from '../harness/flavours.js';
import { story } from '../harness/story.js';
import { throughout } from '../harness/wait.js';

const RESTAMP = 1_000;
const PING = 1_000;
const PING_TIMEOUT = 2_000;

/** As 5 minutes are to 150 s; and where the transport reports no pong, presence is proved up to ping + timeout ago. */
const FRESH = 2 * RESTAMP + PING + PING_TIMEOUT;

/** Long enough that without re-stamping the time would be too old. */
const WATCHED = FRESH + 5_000;

/** How much a time may lie ahead of the clock of the test. */
const AHEAD = 100;

const settings = {
  VIGIE_RESTAMP_INTERVAL: `${RESTAMP}ms`,
  VIGIE_PING_INTERVAL: `${PING}ms`,
  VIGIE_PING_TIMEOUT: `${PING_TIMEOUT}ms`,
  VIGIE_EIO3_PING_INTERVAL: `${PING}ms`,
  VIGIE_EIO3_PING_TIMEOUT: `${PING_TIMEOUT}ms`,
};

story('passive people', { settings }, ({ world }) => {
  for (const [watching, passive] of [[V4, V4], [V4, V4_POLLING], [V2, V2], [V4_POLLING, V2]]) {
    it(`${watching.name} never holds an old time of ${passive.name}, who only stays`, async () => {
      const { alice, bob } = await world().usual();
      const watcher = await alice.connect(watching);
      await bob.connect(passive);
      const online = await watcher.hears(bob.id, { isOnline: true });
      await throughout(WATCHED, () => {
        const age = Date.now() - Date.parse(watcher.view(bob.id).lastActiveAt);
        assert.ok(age <= FRESH, `the time is ${age} ms old, allowed are ${FRESH} ms`);
        assert.ok(age >= -AHEAD, 'the time lies in the future');
      });
      const partial = watcher.all('presence:snapshot').filter((snapshot) => snapshot.partial === true);
      assert.ok(partial.length >= 2, `${partial.length} partial snapshots`);
      const last = partial.at(-1).users.find(({ userId }) => userId === bob.id);
      assert.equal(last.isOnline, true);
      if (last.lastActivityAt !== undefined) assert.equal(last.lastActivityAt, online.lastActivityAt, 'staying is no activity');
      assert.equal(watcher.told(bob.id).length, 1, 're-stamping is no change');
    });
  }

  it('people over REST are re-stamped by their last activity, people offline and strangers not at all', async () => {
    const { alice, bob, carol, mallory, trudy } = await world().usual();
    const watcher = await alice.connect();
    const stranger = await trudy.connect();
    await mallory.connect();
    await carol.connect();
    await bob.acts();
    const online = await watcher.hears(bob.id, { isOnline: true });
    const since = watcher.mark();
    await watcher.next('presence:snapshot', ({ partial, users }) => partial && users.some(({ userId }) => userId === carol.id), { since });
    const sinceFirst = watcher.mark();
    await watcher.next('presence:snapshot', ({ partial, users }) => partial && users.some(({ userId }) => userId === carol.id), { since: sinceFirst });
    assert.equal(watcher.view(bob.id).lastActiveAt, online.lastActiveAt);
    const stamped = stranger.all('presence:snapshot').filter(({ partial }) => partial).flatMap(({ users }) => users.map(({ userId }) => userId));
    assert.ok(stamped.every((id) => id === mallory.id));
  });
});
