// A goodbye is told at once; a lost connection only when its grace is over, and never when it returns before.
// The grace is a setting; a sentinel lost later than the one who returned proves that its grace is over as well.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS, V2, V4 } from '../harness/flavours.js';
import { Link } from '../harness/link.js';
import { heardNothing, story } from '../harness/story.js';

const GRACE = 2_000;
const PING = 1_000;
const PONG_WITHIN = 1_000;

/** Deadlines are at most 1 s late; the rest is for a busy machine. */
const LATENESS = 1_000 + 1_500;

/** Clocks of the two processes are one; this is for their rounding and the way through a loop. */
const ROUNDING = 300;

const settings = {
  VIGIE_GRACE: `${GRACE}ms`,
  VIGIE_PING_INTERVAL: `${PING}ms`,
  VIGIE_PING_TIMEOUT: `${PONG_WITHIN}ms`,
  VIGIE_EIO3_PING_INTERVAL: `${PING}ms`,
  VIGIE_EIO3_PING_TIMEOUT: `${PONG_WITHIN}ms`,
};

story('loss and return', { settings }, ({ server, world }) => {
  /** Alice watches, bob is online by `flavour`, carol is the sentinel. */
  const scene = async (flavour, options) => {
    const place = world();
    const people = await place.usual();
    const watcher = await people.alice.connect();
    const device = await people.bob.connect(flavour, options);
    await watcher.hears(people.bob.id, { isOnline: true });
    return { ...people, place, watcher, device, mark: watcher.mark() };
  };

  const sentinel = ({ carol, watcher }) => async () => {
    const late = await carol.connect();
    await watcher.hears(carol.id, { isOnline: true });
    late.drop();
    await watcher.hears(carol.id, { isOnline: false });
  };

  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: an engine that closes without a goodbye is told after the grace, with the last proof of life`, async () => {
      const { bob, watcher, device, mark } = await scene(flavour);
      const dropped = Date.now();
      device.drop();
      const offline = await watcher.hears(bob.id, { isOnline: false }, { since: mark, within: GRACE + LATENESS + PING + PONG_WITHIN });
      const waited = Date.now() - dropped;
      assert.ok(waited >= GRACE - ROUNDING, `told after ${waited} ms, within the grace`);
      assert.ok(Date.parse(offline.lastSeenAt) <= dropped + ROUNDING, 'not the end of grace');
      assert.equal(offline.lastActiveAt, offline.lastSeenAt);
    });

    it(`${flavour.name}: a severed network is told within ping, timeout and grace`, async () => {
      const link = await Link.to(server);
      const { bob, watcher, mark } = await scene(flavour, { url: link.url });
      const severed = Date.now();
      link.cut();
      const offline = await watcher.hears(bob.id, { isOnline: false }, { since: mark, within: PING + PONG_WITHIN + GRACE + LATENESS });
      const waited = Date.now() - severed;
      assert.ok(waited >= GRACE - ROUNDING, `told after ${waited} ms, within the grace`);
      assert.ok(Date.parse(offline.lastSeenAt) <= severed + ROUNDING);
    });

    it(`${flavour.name}: who returns within the grace was never away, also without a resume`, async () => {
      const stage = await scene(flavour);
      stage.device.drop();
      await stage.bob.connect(flavour);
      await heardNothing(stage.watcher, stage.bob.id, stage.mark, sentinel(stage));
    });

    it(`${flavour.name}: a network that comes back within the grace is no news, by the client's own reconnection`, async () => {
      const link = await Link.to(server);
      const options = { url: link.url, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100 };
      const stage = await scene(flavour, options);
      const { device } = stage;
      const before = device.mark();
      link.cut();
      await device.closed();
      link.mend();
      await device.next('presence:snapshot', () => true, { since: before });
      await heardNothing(stage.watcher, stage.bob.id, stage.mark, sentinel(stage));
    });
  }

  it('a resume takes up the lost session under its id', async () => {
    const stage = await scene(V4);
    const { session } = stage.device;
    stage.device.drop();
    await stage.watcher.roundTrip();
    const returned = await stage.bob.connect(V4, { auth: { resume: session } });
    assert.equal(returned.session, session);
    await heardNothing(stage.watcher, stage.bob.id, stage.mark, sentinel(stage));
    returned.leave();
    await stage.watcher.hears(stage.bob.id, { isOnline: false }, { since: stage.mark });
  });

  it('a session id of someone else resumes nothing and keeps nobody online', async () => {
    const stage = await scene(V4);
    const { session } = stage.device;
    stage.device.drop();
    const thief = await stage.mallory.connect(V4, { auth: { resume: session } });
    assert.notEqual(thief.session, session);
    await stage.watcher.hears(stage.bob.id, { isOnline: false }, { since: stage.mark });
  });

  it('an unknown, overlong or malformed session id is as none', async () => {
    const { alice } = await world().usual();
    for (const resume of ['unknown', '', 'x'.repeat(5_000), 7, null, {}, ['a']]) {
      const client = await alice.connect(V4, { auth: { resume } });
      assert.notEqual(client.session, resume);
    }
  });

  it('a goodbye is told without grace', async () => {
    const { bob, watcher, device, mark } = await scene(V4);
    const left = Date.now();
    device.leave();
    const offline = await watcher.hears(bob.id, { isOnline: false }, { since: mark, within: GRACE - ROUNDING });
    assert.ok(Date.parse(offline.lastSeenAt) >= left - ROUNDING, 'seen until the goodbye');
  });

  it('after a return that was longer away than the grace both edges are told', async () => {
    const { bob, watcher, device, mark } = await scene(V2);
    device.drop();
    await watcher.hears(bob.id, { isOnline: false }, { since: mark });
    await bob.connect(V2);
    await watcher.hears(bob.id, { isOnline: true }, { since: mark });
    assert.deepEqual(watcher.told(bob.id, mark).map(({ isOnline }) => isOnline), [false, true]);
  });

  it('a goodbye within the grace of another lost device waits for that one', async () => {
    const { bob, watcher, device, mark } = await scene(V4);
    const second = await bob.connect(V4);
    const dropped = Date.now();
    device.drop();
    await watcher.roundTrip();
    second.leave();
    await watcher.hears(bob.id, { isOnline: false }, { since: mark });
    assert.ok(Date.now() - dropped >= GRACE - ROUNDING);
  });
});
