// The client against the started server: conversations with their ladder, and watch lists.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { V4 } from '../../../e2e/harness/flavours.js';
import { Link } from '../../../e2e/harness/link.js';
import { demand } from '../../../e2e/harness/rest.js';
import { story } from '../../../e2e/harness/story.js';
import { until } from '../../../e2e/harness/wait.js';
import { connect } from '../dist/index.js';

/** Opens this client for a person, and waits until it is online. */
async function join({ token, world: { server } }, { url = server.url } = {}) {
  // Over a link that will be cut by WebSocket alone: a cut amid the upgrade is noticed only by the next ping.
  const transports = url === server.url ? {} : { transports: ['websocket'] };
  const client = connect(url, { token, activity: false, socket: { reconnectionDelay: 50, reconnectionDelayMax: 200, ...transports } });
  server.clients.add({ socket: client });
  await until(() => client.state === 'online', 'the link');
  return client;
}

const entry = (room, { id }) => room.state.members.find(({ userId }) => userId === id);

/** Waits until a room shows somebody, here or not. */
const shows = (room, person, here) =>
  until(() => entry(room, person)?.here === here, `${person.id} here: ${here}; it has ${JSON.stringify(room.state)}`);

const settings = { VIGIE_GRACE: '4s' };

story('the client and conversations', { settings }, ({ server, world }) => {
  it('shows who is online, who is here, what they say of it, and the numbers', async () => {
    const { alice, bob, carol, salon } = await world().usual();
    const [mine, theirs] = await Promise.all([join(alice), join(bob)]);
    const room = mine.conversation(salon);
    await shows(room, alice, true);
    await shows(room, bob, false);
    const states = [];
    room.subscribe((state) => states.push(state));
    const other = theirs.conversation(salon, { metadata: { page: 3 } });
    await shows(room, bob, true);
    assert.deepEqual(entry(room, bob).metadata, { page: 3 });
    assert.deepEqual(room.state.counts, { members: 3, online: 2, here: 2 });
    assert.equal(states.at(-1), room.state, 'renderers compare objects');
    other.setMetadata({ page: 4 });
    await until(() => entry(room, bob)?.metadata?.page === 4, 'the new page');
    other.close();
    await shows(room, bob, false);
    theirs.close();
    await until(() => !entry(room, bob), 'the end of bob');
    assert.equal(entry(room, carol), undefined);
  });

  it('is open again after a loss, with what happened meanwhile', async () => {
    const { alice, bob, salon } = await world().usual();
    const link = await Link.to(server);
    const [mine, theirs] = await Promise.all([join(alice, { url: link.url }), join(bob)]);
    const room = mine.conversation(salon);
    await shows(room, bob, false);
    link.cut();
    await until(() => !room.state.isOpen, 'the loss');
    theirs.conversation(salon);
    link.mend();
    await shows(room, bob, true);
    assert.equal(room.state.isOpen, true);
  });

  it('ends when the membership does, and who was known by it alone is dropped', async () => {
    const { alice, bob, trudy, salon } = await world().usual();
    const hall = await alice.world.conversation('hall', [alice, trudy]);
    await Promise.all([bob.connect(), trudy.connect()]);
    const client = await join(alice);
    const [kept, ended] = [client.conversation(salon), client.conversation(hall)];
    await shows(ended, trudy, false);
    await alice.world.leave(hall, alice);
    await until(() => ended.state.error === 'no_longer_member', 'the end');
    assert.deepEqual([ended.state.isOpen, ended.state.members, ended.state.counts], [false, [], null]);
    await until(() => !client.people.has(trudy.id), 'trudy is dropped');
    assert.equal(client.shown(trudy.id).dot, 'unknown');
    assert.equal(client.shown(bob.id).dot, 'online');
    await shows(kept, bob, false);
  });
});

const LADDER = { VIGIE_ROOM_FULL_LIMIT: '3', VIGIE_AUDIENCE_LIMIT: '5', VIGIE_ROOM_VIEWER_LIMIT: '2' };

/** Present members that a window lists without being asked. */
const FIRST = 50;

