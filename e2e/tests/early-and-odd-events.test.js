// Heartbeats are answered at once, events that race authentication wait for it, and what is unknown is ignored.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Client } from '../harness/client.js';
import { FLAVOURS, V4 } from '../harness/flavours.js';
import { story } from '../harness/story.js';

/** Old web clients hang up when they are not welcomed by then, in ms. */
const HANG_UP = 5_000;

story('early and odd events', {}, ({ server, world }) => {
  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: a heartbeat is answered with the time of the server`, async () => {
      const { alice } = await world().usual();
      const client = await alice.connect(flavour);
      const asked = Date.now();
      const ack = await client.roundTrip();
      assert.ok(Math.abs(Date.parse(ack.serverTime) - asked) < 5_000);
      for (const payload of [[], [null], [{}], [{ clientTime: 'x' }], [{ clientTime: new Date().toISOString() }], [5]]) {
        const since = client.mark();
        client.emit('heartbeat', ...payload);
        await client.next('heartbeat:ack', () => true, { since });
      }
    });

    it(`${flavour.name}: events sent with the handshake wait for authentication and are then answered`, async () => {
      const { alice, salon } = await world().usual();
      const client = alice.open(flavour);
      client.emit('conversation:join', { conversationId: salon });
      client.emit('heartbeat', {});
      await client.next('conversation:joined', ({ conversationId }) => conversationId === salon);
      assert.deepEqual(client.all('conversation:join-error'), []);
    });

    it(`${flavour.name}: events sent before authenticate wait for it`, async () => {
      const { alice, salon } = await world().usual();
      const client = new Client(server.url, flavour, { label: alice.id, owner: alice.id });
      server.clients.add(client);
      client.emit('conversation:join', { conversationId: salon });
      client.emit('authenticate', { token: alice.token });
      await client.next('conversation:joined', ({ conversationId }) => conversationId === salon);
      const events = client.log.map(({ event }) => event);
      assert.ok(events.indexOf('authenticated') < events.indexOf('conversation:joined'));
      assert.deepEqual(client.all('conversation:join-error'), []);
    });

    it(`${flavour.name}: unknown events are ignored, also those named like the server's own`, async () => {
      const { alice, bob } = await world().usual();
      const watcher = await alice.connect(flavour);
      const client = await bob.connect(flavour);
      await watcher.hears(bob.id, { isOnline: true });
      const since = client.mark();
      const mark = watcher.mark();
      for (const name of ['no:such-event', 'user:status', 'presence:snapshot', 'auth:session-revoked', '__proto__', 'constructor', 'toString', '', 'ü'.repeat(300)]) {
        client.emit(name, { userId: alice.id, isOnline: false });
        client.emit(name);
      }
      await client.roundTrip();
      await watcher.roundTrip();
      assert.deepEqual(client.log.slice(since).map(({ event }) => event), ['heartbeat:ack']);
      assert.deepEqual(watcher.told(bob.id, mark), []);
    });
  }

  it('acknowledgements that are asked for come beside the events', async () => {
    const { alice, salon } = await world().usual();
    const client = await alice.connect();
    await client.ask('heartbeat', {});
    await client.ask('conversation:join', { conversationId: salon });
    assert.equal(client.all('heartbeat:ack').length, 1);
    assert.equal(client.all('conversation:joined').length, 1);
    client.emit('no:such-event', () => {});
    await client.roundTrip();
  });

  it('a join that waited for an authentication that fails is answered too', async () => {
    const client = new Client(server.url, V4, { auth: { token: 'forged' } });
    server.clients.add(client);
    client.emit('conversation:join', { conversationId: 'anywhere' });
    await client.closed();
    const reasons = client.all('conversation:join-error').map(({ reason }) => reason);
    assert.ok(reasons.every((reason) => reason === 'not_authenticated'), reasons.join());
    assert.deepEqual(client.all('conversation:joined'), []);
  });

  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: there is one namespace, and asking for another harms nothing`, async () => {
      const { alice } = await world().usual();
      const lost = new Client(`${server.url}/admin`, flavour, flavour.credentials(alice.token));
      server.clients.add(lost);
      const client = await alice.connect(flavour);
      await client.roundTrip();
      assert.deepEqual(lost.log.filter(({ event }) => event === 'authenticated'), []);
    });
  }

  it('fifty who arrive at once are all welcomed before old web clients would hang up', async () => {
    const place = world();
    const crowd = await Promise.all(Array.from({ length: 50 }, (_, i) => place.user(`p${i}`)));
    await place.conversation('square', crowd);
    const arrivals = crowd.map((person) => person.open(V4));
    await Promise.all(arrivals.map((client) => client.next('authenticated', ({ success }) => success, { within: HANG_UP })));
  });
});
