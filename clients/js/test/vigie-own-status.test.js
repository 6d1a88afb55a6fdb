// The client against the started server: one's own status, chosen on one device and seen by all others.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { story } from '../../../e2e/harness/story.js';
import { until } from '../../../e2e/harness/wait.js';
import { chosenOf, connect } from '../dist/index.js';

/** Opens this client for a person, and waits until it is online. */
async function join({ token, world: { server } }) {
  const client = connect(server.url, { token, activity: false, socket: { reconnectionDelay: 50, reconnectionDelayMax: 200 } });
  server.clients.add({ socket: client });
  await until(() => client.state === 'online', 'the link');
  return client;
}

const sees = (client, { id }, look) =>
  until(
    () => Object.entries(look).every(([key, value]) => client.shown(id)[key] === value),
    `${id} ${JSON.stringify(look)}; it has ${JSON.stringify(client.shown(id))}`,
  );

const knows = (client, chosen) =>
  until(() => JSON.stringify(chosenOf(client.me)) === JSON.stringify(chosen), `${JSON.stringify(chosen)}; it has ${JSON.stringify(client.me)}`);

const NONE = { status: null, text: null, until: null };

story('the client and chosen statuses', {}, ({ server, world }) => {
  it('busy with a text is kept by the server, seen by others and by one’s other devices, until it is taken back', async () => {
    const { alice, bob } = await world().usual();
    const [watcher, phone, laptop] = await Promise.all([join(alice), join(bob), join(bob)]);
    const end = new Date(Date.now() + 3_600_000).toISOString();
    const own = await phone.setStatus({ status: 'busy', text: 'exam', until: Date.parse(end) });
    const chosen = { status: 'busy', text: 'exam', until: end };
    assert.deepEqual([own.userId, own.status, own.chosen], [bob.id, 'busy', chosen]);
    assert.deepEqual(chosenOf(phone.me), chosen);
    await sees(watcher, bob, { dot: 'busy', text: 'exam' });
    await knows(laptop, chosen);
    const late = await join(bob);
    await knows(late, chosen);
    await laptop.setStatus({});
    await sees(watcher, bob, { dot: 'online', text: null });
    for (const device of [phone, laptop, late]) await knows(device, NONE);
  });

  it('ends by itself', async () => {
    const { alice, bob } = await world().usual();
    const [watcher, device] = await Promise.all([join(alice), join(bob)]);
    await device.setStatus({ status: 'away', text: 'a moment', until: Date.now() + 2_000 });
    await sees(watcher, bob, { dot: 'away', text: 'a moment' });
    await sees(watcher, bob, { dot: 'online', text: null });
    await knows(device, NONE);
  });

  it('invisible is a goodbye to others, and oneself knows better', async () => {
    const { alice, bob } = await world().usual();
    const [watcher, device] = await Promise.all([join(alice), join(bob)]);
    await sees(watcher, bob, { dot: 'online' });
    const own = await device.setStatus({ status: 'invisible', text: 'ghost' });
    assert.deepEqual([own.status, own.chosen.status], ['online', 'invisible']);
    await sees(watcher, bob, { dot: 'offline', text: null, seen: 'now' });
    const late = await join(alice);
    await sees(late, bob, { dot: 'offline', text: null });
    await device.setStatus({ status: 'auto' });
    for (const client of [watcher, late]) await sees(client, bob, { dot: 'online' });
  });

  it('what the server does not take is refused, and changes nothing', async () => {
    const { bob } = await world().usual();
    const device = await join(bob);
    await device.setStatus({ status: 'busy' });
    for (const wish of [{ status: 'away', until: Date.now() - 60_000 }, { text: 'x'.repeat(141) }, { status: 'asleep' }]) {
      await assert.rejects(device.setStatus(wish), { name: 'VigieError', code: 'INVALID_PAYLOAD' });
    }
    assert.equal(chosenOf(device.me).status, 'busy');
    const late = await join(bob);
    await knows(late, { status: 'busy', text: null, until: null });
  });

  it('a refusal does not take the place of the choice before it, whose answer waits for the store', async () => {
    const { bob } = await world().usual();
    const device = await join(bob);
    const [taken, refused] = await Promise.allSettled([device.setStatus({ status: 'busy' }), device.setStatus({ status: 'asleep' })]);
    assert.deepEqual([taken.status, taken.value?.chosen.status], ['fulfilled', 'busy']);
    assert.deepEqual([refused.status, refused.reason?.code], ['rejected', 'INVALID_PAYLOAD']);
  });

  it('each of a flood of choices has its answer, also beyond the limit of events', async () => {
    const { bob } = await world().usual();
    const device = await join(bob);
    const outcomes = await Promise.allSettled(Array.from({ length: 70 }, () => device.setStatus({ status: 'busy' })));
    const answers = outcomes.map(({ status, reason }) => reason?.code ?? status);
    assert.deepEqual(answers, [...Array(10).fill('fulfilled'), ...Array(60).fill('RATE_LIMITED')]);
  });
});

story('the client and chosen statuses over a crash', {}, ({ server, world }) => {
  it('a choice that was answered is kept', async () => {
    const { alice, bob } = await world().usual();
    const [watcher, device] = await Promise.all([join(alice), join(bob)]);
    await device.setStatus({ status: 'busy', text: 'exam' });
    await sees(watcher, bob, { dot: 'busy' });
    await server.crash();
    await until(() => watcher.state === 'offline' && device.state === 'offline', 'the loss');
    await server.startAgain();
    await until(() => watcher.state === 'online' && device.state === 'online', 'the return');
    await sees(watcher, bob, { dot: 'busy', text: 'exam' });
    await knows(device, { status: 'busy', text: 'exam', until: null });
  });
});
