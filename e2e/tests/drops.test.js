// A network that is gone for a second, for longer, and for longer than positions are kept:
// the client ends with the right view, told of those alone whom it missed, or of everybody anew.
// `VIGIE_E2E_DROP` is how long "longer" is, in seconds: short by default, so that the suite is.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Follower, NAMES } from '../harness/follower.js';
import { Link } from '../harness/link.js';
import { demand } from '../harness/rest.js';
import { story } from '../harness/story.js';

const LONGER = Number(process.env.VIGIE_E2E_DROP ?? 6) * 1_000;

/** Beyond this a position is not kept, in the story of that; the drop there is longer. */
const KEPT = 3_000;

const pause = (span) => new Promise((resume) => setTimeout(resume, span));

/** What a client believes, without the times, which move while somebody is there. */
const view = ({ people }, ids) =>
  ids.map((id) => {
    const { username, isOnline, status, statusText, seq } = people.get(id) ?? {};
    return { id, username, isOnline, status, statusText, seq };
  });

/** Drops a follower of six people for a while, in which three of them change, and gives it back reconnected. */
async function dropped(place, transport, span) {
  const [alice, ...others] = await Promise.all(['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'gina'].map((name) => place.user(name)));
  await place.conversation('room', [alice, ...others]);
  const [bob, carol, dave] = others;
  const force = ({ id }, isOnline) =>
    demand(place.server, 'POST', '/maintenance/user-status', { key: true, body: { userId: id, isOnline } });
  await force(carol, true);
  const link = await Link.to(place.server);
  const before = await Follower.open(transport, alice, { url: link.url });
  await before.believes([carol], others);
  link.cut();
  const kept = before.leave();
  for (const isOnline of [true, false, true]) await force(dave, isOnline);
  const answer = await bob.rest('PUT', '/v1/presence/me', { body: { status: 'busy', text: 'On a train' } });
  assert.equal(answer.status, 200);
  await force(carol, false);
  await pause(span);
  link.mend();
  const after = await Follower.open(transport, alice, { ...kept, url: link.url });
  const snapshot = [...after.told].filter((id) => id !== alice.id).sort();
  await after.sees(bob.id, { status: 'busy', statusText: 'On a train' });
  await after.believes([bob, dave], others);
  const fresh = await Follower.open('changes', alice);
  const ids = others.map(({ id }) => id);
  assert.deepEqual(view(after, ids), view(fresh, ids), 'what a client holds that was never away');
  after.leave();
  fresh.leave();
  return { wholes: after.wholes, snapshot, missed: [bob.id, carol.id, dave.id], everyone: ids };
}

story('a client that was away', { timeout: 120_000 + LONGER }, ({ world }) => {
  for (const transport of NAMES) {
    for (const span of [1_000, LONGER]) {
      it(`for ${span / 1_000} s, by ${transport}, is told of those whom it missed, each once`, async (test) => {
        const { wholes, snapshot, missed, everyone } = await dropped(world(), transport, span);
        assert.equal(wholes, 0);
        assert.deepEqual(snapshot, missed);
        test.diagnostic(`away ${span / 1_000} s, ${transport}: told of ${snapshot.length} of ${everyone.length}`);
      });
    }
  }
});

story('a client that was away beyond the kept history', { settings: { VIGIE_CURSOR_MAX_AGE: `${KEPT}ms` } }, ({ world }) => {
  for (const transport of NAMES) {
    it(`is told of everybody by ${transport}`, async () => {
      const { wholes, snapshot, everyone } = await dropped(world(), transport, KEPT + 1_500);
      assert.equal(wholes, 1);
      assert.deepEqual(snapshot, everyone);
    });
  }
});
