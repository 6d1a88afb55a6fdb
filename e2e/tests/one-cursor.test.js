// One cursor on Socket.IO, server-sent events, a plain WebSocket and long poll: the same changes, the same view, and only what was missed.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import WebSocket from 'ws';
import { Follower, NAMES } from '../harness/follower.js';
import { demand } from '../harness/rest.js';
import { story } from '../harness/story.js';
import { durable, until } from '../harness/wait.js';

const SETTINGS = { VIGIE_RESTART_GRACE: '30s' };

/** Alice, who follows, and three others of one conversation, all offline. */
async function company(world) {
  const place = world();
  const [alice, ...others] = await Promise.all(['alice', 'bob', 'carol', 'dave'].map((name) => place.user(name)));
  await place.conversation('room', [alice, ...others]);
  const force = ({ id }, isOnline) =>
    demand(place.server, 'POST', '/maintenance/user-status', { key: true, body: { userId: id, isOnline } });
  return { place, alice, others, force };
}

const names = (told) => [...new Set(told)].sort();

/** Names of these people, as `told` has them. */
const ids = (...people) => people.map(({ id }) => id).sort();

story('one cursor', { settings: SETTINGS }, ({ world }) => {
  it('gives all four transports the same changes, and goes from one to the next', async () => {
    const { alice, others, force } = await company(world);
    const [bob, carol, dave] = others;
    const followers = await Promise.all(NAMES.map((name) => Follower.open(name, alice)));
    const device = await bob.connect();
    await force(carol, true);
    for (const follower of followers) await follower.believes([bob, carol], others);
    device.leave();
    await force(dave, true);
    for (const follower of followers) await follower.believes([carol, dave], others);
    const views = followers.map(({ people }) => others.map(({ id }) => [id, people.get(id).seq, people.get(id).isOnline]));
    for (const view of views) assert.deepEqual(view, views[0]);

    const kept = followers.map((follower) => follower.leave());
    await force(carol, false);
    for (const [i, name] of NAMES.entries()) {
      const from = NAMES[(i + 1) % NAMES.length];
      const follower = await Follower.open(name, alice, kept[(i + 1) % NAMES.length]);
      await follower.believes([dave], others);
      assert.equal(follower.wholes, 0, `${from} to ${name}`);
      // Her own devices come and go meanwhile, and fresh times of who is present may come by chance.
      const missed = follower.told.filter((id) => id !== alice.id && id !== dave.id);
      assert.deepEqual(names(missed), ids(carol), `${from} to ${name}`);
      follower.leave();
    }
  });

  it('takes a cursor that is forged, cut, or somebody else’s for none', async () => {
    const { alice, others } = await company(world);
    const own = (await Follower.open('changes', alice)).leave();
    const foreign = (await Follower.open('changes', others[0])).leave();
    const forged = own.cursor.replace(/^.{10}/, (start) => [...start].reverse().join(''));
    for (const name of NAMES) {
      for (const cursor of [forged, own.cursor.slice(0, -1), `${own.cursor}A`, foreign.cursor, 'nonsense']) {
        const follower = await Follower.open(name, alice, { cursor });
        assert.equal(follower.wholes, 1, `${name} with ${cursor}`);
        assert.equal(others.every(({ id }) => follower.people.has(id)), true);
        follower.leave();
      }
    }
  });

  it('lets a browser in by a ticket, once', async () => {
    const { place, alice } = await company(world);
    const ticket = async () => (await alice.rest('POST', '/v1/tickets')).body.ticket;
    const one = await ticket();
    const open = (path) => fetch(`${place.server.url}${path}`);
    const first = await open(`/v1/events?ticket=${one}`);
    assert.equal(first.status, 200);
    await first.body.cancel();
    assert.equal((await open(`/v1/events?ticket=${one}`)).status, 401);
    const socket = new WebSocket(`${place.server.url.replace('http', 'ws')}/v1/ws?ticket=${await ticket()}`);
    const message = await new Promise((answer, fail) => {
      socket.once('message', answer);
      socket.once('error', fail);
    });
    assert.equal(JSON.parse(message).event, 'snapshot');
    socket.close();
    await until(() => socket.readyState === WebSocket.CLOSED, 'the end of the WebSocket');
  });
});

for (const [how, end, isGraceful] of [
  ['a graceful restart', (server) => server.stop(), true],
  ['kill -9', (server) => server.crash(), false],
]) {
  story(`one cursor over ${how}`, { settings: SETTINGS, concurrency: 1 }, ({ server, world }) => {
    it(isGraceful ? 'goes on' : 'is answered by everybody', async () => {
      const { alice, others, force } = await company(world);
      const [bob, carol, dave] = others;
      await force(bob, true);
      const kept = [];
      for (const name of NAMES) {
        const follower = await Follower.open(name, alice);
        await follower.believes([bob], others);
        kept.push(follower.leave());
      }
      await durable();
      await force(carol, true);
      await durable();
      await end(server);
      await server.startAgain();
      await force(bob, false);
      for (const [i, name] of NAMES.entries()) {
        const follower = await Follower.open(name, alice, kept[i]);
        await follower.believes([carol], others);
        assert.equal(follower.wholes, isGraceful ? 0 : 1, name);
        if (isGraceful) assert.ok(!follower.told.includes(dave.id), `${name} was told of who did not change`);
        follower.leave();
      }
    });
  });
}
