// A client whose process is stopped sends no goodbye and closes nothing: only its silence tells.
// Watchers hear of it at most ping + timeout + grace after its last sign of life, plus the lateness of deadlines; here with the defaults.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { V2, V2_POLLING, V4, V4_POLLING } from '../harness/flavours.js';
import { heardNothing, story } from '../harness/story.js';
import { wire } from '../harness/wire-checker.js';

const PING_INTERVAL = 8_000;
const PING_TIMEOUT = 8_000;
const GRACE = 4_000;
const LATENESS = 1_000;
const BOUND = PING_INTERVAL + PING_TIMEOUT + GRACE + LATENESS;

/** For the polling of the test itself. */
const SLACK = 300;

const PASSENGER = fileURLToPath(new URL('../harness/passenger.js', import.meta.url));

/** A client in a process of its own, accepted by the server; and what stops that process. */
async function board(server, person, flavour) {
  const child = fork(PASSENGER, [server.url, flavour.name, person.token]);
  process.once('exit', () => child.kill('SIGKILL'));
  const record = wire.socket(`${person.id} in a process of its own (${flavour.name})`, person.id);
  await new Promise((ready, fail) => {
    child.on('message', ({ event, args }) => {
      record.received(event, args);
      if (event === 'presence:snapshot') ready();
    });
    child.once('exit', (code) => fail(new Error(`the passenger ended with ${code}`)));
  });
  return child;
}

const end = (child) => {
  child.kill('SIGCONT');
  child.kill('SIGKILL');
};

const scene = async (place, server, flavour) => {
  const people = await place.usual();
  const watcher = await people.alice.connect();
  const child = await board(server, people.bob, flavour);
  await watcher.hears(people.bob.id, { isOnline: true });
  return { ...people, watcher, child, mark: watcher.mark() };
};

const announcedInTime = async (place, server, flavour, bound) => {
  const { bob, watcher, child, mark } = await scene(place, server, flavour);
  try {
    const stopped = Date.now();
    child.kill('SIGSTOP');
    const offline = await watcher.hears(bob.id, { isOnline: false }, { since: mark, within: bound + 4_000 });
    const waited = Date.now() - stopped;
    assert.ok(waited <= bound + SLACK, `announced after ${waited} ms, allowed are ${bound} ms`);
    assert.ok(Date.parse(offline.lastSeenAt) <= stopped + SLACK, 'seen until its last sign of life');
  } finally {
    end(child);
  }
};

story('a stopped client with the default periods', {}, ({ server, world }) => {
  for (const flavour of [V4, V4_POLLING]) {
    it(`${flavour.name}: is announced within 20 s of its last sign of life, and one of lateness`, () =>
      announcedInTime(world(), server, flavour, BOUND));
  }

  it('a client stopped for less than its ping timeout is no news', async () => {
    const { bob, carol, watcher, child, mark } = await scene(world(), server, V4);
    try {
      child.kill('SIGSTOP');
      await watcher.roundTrip();
      // Carol's loss ends its grace of 4 s, which is how long bob stays stopped.
      const sentinel = await carol.connect();
      sentinel.drop();
      await watcher.hears(carol.id, { isOnline: false });
      child.kill('SIGCONT');
      await heardNothing(watcher, bob.id, mark, async () => {
        const since = watcher.mark();
        const again = await carol.connect();
        await watcher.hears(carol.id, { isOnline: true }, { since });
        again.drop();
        await watcher.hears(carol.id, { isOnline: false }, { since });
      });
    } finally {
      end(child);
    }
  });
});

const EIO3_INTERVAL = 2_000;
const EIO3_TIMEOUT = 2_000;

const shortened = { VIGIE_EIO3_PING_INTERVAL: `${EIO3_INTERVAL}ms`, VIGIE_EIO3_PING_TIMEOUT: `${EIO3_TIMEOUT}ms` };

story('a stopped client that pings by itself', { settings: shortened }, ({ server, world }) => {
  for (const flavour of [V2, V2_POLLING]) {
    it(`${flavour.name}: is announced within its own limits`, () =>
      announcedInTime(world(), server, flavour, EIO3_INTERVAL + EIO3_TIMEOUT + GRACE + LATENESS));
  }
});
