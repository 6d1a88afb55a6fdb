// Online, away and back: idleness belongs to sessions, and folds over the devices of a person.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS, V2, V4 } from '../harness/flavours.js';
import { heardNothing, story } from '../harness/story.js';

story('an app in the background', {}, ({ world }) => {
  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: background is away at once, foreground is online again`, async () => {
      const { alice, bob } = await world().usual();
      const watcher = await alice.connect(flavour);
      const app = await bob.connect(flavour);
      const online = await watcher.hears(bob.id, { status: 'online' });
      let mark = watcher.mark();
      app.emit('presence:app-state', { foreground: false });
      const away = await watcher.hears(bob.id, { status: 'away', isOnline: true }, { since: mark });
      assert.equal(away.lastActivityAt, online.lastActivityAt, 'going to the background is no activity');
      mark = watcher.mark();
      app.emit('presence:app-state', { foreground: true });
      const back = await watcher.hears(bob.id, { status: 'online', isOnline: true }, { since: mark });
      assert.ok(back.lastActivityAt > away.lastActivityAt);
    });
  }

  it('one device in the foreground keeps the person online', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const [phone, laptop] = await Promise.all([bob.connect(V4), bob.connect(V2)]);
    await watcher.hears(bob.id, { status: 'online' });
    const mark = watcher.mark();
    phone.emit('presence:app-state', { foreground: false });
    await phone.roundTrip();
    await heardNothing(watcher, bob.id, mark, async () => {
      await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
    });
    laptop.emit('presence:app-state', { foreground: false });
    await watcher.hears(bob.id, { status: 'away' }, { since: mark });
    await phone.hears(bob.id, { status: 'away' });
  });

  it('losing the active device leaves the idle one away', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const [phone, laptop] = await Promise.all([bob.connect(), bob.connect()]);
    phone.emit('presence:app-state', { foreground: false });
    await phone.roundTrip();
    const mark = watcher.mark();
    laptop.leave();
    await watcher.hears(bob.id, { status: 'away', isOnline: true }, { since: mark });
  });

  for (const [what, activity] of Object.entries({
    'presence:activity': (client) => client.emit('presence:activity'),
    'presence:activity with a payload': (client) => client.emit('presence:activity', {}),
    'typing:start': (client, { salon }) => client.emit('typing:start', { conversationId: salon }),
    'a request over REST': (_, { bob }) => bob.acts(),
  })) {
    it(`${what} brings an idle person back`, async () => {
      const people = await world().usual();
      const { alice, bob, salon } = people;
      const watcher = await alice.connect();
      const app = await bob.connect();
      app.emit('conversation:join', { conversationId: salon });
      await app.next('conversation:joined');
      app.emit('presence:app-state', { foreground: false });
      await watcher.hears(bob.id, { status: 'away' });
      const mark = watcher.mark();
      await activity(app, people);
      await watcher.hears(bob.id, { status: 'online' }, { since: mark });
    });
  }

  it('heartbeats, joins and nonsense are no activity', async () => {
    const { alice, bob, carol, salon } = await world().usual();
    const watcher = await alice.connect();
    const app = await bob.connect();
    app.emit('presence:app-state', { foreground: false });
    await watcher.hears(bob.id, { status: 'away' });
    const mark = watcher.mark();
    await app.roundTrip();
    app.emit('conversation:join', { conversationId: salon });
    await app.next('conversation:joined');
    app.emit('conversation:leave', { conversationId: salon });
    await app.next('conversation:left');
    for (const payload of [null, 5, {}, { foreground: 'true' }, { foreground: 1 }, []]) app.emit('presence:app-state', payload);
    app.emit('no:such-event', { any: 'thing' });
    await app.roundTrip();
    await heardNothing(watcher, bob.id, mark, async () => {
      await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
    });
  });

  it('a person in the background who leaves is offline, not away', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const app = await bob.connect();
    app.emit('presence:app-state', { foreground: false });
    await watcher.hears(bob.id, { status: 'away' });
    app.leave();
    await watcher.hears(bob.id, { status: 'offline', isOnline: false });
  });
});

const AWAY_AFTER = 3_000;

/** Idleness must outlast the throttle. */
const settings = { VIGIE_AWAY_AFTER: `${AWAY_AFTER}ms`, VIGIE_THROTTLE_INTERVAL: '1s' };

story('the idle timer', { settings }, ({ world }) => {
  it('a silent session goes away by itself, and a heartbeat does not hold it', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const started = Date.now();
    const app = await bob.connect();
    const beat = setInterval(() => app.emit('heartbeat', {}), 200);
    try {
      const away = await watcher.hears(bob.id, { status: 'away', isOnline: true }, { within: AWAY_AFTER + 3_000 });
      assert.ok(Date.now() - started >= AWAY_AFTER - 200);
      assert.ok(Date.parse(away.lastActiveAt) >= Date.parse(away.lastActivityAt), 'the session proves presence beyond the activity');
    } finally {
      clearInterval(beat);
    }
  });

  it('activity holds the person online beyond the idle time', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const busy = await bob.connect();
    const idle = await carol.connect();
    await watcher.hears(bob.id, { isOnline: true });
    const mark = watcher.mark();
    const act = setInterval(() => busy.emit('presence:activity'), 200);
    try {
      await watcher.hears(carol.id, { status: 'away' }, { within: AWAY_AFTER + 3_000 });
      await watcher.roundTrip();
      assert.deepEqual(watcher.told(bob.id, mark), []);
      assert.equal(idle.connected, true);
    } finally {
      clearInterval(act);
    }
  });
});
