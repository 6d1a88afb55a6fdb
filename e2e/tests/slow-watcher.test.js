// A watcher that reads slowly is told the newest state of everybody when it reads again, and is not closed for being slow.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { V2_POLLING, V4, V4_POLLING } from '../harness/flavours.js';
import { Link } from '../harness/link.js';
import { demand } from '../harness/rest.js';
import { story } from '../harness/story.js';
import { until } from '../harness/wait.js';

/** More than a socket buffers (128 packets), several times over. */
const CROWD = 400;

story('a slow watcher', { timeout: 60_000 }, ({ server, world }) => {
  for (const flavour of [V4_POLLING, V2_POLLING, V4]) {
    it(`${flavour.name}: misses nothing of ${CROWD} people and stays connected`, async () => {
      const place = world();
      const [alice, bob] = [await place.user('alice'), await place.user('bob')];
      const crowd = Array.from({ length: CROWD }, (_, i) => place.stranger(`crowd${i}`));
      await place.conversation('square', [alice, bob, ...crowd]);
      const link = await Link.to(server);
      const slow = await alice.connect(flavour, { url: link.url });
      const prompt = await bob.connect();
      link.hold();
      await demand(server, 'POST', '/v1/activity', { key: true, body: crowd.map(({ id }) => ({ userId: id })) });
      const shows = (client, person, isOnline) => client.view(person.id)?.isOnline === isOnline;
      await until(() => crowd.every((person) => shows(prompt, person, true)), 'the prompt watcher knows all');
      for (const person of crowd.slice(0, CROWD / 2)) {
        await demand(server, 'POST', '/maintenance/user-status', { key: true, body: { userId: person.id, isOnline: false } });
      }
      await until(() => crowd.slice(0, CROWD / 2).every((person) => shows(prompt, person, false)), 'the prompt watcher knows who left');
      link.release();
      await until(() => crowd.every((person, i) => shows(slow, person, i >= CROWD / 2)), 'the slow watcher caught up');
      await slow.roundTrip();
      assert.deepEqual(slow.life.map(({ what }) => what), ['connect']);
    });
  }
});
