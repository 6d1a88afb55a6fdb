// Whoever cannot prove who it is gets told so in words old clients understand, and is closed; nobody is touched by it.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Client } from '../harness/client.js';
import { FLAVOURS, V4 } from '../harness/flavours.js';
import { badTokens, mint, seconds } from '../harness/jwt.js';
import { demand } from '../harness/rest.js';
import { heardNothing, story } from '../harness/story.js';

const WORDS = 'Authentification requise. Veuillez fournir un Bearer token ou un x-session-token valide.';

/** The most that clocks may differ, in s. */
const LEEWAY = 5;

/** Shortened from 10 s. */
const AUTH_TIMEOUT = 1_500;

story('refusals', { settings: { VIGIE_AUTH_TIMEOUT: `${AUTH_TIMEOUT}ms` } }, ({ server, world }) => {
  const open = (flavour, options) => {
    const client = new Client(server.url, flavour, options);
    server.clients.add(client);
    return client;
  };

  const refused = async (client, code) => {
    await client.closed();
    assert.deepEqual(client.log.map(({ event }) => event), ['authenticated', 'error']);
    assert.deepEqual(client.all('authenticated'), [{ ...client.all('authenticated')[0], success: false }]);
    const [{ message, code: said }] = client.all('error');
    assert.equal(said, code);
    return { message, error: client.all('authenticated')[0].error };
  };

  const neverByConnectError = (client) =>
    assert.deepEqual(client.life.map(({ what }) => what), ['connect', 'disconnect'], 'never as connect_error');

  for (const flavour of FLAVOURS) {
    it(`${flavour.name} without a credential is closed after the time to authenticate, in the same way`, async () => {
      const began = Date.now();
      const client = open(flavour, {});
      const said = await refused(client, 'AUTH_REQUIRED');
      assert.equal(said.message, WORDS);
      assert.equal(said.error, WORDS);
      assert.ok(Date.now() - began >= AUTH_TIMEOUT - 100, 'not before its time');
      neverByConnectError(client);
    });

    it(`${flavour.name} with a forged token is refused`, async () => {
      const { alice } = await world().users('alice');
      const { forged } = badTokens(server.secret, alice.id);
      const client = open(flavour, flavour.credentials(forged));
      const said = await refused(client, 'AUTH_FAILED');
      assert.match(said.error, /Authentification requise/);
      neverByConnectError(client);
    });

    it(`${flavour.name} with an unknown guest token is refused`, async () => {
      const client = open(flavour, flavour.credentials('anon_0123456789abcdefghijklmnopqrstuv'));
      await refused(client, 'AUTH_FAILED');
      neverByConnectError(client);
    });

    it(`${flavour.name} with an expired token is told so`, async () => {
      const { alice } = await world().users('alice');
      const expired = mint(server.secret, { userId: alice.id, iat: seconds(-100), exp: seconds(-LEEWAY - 1) });
      const client = open(flavour, flavour.credentials(expired));
      await client.next('auth:token-expired', ({ code }) => code === 'token_expired');
      await client.closed();
      assert.ok(client.all('authenticated').every(({ success }) => !success));
      neverByConnectError(client);
    });
  }

  it('each kind of bad token is refused, and its bearer is not seen', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await bob.connect();
    const mark = watcher.mark();
    for (const [what, token] of Object.entries(badTokens(server.secret, alice.id))) {
      const client = open(V4, { label: what, auth: { token } });
      await refused(client, 'AUTH_FAILED');
    }
    await heardNothing(watcher, alice.id, mark, async () => {
      await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
    });
  });

  it('a name alone proves nothing', async () => {
    const { alice } = await world().users('alice');
    const client = open(V4, {});
    client.emit('authenticate', { userId: alice.id });
    await client.closed();
    assert.ok(client.all('authenticated').every(({ success }) => !success));
    assert.match(client.all('error')[0].code, /^(AUTH_REQUIRED|AUTH_FAILED|INVALID_PAYLOAD)$/);
  });

  for (const [what, ...args] of [
    ['nothing'],
    ['null', null],
    ['a string', 'hello'],
    ['a list', []],
    ['a number as token', { token: 5 }],
    ['an object as token', { token: { $ne: null } }],
    ['a token of 30,000 characters', { token: 'x'.repeat(30_000) }],
  ]) {
    it(`authenticate with ${what} is refused`, async () => {
      const client = open(V4, {});
      client.emit('authenticate', ...args);
      await client.closed();
      assert.ok(client.all('authenticated').every(({ success }) => !success));
    });
  }

  it('handshakes with nonsense as credentials are refused', async () => {
    for (const auth of [{ token: 5 }, { token: null }, { token: ['a'] }, { token: '' }, { sessionToken: {} }, { authToken: true }, { resume: 7 }]) {
      const client = open(V4, { label: JSON.stringify(auth), auth });
      await client.closed();
      assert.ok(client.all('authenticated').every(({ success }) => !success));
    }
  });

  it('a deactivated and a deleted user are refused although their token is valid', async () => {
    const place = world();
    const { alice, bob } = await place.users('alice', 'bob');
    await demand(server, 'PUT', `/v1/users/${alice.id}`, { key: true, body: { isActive: false } });
    await demand(server, 'DELETE', `/v1/users/${bob.id}`, { key: true });
    for (const person of [alice, bob]) await refused(person.open(), 'AUTH_FAILED');
  });
});
