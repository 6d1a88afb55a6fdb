// The client over a network that is gone for a second, for longer, and for longer than positions are kept: it comes back by itself to the right view.
// `VIGIE_E2E_DROP` is how long "longer" is, in seconds; more than the grace, so that the session and its watch list are over.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Link } from '../../../e2e/harness/link.js';
import { demand } from '../../../e2e/harness/rest.js';
import { story } from '../../../e2e/harness/story.js';
import { until } from '../../../e2e/harness/wait.js';
import { connect } from '../dist/index.js';

const LONGER = Number(process.env.VIGIE_E2E_DROP ?? 6) * 1_000;

/** Beyond this a position is not kept, in the story of that. */
const KEPT = 3_000;

const pause = (span) => new Promise((resume) => setTimeout(resume, span));

/** Drops a client that follows five contacts, and watches a stranger or does not, while three of the six change; what it was told on its return. */
async function dropped(place, span, { watches }) {
  const [alice, ...contacts] = await Promise.all(['alice', 'bob', 'carol', 'dave', 'erin', 'frank'].map((name) => place.user(name)));
  const stranger = await place.user('stranger');
  const room = await place.conversation('room', [alice, ...contacts]);
  await place.show(stranger, [alice]);
  const { server } = place;
  const [bob, carol] = contacts;
  const force = ({ id }, isOnline) => demand(server, 'POST', '/maintenance/user-status', { key: true, body: { userId: id, isOnline } });
  await force(carol, true);
  const link = await Link.to(server);
  // By WebSocket alone: a cut amid the upgrade is noticed only by the next ping.
  const socket = { transports: ['websocket'], reconnectionDelay: 50, reconnectionDelayMax: 200 };
  const client = connect(link.url, { token: alice.token, activity: false, socket });
  server.clients.add({ socket: client });
  await until(() => client.state === 'online', 'the link');
  if (watches) client.watch([stranger.id]);
  const looks = (dots) =>
    until(
      () => Object.entries(dots).every(([id, dot]) => client.shown(id).dot === dot),
      `${JSON.stringify(dots)}; it has ${JSON.stringify([...client.people.keys()].map((id) => client.shown(id)))}`,
    );
  const view = client.conversation(room);
  await until(() => view.state.isOpen, 'the conversation');
  await looks({ [carol.id]: 'online', [stranger.id]: watches ? 'offline' : 'unknown' });
  const whole = [];
  const missed = new Set();
  client.on('snapshot', ({ partial, users }) => {
    whole.push(!partial);
    for (const { userId } of users) missed.add(userId);
  });
  link.cut();
  await until(() => client.state === 'offline', 'the loss');
  assert.equal((await bob.rest('PUT', '/v1/presence/me', { body: { status: 'busy', text: 'On a train' } })).status, 200);
  await force(carol, false);
  await force(stranger, true);
  await pause(span);
  link.mend();
  await until(() => client.state === 'online', 'the return', 20_000);
  const others = Object.fromEntries(contacts.slice(2).map(({ id }) => [id, 'offline']));
  await looks({ [bob.id]: 'busy', [carol.id]: 'offline', [stranger.id]: watches ? 'online' : 'unknown', ...others });
  assert.equal(client.shown(bob.id).text, 'On a train');
  await until(() => view.state.isOpen && view.state.members.some(({ userId, status }) => userId === bob.id && status === 'busy'), 'the conversation');
  assert.deepEqual(view.state.members.map(({ userId }) => userId).sort(), [alice.id, bob.id].sort());
  missed.delete(alice.id);
  const watched = watches ? [stranger.id] : [];
  return {
    isWhole: whole[0],
    missed: [...missed].sort(),
    changed: [bob.id, carol.id, ...watched],
    everyone: [...contacts.map(({ id }) => id), ...watched],
  };
}

story('the client over a drop', { timeout: 120_000 + LONGER }, ({ world }) => {
  for (const span of [1_000, LONGER]) {
    it(`of ${span / 1_000} s is told only what it missed`, async (test) => {
      const { isWhole, missed, changed, everyone } = await dropped(world(), span, { watches: false });
      assert.equal(isWhole, false);
      assert.deepEqual(missed, changed);
      test.diagnostic(`told of ${missed.length} of ${everyone.length}`);
    });
  }

  for (const span of [1_000, LONGER]) {
    it(`of ${span / 1_000} s is right about whom it watches as well`, async () => {
      const { isWhole, missed, changed, everyone } = await dropped(world(), span, { watches: true });
      // A position from before the list was taken into account is answered by everybody.
      assert.deepEqual(missed, isWhole ? everyone : changed);
    });
  }
});

story('the client over a drop beyond the kept history', { settings: { VIGIE_CURSOR_MAX_AGE: `${KEPT}ms` } }, ({ world }) => {
  it('is told of everybody anew', async () => {
    const { isWhole, missed, everyone } = await dropped(world(), KEPT + 1_500, { watches: true });
    assert.equal(isWhole, true);
    assert.deepEqual(missed, everyone);
  });
});
