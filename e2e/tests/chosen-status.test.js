// People choose how to be shown: others see what was chosen, and of an invisible person a goodbye and nothing after it.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { V2, V4, V4_POLLING } from '../harness/flavours.js';
import { heardNothing, story } from '../harness/story.js';

const ME = '/v1/presence/me';

/** Chooses on a socket, and waits for the answer. */
const choose = async (client, wish) => {
  const since = client.mark();
  client.emit('presence:status', wish);
  return client.next('presence:status-set', () => true, { since });
};

story('people choose a status', {}, ({ world }) => {
  for (const flavour of [V4, V4_POLLING, V2]) {
    it(`busy with a text, chosen by ${flavour.name}, is seen until it is taken back`, async () => {
      const { alice, bob } = await world().usual();
      const watcher = await alice.connect(flavour);
      const device = await bob.connect(flavour);
      await watcher.hears(bob.id, { status: 'online' });
      const own = await choose(device, { status: 'busy', text: 'On a train' });
      assert.deepEqual(own.chosen, { status: 'busy', text: 'On a train', until: null });
      await watcher.hears(bob.id, { isOnline: true, status: 'busy', statusText: 'On a train' });
      const since = watcher.mark();
      await choose(device, {});
      const again = await watcher.hears(bob.id, { status: 'online' }, { since });
      assert.equal(again.statusText, undefined);
    });

    it(`invisible, chosen by ${flavour.name}, is a goodbye, and nothing after it is heard`, async () => {
      const { alice, bob, carol } = await world().usual();
      const watcher = await alice.connect(flavour);
      const device = await bob.connect(flavour);
      await watcher.hears(bob.id, { isOnline: true });
      await choose(device, { status: 'invisible' });
      const goodbye = await watcher.hears(bob.id, { isOnline: false, status: 'offline' });
      assert.equal(goodbye.lastActiveAt, goodbye.lastSeenAt);
      const mark = watcher.mark();
      device.emit('presence:activity');
      await bob.acts();
      const other = await bob.connect(flavour);
      other.leave();
      await heardNothing(watcher, bob.id, mark, async () => {
        await carol.connect(flavour);
        await watcher.hears(carol.id, { isOnline: true });
      });
      const late = await alice.connect(flavour);
      assert.deepEqual([late.view(bob.id).isOnline, late.view(bob.id).lastActiveAt], [false, goodbye.lastActiveAt]);
      await choose(device, { status: 'auto' });
      await watcher.hears(bob.id, { isOnline: true, status: 'online' }, { since: mark });
    });
  }

  it('a text that was cut in the middle of a character is shown with a mark in its place', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const device = await bob.connect();
    await choose(device, { status: 'busy', text: 'On a train \u{1f682}'.slice(0, -1) });
    await watcher.hears(bob.id, { status: 'busy', statusText: 'On a train \ufffd' });
    assert.equal(device.connected, true);
  });

  it('a choice by REST ends by itself', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    await bob.connect();
    const until = new Date(Date.now() + 2_000).toISOString();
    const answer = await bob.rest('PUT', ME, { body: { status: 'away', until } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(answer.body.chosen, { status: 'away', text: null, until });
    const away = await watcher.hears(bob.id, { status: 'away', statusUntil: until });
    const back = await watcher.hears(bob.id, { status: 'online' }, { since: watcher.log.findIndex(({ payload }) => payload === away) });
    assert.equal(back.statusUntil, undefined);
    assert.equal((await bob.rest('GET', ME)).body.chosen, undefined);
  });

  it('a wish that makes no sense is refused by an error', async () => {
    const { bob } = await world().usual();
    const device = await bob.connect();
    device.emit('presence:status', { status: 'asleep' });
    const refused = await device.next('presence:error');
    assert.deepEqual([refused.event, refused.code], ['presence:status', 'INVALID_PAYLOAD']);
    assert.equal((await bob.rest('PUT', ME, { body: { text: 'x'.repeat(141) } })).status, 400);
  });
});