story('the client on the ladder', { settings: LADDER }, ({ server, world }) => {
  const has = (room, mode) => until(() => room.state.mode === mode, `${mode}; it has ${JSON.stringify(room.state)}`);
  const replace = (id, members) =>
    demand(server, 'PUT', `/v1/conversations/${id}/members`, { key: true, body: members.map(({ principal }) => principal) });

  it('goes up and comes down with the members, and with those who look on', async () => {
    const place = world();
    const people = await Promise.all(Array.from({ length: 8 }, (_, i) => place.user(`p${i}`)));
    const id = await place.conversation('hall', people.slice(0, 3));
    const [first, second, third] = people;
    const room = (await join(first)).conversation(id);
    await has(room, 'full');
    const there = (await join(second)).conversation(id);
    await shows(room, second, true);
    for (const [size, mode] of [[4, 'batched'], [8, 'window'], [4, 'batched'], [2, 'full'], [8, 'window']]) {
      await replace(id, people.slice(0, size));
      await has(room, mode);
      await until(() => room.state.counts.members === size, `${size} members`);
      await shows(room, second, true);
    }
    const late = (await join(third)).conversation(id);
    for (const view of [room, there, late]) await has(view, 'count');
    assert.deepEqual(room.state.members, []);
    await until(() => room.state.counts.here === 3, 'three here');
    late.close();
    there.close();
    await has(room, 'window');
    await shows(room, third, false);
    await until(() => room.state.counts.here === 1, 'one here');
  });

  it('shows a window of a large one, and whoever is asked for beside it, also after a loss', async () => {
    const place = world();
    const names = Array.from({ length: FIRST + 4 }, (_, i) => `p${String(i).padStart(2, '0')}`);
    const people = await Promise.all(names.map((name) => place.user(name)));
    const id = await place.conversation('square', people);
    const setOnline = ({ id: userId }, isOnline) => demand(server, 'POST', '/maintenance/user-status', { key: true, body: { userId, isOnline } });
    await Promise.all(people.map((person) => setOnline(person, true)));
    const link = await Link.to(server);
    const client = await join(people[0], { url: link.url });
    const room = client.conversation(id);
    await has(room, 'window');
    await until(() => room.state.members.length === FIRST, 'the first');
    const last = people.at(-1);
    assert.equal(entry(room, last), undefined);
    assert.deepEqual([room.state.truncated, room.state.counts.online], [true, people.length]);
    room.window([last.id]);
    await shows(room, last, false);
    const device = await last.connect(V4);
    device.emit('conversation:join', { conversationId: id });
    await shows(room, last, true);
    link.cut();
    await until(() => !room.state.isOpen, 'the loss');
    device.leave();
    link.mend();
    await until(() => room.state.isOpen, 'the return');
    await until(() => !entry(room, last), 'the end of the last');
    await setOnline(last, true);
    await shows(room, last, false);
  });
});

/** Waits until the client shows this dot of somebody. */
const watches = (client, { id }, dot) =>
  until(() => client.shown(id).dot === dot, `${id} ${dot}; it has ${JSON.stringify(client.shown(id))}`);

