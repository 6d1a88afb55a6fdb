// A network that dies without telling anybody, under every transport of both client generations.
// Dead for less than ping, timeout and grace it is nobody's business; for longer it is one offline with the last proof of life, and one online.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS } from '../harness/flavours.js';
import { Link } from '../harness/link.js';
import { heardNothing, story } from '../harness/story.js';

/** A living link answers well within this, also on a machine that does much else. */
const PING = 1_000;
const PONG_WITHIN = 7_000;

/** Two clocks are compared, on a busy machine; less than PONG_WITHIN, before which nobody takes the link for dead. */
const SKEW = 3_000;

/** Both sides notice a dead link, and the slower of them has its say. */
const NOTICED = { within: 40_000 };

/** Clients come back by themselves, soon after they notice. */
const impatient = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100 };

const settings = (grace) => ({
  VIGIE_GRACE: `${grace}ms`,
  VIGIE_PING_INTERVAL: `${PING}ms`,
  VIGIE_PING_TIMEOUT: `${PONG_WITHIN}ms`,
  VIGIE_EIO3_PING_INTERVAL: `${PING}ms`,
  VIGIE_EIO3_PING_TIMEOUT: `${PONG_WITHIN}ms`,
});

/** Alice watches; bob is online by `flavour` over a link that can die. */
async function meet({ server, world }, flavour) {
  const link = await Link.to(server);
  const { alice, bob, carol } = await world().usual();
  const watcher = await alice.connect();
  const device = await bob.connect(flavour, { url: link.url, ...impatient });
  await watcher.hears(bob.id, { isOnline: true });
  return { link, bob, carol, watcher, device, mark: watcher.mark() };
}

story('a link that is dead for a moment', { settings: settings(12_000) }, (place) => {
  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: is nobody's business`, async () => {
      const { link, bob, carol, watcher, device, mark } = await meet(place, flavour);
      const before = device.mark();
      link.silence();
      await device.closed(NOTICED.within);
      link.heal();
      await device.next('presence:snapshot', () => true, { since: before, ...NOTICED });
      // Who is lost after bob and has the same grace is told of after bob would be.
      await heardNothing(watcher, bob.id, mark, async () => {
        const sentinel = await carol.connect();
        await watcher.hears(carol.id, { isOnline: true });
        sentinel.drop();
        await watcher.hears(carol.id, { isOnline: false }, NOTICED);
      });
    });
  }
});

story('a link that is dead for longer', { settings: settings(500) }, (place) => {
  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: is one offline with the last proof of life, and one online`, async () => {
      const { link, bob, watcher, device, mark } = await meet(place, flavour);
      const before = device.mark();
      const died = Date.now();
      link.silence();
      const offline = await watcher.hears(bob.id, { isOnline: false }, { since: mark, ...NOTICED });
      const proof = Date.parse(offline.lastSeenAt);
      assert.ok(proof <= died + SKEW, `seen ${proof - died} ms after the link had died`);
      assert.ok(proof >= died - PING - PONG_WITHIN - SKEW, `seen ${died - proof} ms before the link died`);
      link.heal();
      await device.next('presence:snapshot', () => true, { since: before, ...NOTICED });
      await watcher.hears(bob.id, { isOnline: true }, { since: mark, ...NOTICED });
      await device.roundTrip();
      await watcher.roundTrip();
      const told = watcher.told(bob.id, mark).map((status) => status.isOnline);
      assert.deepEqual(told, [false, true]);
    });
  }
});
