// The people of a test and what they share, provisioned through the public API.
// Ids are unique per world, so worlds live side by side on one server; the wire checker learns who may see whom.

import { Client } from './client.js';
import { V4 } from './flavours.js';
import { mint } from './jwt.js';
import { call, demand } from './rest.js';
import { wire } from './wire-checker.js';

let worlds = 0;

export class Person {
  constructor(world, { id, name, kind, token }) {
    Object.assign(this, { world, id, name, kind, token });
  }

  /** The typed id that membership routes take. */
  get principal() {
    return `${this.kind}:${this.id}`;
  }

  get #credential() {
    return this.kind === 'guest' ? { guest: this.token } : { token: this.token };
  }

  /** Opens one connection with this person's credential, not waiting for anything. */
  open(flavour = V4, { auth, query, url, ...options } = {}) {
    const natural = flavour.credentials(this.token);
    const { server } = this.world;
    const client = new Client(url ?? server.url, flavour, {
      label: this.id,
      owner: this.id,
      auth: natural.auth && { ...natural.auth, ...auth },
      query: natural.query || query ? { ...natural.query, ...query } : undefined,
      ...options,
    });
    server.clients.add(client);
    return client;
  }

  /** Opens one connection and waits until it is accepted. */
  async connect(flavour, options) {
    return this.open(flavour, options).ready();
  }

  /** A REST call as this person. */
  rest(method, path, options) {
    return call(this.world.server, method, path, { ...this.#credential, ...options });
  }

  /** Something a person does over REST that counts as activity. */
  async acts() {
    return demand(this.world.server, 'GET', '/api/conversations', this.#credential);
  }
}

export class World {
  #members = new Map();

  constructor(server) {
    this.server = server;
    this.suffix = `${process.pid.toString(36)}${(worlds += 1).toString(36)}`;
  }

  /** A registered user that the directory knows. */
  async user(name, fields = {}) {
    const id = `${name}-${this.suffix}`;
    const username = fields.displayName ?? name;
    await demand(this.server, 'PUT', `/v1/users/${id}`, { key: true, body: { username, ...fields } });
    return this.stranger(name);
  }

  /** A registered user that the directory does not know yet. */
  stranger(name, claims = {}) {
    const id = `${name}-${this.suffix}`;
    const token = mint(this.server.secret, { userId: id, username: name, role: 'USER', ...claims });
    return new Person(this, { id, name, kind: 'user', token });
  }

  /** Several users at once, by name. */
  async users(...names) {
    const people = await Promise.all(names.map((name) => this.user(name)));
    return Object.fromEntries(people.map((person) => [person.name, person]));
  }

  /** A conversation with these members; all of them may see one another. */
  async conversation(title, members) {
    const id = `${title}-${this.suffix}`;
    this.#meet(id, members);
    await demand(this.server, 'PUT', `/v1/conversations/${id}`, { key: true, body: { title } });
    await demand(this.server, 'PUT', `/v1/conversations/${id}/members`, {
      key: true,
      body: members.map((member) => member.principal),
    });
    return id;
  }

  /** Takes somebody into a conversation. */
  async enter(id, person) {
    this.#meet(id, [person]);
    await demand(this.server, 'PUT', `/v1/conversations/${id}/members/${person.principal}`, { key: true });
  }

  /** Ends a membership. */
  async leave(id, person) {
    await demand(this.server, 'DELETE', `/v1/conversations/${id}/members/${person.principal}`, { key: true });
  }

  /** Makes a user of a guest, who is a member of this conversation. */
  async becomes(guest, user, id) {
    this.#meet(id, [user]);
    await demand(this.server, 'POST', `/v1/guests/${guest.id}/merge`, { key: true, body: { userId: user.id } });
  }

  /** Lets everyone see all of this person, and the checker know that these others may. */
  async show(person, others) {
    for (const other of others) wire.mayMeet([other.id, person.id]);
    const answer = await person.rest('PUT', '/v1/privacy/me', { body: { availability: 'everyone', lastSeen: 'everyone' } });
    if (answer.status !== 200) throw new Error(`PUT /v1/privacy/me answered ${answer.status}`);
  }

  /** A guest of one conversation of this world. */
  async guest(displayName, conversationId, fields = {}) {
    const answer = await demand(this.server, 'POST', '/v1/guests', {
      key: true,
      body: { conversationId, displayName, language: 'fr', ...fields },
    });
    const { id, sessionToken } = answer.body;
    const guest = new Person(this, { id, name: displayName, kind: 'guest', token: sessionToken });
    this.#meet(conversationId, [guest]);
    return guest;
  }

  /** Whoever ever was in one conversation may see the others, as far as the checker is concerned. */
  #meet(conversationId, people) {
    const ids = this.#members.get(conversationId) ?? new Set();
    for (const { id } of people) ids.add(id);
    this.#members.set(conversationId, ids);
    wire.mayMeet([...ids]);
  }

  /** Alice and bob share two conversations with carol, who marks the end of a silence; mallory shares one with trudy only. */
  async usual() {
    const people = await this.users('alice', 'bob', 'carol', 'mallory', 'trudy');
    const { alice, bob, carol, mallory, trudy } = people;
    const salon = await this.conversation('salon', [alice, bob, carol]);
    const kitchen = await this.conversation('kitchen', [alice, bob, carol]);
    const cellar = await this.conversation('cellar', [mallory, trudy]);
    return { ...people, salon, kitchen, cellar };
  }
}
