// A restart of the server is no absence of people: who returns within the restart grace is never announced.
// Who does not return goes offline with the last proof that it was there.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FLAVOURS, V4 } from '../harness/flavours.js';
import { story } from '../harness/story.js';
import { durable, until } from '../harness/wait.js';

const RESTART_GRACE = 6_000;

/** The node proves its sessions by one row every 2 s. */
const PROVED_EVERY = 2_000;

const ROUNDING = 300;

const BACK = { reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 300, timeout: 2_000 };

for (const [how, end] of [
  ['after a drain by SIGTERM', (server) => server.stop()],
  ['after kill -9', (server) => server.crash()],
]) {
  story(`a restart ${how}`, { settings: { VIGIE_RESTART_GRACE: `${RESTART_GRACE}ms` }, concurrency: 1 }, ({ server, world }) => {
    it('is no news of who returns, and says who stayed away', async () => {
      const place = world();
      const { alice } = await place.usual();
      const returning = await Promise.all(FLAVOURS.map((_, i) => place.user(`returning${i}`)));
      const [resuming, gone, rest] = await Promise.all(['resuming', 'gone', 'rest'].map((name) => place.user(name)));
      await place.conversation('square', [alice, ...returning, resuming, gone, rest]);
      const guest = await place.guest('Gus', await place.conversation('booth', [alice]));

      const watchers = await Promise.all(FLAVOURS.map((flavour) => alice.connect(flavour, BACK)));
      const clients = await Promise.all(FLAVOURS.map((flavour, i) => returning[i].connect(flavour, BACK)));
      const visitor = await guest.connect(V4, BACK);
      const lost = await gone.connect();
      const before = await resuming.connect();
      const { session } = before;
      await rest.acts();
      const everybody = [...returning, resuming, gone, rest, guest];
      for (const watcher of watchers) for (const { id } of everybody) await knows(watcher, id);

      await durable();
      const marks = new Map([...watchers, ...clients, visitor].map((client) => [client, client.mark()]));
      const ended = Date.now();
      await end(server);
      lost.socket.close();
      before.socket.close();
      await server.startAgain();
      const started = Date.now();

      const returned = await resuming.connect(V4, { auth: { resume: session } });
      for (const [client, since] of marks) await client.next('authenticated', ({ success }) => success, { since, within: RESTART_GRACE - 1_000 });
      assert.equal(returned.session, session, 'a resume survives the restart');
      for (const watcher of watchers) {
        const offline = await watcher.hears(gone.id, { isOnline: false }, { since: marks.get(watcher), within: RESTART_GRACE + 4_000 });
        assert.ok(Date.now() - started >= RESTART_GRACE - 1_000, 'not before the restart grace');
        assert.ok(Date.parse(offline.lastSeenAt) <= ended + ROUNDING, 'not later than the last proof');
        assert.ok(Date.parse(offline.lastSeenAt) >= ended - PROVED_EVERY - 1_000, 'and not long before it');
        await watcher.roundTrip();
        for (const { id } of [...returning, resuming, rest, guest]) {
          assert.deepEqual(watcher.told(id, marks.get(watcher)), [], `${watcher.checker.label} was told about ${id}`);
          assert.equal(watcher.view(id).isOnline, true, `${watcher.checker.label} shows ${id}`);
        }
      }
    });

    it('and again, with nobody connected: nothing is left behind', async () => {
      const place = world();
      const { alice, bob } = await place.usual();
      const device = await bob.connect();
      device.leave();
      const watcher = await alice.connect();
      const { lastSeenAt } = await until(() => watcher.view(bob.id).lastSeenAt && watcher.view(bob.id), 'the leave of bob');
      watcher.leave();
      await durable();
      await end(server);
      await server.startAgain();
      const again = await alice.connect();
      assert.equal(again.view(bob.id).isOnline, false);
      assert.equal(again.view(bob.id).lastActiveAt, lastSeenAt);
    });
  });
}

const knows = (watcher, id) => watcher.view(id)?.isOnline || watcher.hears(id, { isOnline: true });

story('a pause of the server', { concurrency: 1 }, ({ server, world }) => {
  it('is no absence of people', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const device = await bob.connect();
    const leaver = await carol.connect();
    await watcher.hears(bob.id, { isOnline: true });
    await watcher.hears(carol.id, { isOnline: true });
    const mark = watcher.mark();
    device.drop();
    server.signal('SIGSTOP');
    await new Promise((resume) => setTimeout(resume, 6_000));
    server.signal('SIGCONT');
    await bob.connect();
    leaver.leave();
    await watcher.hears(carol.id, { isOnline: false }, { since: mark });
    await watcher.roundTrip();
    assert.deepEqual(watcher.told(bob.id, mark), []);
  });
});
