// Every spelling of a credential that deployed clients use at the handshake is understood.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Client } from '../harness/client.js';
import { FLAVOURS, V2, V2_POLLING, V2_UPGRADE, V4, V4_POLLING } from '../harness/flavours.js';
import { badTokens, mint } from '../harness/jwt.js';
import { story } from '../harness/story.js';

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/** How a user says who it is; `{headers}` work everywhere, `{auth}` in version 4, `{query}` in version 2. */
const USER_SPELLINGS = {
  'the header Authorization with Bearer': (token) => ({ headers: bearer(token) }),
  'the header Authorization alone': (token) => ({ headers: { Authorization: token } }),
  'auth.token': (token) => ({ auth: { token } }),
  'auth.token with tokenType jwt': (token) => ({ auth: { token, tokenType: 'jwt' } }),
  'auth.authToken': (token) => ({ auth: { authToken: token } }),
  'auth.authToken with tokenType jwt': (token) => ({ auth: { authToken: token, tokenType: 'jwt' } }),
};

const GUEST_SPELLINGS = {
  'the header X-Session-Token': (token) => ({ headers: { 'X-Session-Token': token } }),
  'auth.sessionToken': (token) => ({ auth: { sessionToken: token } }),
  'auth.sessionToken with sessionType anonymous': (token) => ({ auth: { sessionToken: token, sessionType: 'anonymous' } }),
  'auth.token that starts with anon_': (token) => ({ auth: { token } }),
};

story('credentials at the handshake', { settings: { VIGIE_AUTH_TIMEOUT: '2s' } }, ({ server, world }) => {
  const open = (flavour, options) => {
    const client = new Client(server.url, flavour, options);
    server.clients.add(client);
    return client;
  };
  const welcomed = async (flavour, options, id) => {
    const client = await open(flavour, options).ready();
    assert.equal(client.all('authenticated')[0].user.id, id);
  };
  const place = world();
  let cast;
  const people = () =>
    (cast ??= (async () => {
      const { alice } = await place.users('alice');
      const salon = await place.conversation('salon', [alice]);
      return { alice, guest: await place.guest('Gus', salon) };
    })());

  for (const flavour of [V4, V4_POLLING]) {
    for (const [spelling, say] of Object.entries(USER_SPELLINGS)) {
      it(`${flavour.name}: a user by ${spelling}`, async () => {
        const { alice } = await people();
        await welcomed(flavour, say(alice.token), alice.id);
      });
    }
    for (const [spelling, say] of Object.entries(GUEST_SPELLINGS)) {
      it(`${flavour.name}: a guest by ${spelling}`, async () => {
        const { guest } = await people();
        await welcomed(flavour, say(guest.token), guest.id);
      });
    }
  }

  for (const flavour of [V2, V2_POLLING, V2_UPGRADE]) {
    it(`${flavour.name}: a user by header or query`, async () => {
      const { alice } = await people();
      await welcomed(flavour, { headers: bearer(alice.token) }, alice.id);
      await welcomed(flavour, { query: { token: alice.token } }, alice.id);
    });

    it(`${flavour.name}: a guest by header or query`, async () => {
      const { guest } = await people();
      await welcomed(flavour, { headers: { 'X-Session-Token': guest.token } }, guest.id);
      await welcomed(flavour, { query: { sessionToken: guest.token } }, guest.id);
      await welcomed(flavour, { query: { token: guest.token } }, guest.id);
    });
  }

  for (const flavour of FLAVOURS) {
    for (const [what, say] of Object.entries({
      'a user by authenticate {token}': ({ alice }) => [{ token: alice.token }, alice.id],
      'a user by authenticate {sessionToken}': ({ alice }) => [{ sessionToken: alice.token }, alice.id],
      'a guest by authenticate {sessionToken}': ({ guest }) => [{ sessionToken: guest.token, language: 'fr' }, guest.id],
    })) {
      it(`${flavour.name}: ${what}`, async () => {
        const [payload, id] = say(await people());
        const client = open(flavour, {});
        client.emit('authenticate', payload);
        await client.ready();
        assert.equal(client.all('authenticated')[0].user.id, id);
      });
    }
  }

  it('sub is a synonym of userId, also beside it', async () => {
    const { alice } = await people();
    await welcomed(V4, { auth: { token: mint(server.secret, { sub: alice.id }) } }, alice.id);
    await welcomed(V4, { auth: { token: mint(server.secret, { sub: alice.id, userId: alice.id }) } }, alice.id);
  });

  it('the language of authenticate comes back', async () => {
    const { alice } = await people();
    const client = open(V4, {});
    client.emit('authenticate', { token: alice.token, language: 'pt' });
    await client.ready();
    assert.equal(client.all('authenticated')[0].user.language, 'pt');
  });

  it('a bad JWT falls through to a session token', async () => {
    const { alice, guest } = await people();
    for (const bad of Object.values(badTokens(server.secret, alice.id))) {
      await welcomed(V4, { auth: { token: bad, sessionToken: guest.token } }, guest.id);
    }
    const forged = badTokens(server.secret, alice.id).forged;
    await welcomed(V4, { headers: { ...bearer(forged), 'X-Session-Token': guest.token } }, guest.id);
    await welcomed(V2, { query: { token: forged, sessionToken: guest.token } }, guest.id);
  });

  it('a good JWT wins over a session token', async () => {
    const { alice, guest } = await people();
    await welcomed(V4, { auth: { token: alice.token, sessionToken: guest.token } }, alice.id);
  });

  it('version 4 is not authenticated by its query', async () => {
    const { alice } = await people();
    const client = open(V4, { query: { token: alice.token } });
    await client.next('error', ({ code }) => code === 'AUTH_REQUIRED');
    assert.deepEqual(client.all('authenticated').map(({ success }) => success), [false]);
  });

  it('tokenType and sessionType of another kind are no credential', async () => {
    const { alice, guest } = await people();
    for (const auth of [{ token: alice.token, tokenType: 'opaque' }, { sessionToken: guest.token, sessionType: 'registered' }]) {
      const client = open(V4, { auth });
      await client.closed();
      assert.ok(client.all('authenticated').every(({ success }) => !success));
    }
  });
});
