// One durable refresh per person and minute: the numbers that operators read, and what a crash leaves in the store.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { demand } from '../harness/rest.js';
import { story } from '../harness/story.js';
import { durable, until } from '../harness/wait.js';

/** The numbers may take a second to settle, since an update counts as successful once it is durable. */
const WITHIN = 1_000;

story('the throttle', { concurrency: 1 }, ({ server, world }) => {
  const metrics = async () => (await demand(server, 'GET', '/maintenance/status-metrics', { key: true })).body.data;
  const numbers = ({ totalRequests, throttledRequests, successfulUpdates, throttleRate }) =>
    [totalRequests, throttledRequests, successfulUpdates, throttleRate].join(' / ');

  const show = async (expected, within = WITHIN) => {
    const since = performance.now();
    let seen;
    while (performance.now() - since < within) {
      seen = numbers(await metrics());
      if (seen === expected) return;
      await new Promise((turn) => setTimeout(turn, 20));
    }
    assert.equal(seen, expected);
  };

  it('ten requests are one update; a reset forgets the counters and keeps the throttle', async () => {
    const place = world();
    const { alice, bob, carol } = await place.usual();
    assert.equal(numbers(await metrics()), '0 / 0 / 0 / 0');

    const firstSent = Date.now();
    await alice.acts();
    const firstAnswered = Date.now();
    for (let i = 0; i < 9; i += 1) {
      await new Promise((turn) => setTimeout(turn, 20));
      await alice.acts();
    }
    await show('10 / 9 / 1 / 90');
    for (let i = 0; i < 10; i += 1) await bob.acts();
    await show('20 / 18 / 2 / 90');
    const before = await metrics();
    assert.equal(before.cacheSize, 2);
    assert.equal(before.failedUpdates, 0);

    await demand(server, 'POST', '/maintenance/status-metrics/reset', { key: true });
    const reset = await metrics();
    assert.equal(numbers(reset), '0 / 0 / 0 / 0');
    assert.equal(reset.cacheSize, 2, 'a reset drops no throttle entry');
    for (let i = 0; i < 10; i += 1) await alice.acts();
    await show('10 / 10 / 0 / 100');

    const presence = () => carol.rest('GET', `/users/presence?ids=${alice.id}`);
    const live = (await presence()).body.data.users[0];
    assert.ok(Date.parse(live.lastActiveAt) > firstAnswered, 'memory knows the last activity');
    assert.equal(numbers(await metrics()), '10 / 10 / 0 / 100', 'reading presence and metrics is no activity');
    await durable();
    await server.crash();
    await server.startAgain();
    const stored = Date.parse((await presence()).body.data.users[0].lastActiveAt);
    assert.ok(stored >= firstSent && stored <= firstAnswered, `the stored time ${stored} is not that of the first request, ${firstSent} to ${firstAnswered}`);
  });

  it('guests are throttled under their own key', async () => {
    const place = world();
    const { alice, salon } = await place.usual();
    const guest = await place.guest('Gus', salon);
    await demand(server, 'POST', '/maintenance/status-metrics/reset', { key: true });
    for (let i = 0; i < 10; i += 1) await guest.acts();
    await show('10 / 9 / 1 / 90');
  });

  it('connecting and leaving are no updates of the throttle', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    await demand(server, 'POST', '/maintenance/status-metrics/reset', { key: true });
    const device = await bob.connect();
    device.leave();
    await watcher.hears(bob.id, { isOnline: false });
    assert.equal(numbers(await metrics()), '0 / 0 / 0 / 0');
  });

  it('failed credentials touch nothing', async () => {
    const { alice } = await world().usual();
    await demand(server, 'POST', '/maintenance/status-metrics/reset', { key: true });
    assert.equal((await alice.rest('GET', '/api/conversations', { token: 'forged' })).status, 401);
    assert.equal(numbers(await metrics()), '0 / 0 / 0 / 0');
  });
});

const INTERVAL = 1_000;

story('a short throttle', { settings: { THROTTLE_INTERVAL_MS: String(INTERVAL) }, concurrency: 1 }, ({ server, world }) => {
  it('lets the next refresh through after its interval', async () => {
    const { alice } = await world().usual();
    const updates = async () => (await demand(server, 'GET', '/maintenance/status-metrics', { key: true })).body.data.successfulUpdates;
    const began = performance.now();
    await alice.acts();
    await until(async () => {
      await alice.acts();
      return (await updates()) === 2;
    }, 'a second update', INTERVAL + 2_000);
    assert.ok(performance.now() - began >= INTERVAL - 50);
  });
});
