// Several devices and tabs of one person: offline is the edge from one session to none, and no socket kicks another.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS, V2, V4, V4_POLLING } from '../harness/flavours.js';
import { demand } from '../harness/rest.js';
import { heardNothing, story } from '../harness/story.js';

story('several devices', { settings: { VIGIE_GRACE: '1s' } }, ({ server, world }) => {
  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: the second tab is no news, closing it neither, closing the last is`, async () => {
      const { alice, bob, carol } = await world().usual();
      const watcher = await alice.connect();
      const first = await bob.connect(flavour);
      await watcher.hears(bob.id, { isOnline: true });
      let mark = watcher.mark();
      const second = await bob.connect(flavour);
      assert.notEqual(second.session, first.session);
      first.leave();
      await heardNothing(watcher, bob.id, mark, async () => {
        await carol.connect();
        await watcher.hears(carol.id, { isOnline: true });
      });
      assert.equal(second.connected, true, 'no socket is closed for another');
      second.leave();
      await watcher.hears(bob.id, { isOnline: false }, { since: mark });
    });
  }

  it('devices of different generations are one person', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const devices = await Promise.all([V4, V4_POLLING, V2].map((flavour) => bob.connect(flavour)));
    await watcher.hears(bob.id, { isOnline: true });
    for (const device of devices) device.leave();
    await watcher.hears(bob.id, { isOnline: false });
    assert.equal(watcher.told(bob.id).length, 2);
  });

  it("every socket of a watcher is told, and a person's own other devices as well", async () => {
    const { alice, bob } = await world().usual();
    const phones = await Promise.all([V4, V2].map((flavour) => alice.connect(flavour)));
    const laptops = await Promise.all([V4, V2].map((flavour) => bob.connect(flavour)));
    for (const phone of phones) await phone.hears(bob.id, { isOnline: true });
    await demand(server, 'POST', '/maintenance/user-status', { key: true, body: { userId: bob.id, isOnline: false } });
    for (const socket of [...phones, ...laptops]) await socket.hears(bob.id, { isOnline: false });
  });

  it('a duplicated tab that holds the id of a living session gets its own', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const original = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    const mark = watcher.mark();
    const double = await bob.connect(V4, { auth: { resume: original.session } });
    assert.notEqual(double.session, original.session);
    await original.roundTrip();
    double.leave();
    await heardNothing(watcher, bob.id, mark, async () => {
      await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
    });
    assert.equal(original.connected, true);
  });

  it('a tab that joins and parts a hundred times while another stays is no news', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const steady = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    const mark = watcher.mark();
    for (let round = 0; round < 100; round += 1) {
      const tab = await bob.connect();
      if (round % 2) tab.leave();
      else tab.drop();
    }
    await heardNothing(watcher, bob.id, mark, async () => {
      const sentinel = await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
      sentinel.drop();
      await watcher.hears(carol.id, { isOnline: false });
    });
    assert.equal(steady.connected, true);
  });
});
