// The frame of a test file: one server for one story, and what must hold for every story.
// At its end no payload may have broken a rule of the wire, nothing may have panicked, no credential may be in the log.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server } from './server.js';
import { World } from './world.js';
import { wire } from './wire-checker.js';

/** Tests of one story that run side by side: they mostly wait. */
const SIDE_BY_SIDE = 12;

/**
 * Describes a story played on a server of its own.
 * `tell` gets the server, and `world()`, which makes a new world on it.
 * `printsToken` is for the development mode, whose start shows a token on purpose.
 */
export function story(title, { settings = {}, concurrency = SIDE_BY_SIDE, timeout = 120_000, printsToken = false } = {}, tell) {
  describe(title, { concurrency: 1, timeout }, () => {
    const server = new Server(settings);
    server.clients = new Set();
    before(() => server.start());
    after(() => server.stop());

    describe('told', { concurrency }, () => tell({ server, world: () => new World(server) }));

    it('and all the while no payload broke a rule of the wire, nothing panicked, no credential was logged', async () => {
      for (const client of server.clients) client.socket.close();
      await server.stop();
      assert.ok(wire.judged > 0, 'the checker of the wire was shown nothing');
      wire.assertClean();
      assert.doesNotMatch(server.log, /panicked at/, 'a task of the server panicked');
      if (!printsToken) assertNoCredentials(server);
    });
  });
}

function assertNoCredentials(server) {
  assert.ok(!server.log.includes(server.secret), 'the JWT secret is in the log');
  assert.doesNotMatch(server.log, /anon_[A-Za-z0-9_-]{16,}/, 'a guest token is in the log');
  assert.doesNotMatch(server.log, /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/, 'a JWT is in the log');
}

/**
 * Proves that a watcher was told nothing about someone since `mark`:
 * `sentinel` does something later that the watcher must hear, then a round trip shows that nothing else is under way.
 */
export async function heardNothing(watcher, userId, mark, sentinel) {
  await sentinel();
  await watcher.roundTrip();
  assert.deepEqual(watcher.told(userId, mark), [], `${watcher.checker.label} was told about ${userId}`);
}
