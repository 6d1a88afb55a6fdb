// The client against the started server: snapshot, changes, loss and return, tokens, goodbye.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mint, seconds } from '../../../e2e/harness/jwt.js';
import { Link } from '../../../e2e/harness/link.js';
import { demand } from '../../../e2e/harness/rest.js';
import { heardNothing, story } from '../../../e2e/harness/story.js';
import { until } from '../../../e2e/harness/wait.js';
import { connect } from '../dist/index.js';
import { realTimers } from '../dist/time.js';

const GRACE = 4_000;
const AWAY_AFTER = 2_000;

const settings = { VIGIE_GRACE: `${GRACE}ms` };

/** Opens this client for a person, and waits until it is online. */
async function join(person, { url, socket, ...options } = {}) {
  const credential = person.kind === 'guest' ? { sessionToken: person.token } : { token: person.token };
  const { server } = person.world;
  const client = connect(url ?? server.url, {
    activity: false,
    ...(options.getToken ? {} : credential),
    ...options,
    socket: { reconnectionDelay: 50, reconnectionDelayMax: 200, ...socket },
  });
  server.clients.add({ socket: client });
  await isIn(client, 'online');
  return client;
}

const isIn = (client, state) => until(() => client.state === state, `${state}; it is ${client.state} ${client.endReason}`);

const sees = (client, { id }, dot) => until(() => client.shown(id).dot === dot, `${id} ${dot}; it has ${JSON.stringify(client.shown(id))}`);

story('the client and people', { settings }, ({ server, world }) => {
  it('holds everyone it may see from the first, and follows', async () => {
    const { alice, bob, carol, mallory } = await world().usual();
    await carol.connect();
    const client = await join(alice);
    assert.equal(client.userId, alice.id);
    assert.deepEqual([...client.people.keys()].sort(), [bob.id, carol.id].sort());
    await sees(client, carol, 'online');
    assert.deepEqual({ ...client.shown(bob.id), userId: 0 }, {
      userId: 0, username: 'bob', dot: 'offline', fading: false, seen: null, seenAt: null, bucket: null, text: null,
    });
    const told = [];
    client.subscribe(bob.id, ({ dot }) => told.push(dot));
    const device = await bob.connect();
    await sees(client, bob, 'online');
    device.leave();
    await sees(client, bob, 'offline');
    assert.deepEqual(told, ['offline', 'online', 'offline']);
    assert.equal(client.shown(bob.id).seen, 'now');
    assert.equal(client.shown(mallory.id).dot, 'unknown');
  });

  it('makes its own person present, and closing it is a goodbye', async () => {
    const { alice, bob } = await world().usual();
    const watcher = await alice.connect();
    const mark = watcher.mark();
    const client = await join(bob);
    await watcher.hears(bob.id, { isOnline: true }, { since: mark });
    client.close();
    assert.equal(client.state, 'ended');
    assert.equal(client.endReason, 'closed');
    await watcher.hears(bob.id, { isOnline: false }, { since: mark, within: GRACE - 500 });
  });

  it('after a loss it takes up its session, and is told only what it missed', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await carol.connect();
    const link = await Link.to(server);
    const client = await join(alice, { url: link.url });
    await watcher.hears(alice.id, { isOnline: true });
    const snapshots = [];
    const states = [];
    client.on('snapshot', (snapshot) => snapshots.push(snapshot));
    client.on('state', (state) => states.push(state));
    const mark = watcher.mark();
    link.cut();
    await isIn(client, 'offline');
    await bob.connect();
    await watcher.hears(bob.id, { isOnline: true });
    link.mend();
    await isIn(client, 'online');
    assert.equal(client.shown(bob.id).dot, 'online');
    assert.deepEqual(states, ['offline', 'online']);
    assert.equal(snapshots[0].partial, true);
    assert.ok(snapshots[0].users.some(({ userId }) => userId === bob.id));
    assert.equal(client.shown(carol.id).dot, 'online', 'who did not change is held still');
    await heardNothing(watcher, alice.id, mark, async () => {
      const sentinel = await bob.connect();
      sentinel.leave();
    });
  });

  it('a guest is let in by its session token', async () => {
    const place = world();
    const { alice, salon } = await place.usual();
    const guest = await place.guest('Gil', salon);
    const client = await join(guest);
    assert.equal(client.userId, guest.id);
    await alice.connect();
    await sees(client, alice, 'online');
  });

  it('reckons by the clock of the server, however wrong this one is', async () => {
    const { alice, bob } = await world().usual();
    (await bob.connect()).leave();
    const wrong = { ...realTimers, now: () => Date.now() - 7 * 60_000 };
    const client = await join(alice, { timers: wrong });
    await sees(client, bob, 'offline');
    await until(() => Math.abs(client.now() - Date.now()) < 1_000, 'the time of the server');
    assert.equal(client.shown(bob.id).seen, 'now');
  });

  it('typing goes to the others of a conversation, and ends', async () => {
    const { alice, bob, salon } = await world().usual();
    const [writer, reader] = await Promise.all([join(alice), join(bob)]);
    const [here, there] = [writer, reader].map((client) => client.conversation(salon));
    await until(() => here.state.isOpen && there.state.isOpen, 'both in');
    here.startTyping();
    await until(() => there.state.typing[0]?.userId === alice.id, 'typing');
    assert.equal(there.state.typing[0].username, 'alice');
    assert.deepEqual(here.state.typing, []);
    here.stopTyping();
    await until(() => there.state.typing.length === 0, 'the stop');
  });

  it('a conversation of others is refused', async () => {
    const { alice, cellar } = await world().usual();
    const room = (await join(alice)).conversation(cellar);
    await until(() => room.state.error === 'not_a_member', 'the refusal');
    assert.equal(room.state.isOpen, false);
  });
});