story('the client and its watch list', { settings }, ({ server, world }) => {
  it('whoever is nobody to the watcher looks like somebody who does not exist', async () => {
    const { alice, mallory } = await world().usual();
    await mallory.connect();
    const client = await join(alice);
    client.watch([mallory.id, 'nobody-at-all']);
    await watches(client, mallory, 'offline');
    await watches(client, { id: 'nobody-at-all' }, 'offline');
    assert.equal(client.shown(mallory.id).seen, null);
    assert.equal(client.people.get(mallory.id).isOnline, false);
  });

  it('follows a stranger until they are watched no more, and a contact beyond that', async () => {
    const { alice, bob, mallory } = await world().usual();
    await alice.world.show(mallory, [alice]);
    const client = await join(alice);
    client.watch([mallory.id, bob.id]);
    await watches(client, mallory, 'offline');
    const device = await mallory.connect();
    await watches(client, mallory, 'online');
    client.unwatch([mallory.id, bob.id]);
    await until(() => !client.people.has(mallory.id), 'mallory is dropped');
    assert.equal(client.shown(mallory.id).dot, 'unknown');
    device.leave();
    await bob.connect();
    await watches(client, bob, 'online');
    assert.equal(client.people.has(mallory.id), false);
  });

  it('a stranger who became a contact meanwhile is kept, and one who was a contact is not', async () => {
    const { alice, bob, mallory, salon, kitchen } = await world().usual();
    const hall = await alice.world.conversation('hall', [alice, bob]);
    for (const person of [mallory, bob]) await alice.world.show(person, [alice]);
    const client = await join(alice);
    client.watch([mallory.id, bob.id]);
    await watches(client, mallory, 'offline');
    await alice.world.enter(salon, mallory);
    for (const place of [hall, salon, kitchen]) await alice.world.leave(place, bob);
    await Promise.all([bob.connect(), mallory.connect()]);
    await watches(client, bob, 'online');
    await watches(client, mallory, 'online');
    client.unwatch([mallory.id, bob.id]);
    await until(() => !client.people.has(bob.id), 'bob is dropped');
    assert.equal(client.shown(mallory.id).dot, 'online');
  });

  it('whoever is given back while the session ends is dropped on the return', async () => {
    const { alice, carol, mallory, trudy } = await world().usual();
    for (const person of [mallory, trudy]) await alice.world.show(person, [alice]);
    const link = await Link.to(server);
    const [client, watcher] = [await join(alice, { url: link.url }), await carol.connect()];
    client.watch([mallory.id, trudy.id]);
    for (const person of [mallory, trudy]) await watches(client, person, 'offline');
    link.cut();
    await until(() => client.state === 'offline', 'the loss');
    client.unwatch([mallory.id]);
    await watcher.hears(alice.id, { isOnline: false });
    await until(() => client.people.has(mallory.id), 'mallory is held still');
    // The list of a lost session is kept a second longer than the session.
    await new Promise((resume) => setTimeout(resume, 1_500));
    link.mend();
    await until(() => client.state === 'online', 'the return');
    await until(() => !client.people.has(mallory.id), 'mallory is dropped');
    await trudy.connect();
    await watches(client, trudy, 'online');
  });

  it('is kept over a loss, and given back', async () => {
    const { alice, bob } = await world().usual();
    const link = await Link.to(server);
    const client = await join(alice, { url: link.url });
    client.watch([bob.id]);
    await watches(client, bob, 'offline');
    link.cut();
    await until(() => client.state === 'offline', 'the loss');
    link.mend();
    await until(() => client.state === 'online', 'the return');
    const device = await bob.connect();
    await watches(client, bob, 'online');
    client.unwatch([bob.id]);
    device.leave();
    // Bob shares a conversation, so he is told of all the same.
    await watches(client, bob, 'offline');
    assert.equal(client.refusedToWatch.size, 0);
  });
});

story('the client and the end of its watch list', { settings: { VIGIE_WATCH_LIMIT: '2' } }, ({ world }) => {
  it('whoever finds no room is refused, and watched once there is', async () => {
    const { alice, mallory, trudy } = await world().usual();
    for (const person of [mallory, trudy]) await alice.world.show(person, [alice]);
    await trudy.connect();
    const client = await join(alice);
    client.watch([mallory.id, 'nobody-at-all', trudy.id]);
    await until(() => client.refusedToWatch.get(trudy.principal) === 'too_many', 'the refusal');
    assert.equal(client.shown(trudy.id).dot, 'unknown');
    client.unwatch(['nobody-at-all']);
    await watches(client, trudy, 'online');
    assert.equal(client.refusedToWatch.size, 0);
  });
});

story('the client and the rate of its watch list', { settings: { VIGIE_WATCH_RATE: '1' } }, ({ world }) => {
  it('whoever is too many for now is refused for now', async () => {
    const { alice, mallory, trudy } = await world().usual();
    const client = await join(alice);
    client.watch([mallory.id, trudy.id]);
    await until(() => client.refusedToWatch.get(trudy.principal) === 'rate_limited', 'the refusal');
    await watches(client, mallory, 'offline');
  });
});
