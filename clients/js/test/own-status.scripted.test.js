// A scripted server: one's own status is chosen by an event, and is set when the server says so.

import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import { until } from '../../../e2e/harness/wait.js';
import { chosenOf } from '../dist/index.js';
import { status } from './harness/people.js';
import { Scripted } from './harness/scripted.js';

let server;
before(async () => {
  server = await Scripted.start();
});
after(() => server.stop());
beforeEach(() => {
  server.welcome = { watching: 0, users: [] };
});

it('what was chosen elsewhere is known from the start', async () => {
  const chosen = { status: 'invisible', text: null, until: null };
  server.own = { for: 'Bearer a-token', status: status('me', { chosen }) };
  const client = await server.connect();
  await until(() => client.me !== null, 'one\'s own state');
  server.own = { for: 'Bearer a-token', status: status('somebody-else', { seq: 9 }) };
  const other = await server.connect();
  server.own = null;
  await server.settle(other);
  assert.deepEqual(client.me.chosen, chosen);
  assert.equal(other.me, null, 'of somebody else');
});

it('a refusal rejects with its code and message, also when it overtakes the choice before it', async () => {
  const client = await server.connect();
  const first = client.setStatus({ status: 'busy' });
  const second = client.setStatus({ status: 'away', until: 1 });
  await server.hears('presence:status', 2);
  server.emit('presence:error', { event: 'presence:watch', code: 'rate_limited', message: 'of another event' });
  server.refuseStatus(1, 'INVALID_PAYLOAD', 'The end is past.');
  server.acceptStatus(0, status('me', { seq: 3 }));
  const [accepted, refused] = await Promise.allSettled([first, second]);
  assert.deepEqual([accepted.status, accepted.value?.seq], ['fulfilled', 3]);
  const { name, code, message } = refused.reason;
  assert.deepEqual({ name, code, message }, { name: 'VigieError', code: 'INVALID_PAYLOAD', message: 'The end is past.' });
  assert.equal(client.me.seq, 3);
});

it('a choice without a link rejects at once, and one whose answer is lost with the link', async () => {
  const client = await server.connect();
  const lost = client.setStatus({ status: 'busy' });
  await server.hears('presence:status');
  server.cut();
  await assert.rejects(lost, { code: 'offline' });
  client.close();
  await assert.rejects(client.setStatus({ status: 'busy' }), { code: 'offline' });
});

it('what another device chose is told, and an older state after a newer is not', async () => {
  const client = await server.connect();
  const told = [];
  client.onMe((me) => told.push(me.seq));
  const chosen = { status: 'away', text: null, until: null };
  server.emit('user:status', status('me', { status: 'away', seq: 7, chosen }));
  server.emit('user:status', status('me', { seq: 6 }));
  await until(() => told.length > 0, 'the news');
  await server.settle(client);
  assert.deepEqual(told, [7]);
  assert.equal(client.me.chosen.status, 'away');
});