story('the client and its tokens', { settings: { VIGIE_GRACE: `${GRACE}ms` } }, ({ server, world }) => {
  const shortToken = ({ id, name }) => mint(server.secret, { userId: id, username: name, exp: seconds(2) });

  it('a token that expires is replaced by a fresh one, and nobody is told of it', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    let asked = 0;
    const client = await join(bob, { getToken: () => ((asked += 1) === 1 ? shortToken(bob) : bob.token) });
    await watcher.hears(bob.id, { isOnline: true });
    const mark = watcher.mark();
    const states = [];
    client.on('state', (state) => states.push(state));
    // Gone for a moment only, so what it was is asked and not what it is.
    await until(() => states.length === 2, 'gone and back');
    assert.deepEqual(states, ['offline', 'online']);
    assert.equal(asked, 2);
    await heardNothing(watcher, bob.id, mark, async () => {
      // Lost later than the one who came back: that grace is over as well.
      const sentinel = await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
      sentinel.drop();
      await watcher.hears(carol.id, { isOnline: false }, { within: GRACE + 4_000 });
    });
  });

  it('a token that expires and has no other ends the client', async () => {
    const { bob } = await world().usual();
    const client = await join({ ...bob, world: bob.world, token: shortToken(bob) });
    await isIn(client, 'ended');
    assert.equal(client.endReason, 'token-expired');
  });

  it('a token that is not good ends the client', async () => {
    const client = connect(server.url, { token: 'not.a.token', activity: false });
    await isIn(client, 'ended');
    assert.equal(client.endReason, 'refused');
  });

  it('a person who is logged out everywhere does not come back', async () => {
    const { bob } = await world().usual();
    const client = await join(bob);
    await demand(server, 'DELETE', `/v1/users/${bob.id}/sessions`, { key: true });
    await isIn(client, 'ended');
    assert.equal(client.endReason, 'revoked');
  });
});

story('the client and activity', { settings: { VIGIE_AWAY_AFTER: `${AWAY_AFTER}ms`, VIGIE_THROTTLE_INTERVAL: '500ms' } }, ({ world }) => {
  it('who does nothing is away, and back by doing something', async () => {
    const { alice, bob } = await world().usual();
    const [client, watcher] = await Promise.all([join(bob), join(alice)]);
    await sees(watcher, bob, 'away');
    client.active();
    await sees(watcher, bob, 'online');
    client.foreground(false);
    await sees(watcher, bob, 'away');
    client.foreground(true);
    await sees(watcher, bob, 'online');
  });
});

story('the client and a restart', {}, ({ server, world }) => {
  it('comes back to a restarted server by itself, and missed nothing', async () => {
    const { alice, bob } = await world().usual();
    const device = await bob.connect();
    const client = await join(alice);
    await sees(client, bob, 'online');
    device.leave();
    await sees(client, bob, 'offline');
    const snapshots = [];
    client.on('snapshot', (snapshot) => snapshots.push(snapshot));
    await server.stop();
    await isIn(client, 'offline');
    await server.startAgain();
    await isIn(client, 'online');
    assert.equal(snapshots[0].partial, true);
    await bob.connect();
    await sees(client, bob, 'online');
  });
});
