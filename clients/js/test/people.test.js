// What is held of people: whole snapshots replace, partial ones merge, and a state never gives way to an older one.

import assert from 'node:assert/strict';
import { beforeEach, it } from 'node:test';
import { People } from '../dist/people.js';
import { status } from './harness/people.js';

let people;
let told;

beforeEach(() => {
  people = new People();
  told = [];
  people.onChange((ids) => told.push([...ids].sort()));
});

const take = (users, { partial, except = null } = {}) => people.take({ users, ...(partial && { partial }) }, except);
const held = () => Object.fromEntries([...people.all].map(([id, { status: dot, seq }]) => [id, `${dot} ${seq}`]));

it('a whole snapshot takes the place of everything', () => {
  take([status('bob'), status('carol')]);
  take([status('bob', { seq: 2 }), status('dave')]);
  assert.deepEqual(held(), { bob: 'online 2', dave: 'online 1' });
  assert.deepEqual(told, [['bob', 'carol'], ['bob', 'carol', 'dave']]);
});

it('a whole snapshot is believed also where the server begins its numbers anew', () => {
  take([status('bob', { seq: 9 })]);
  take([status('bob', { seq: 3, status: 'offline' })]);
  assert.deepEqual(held(), { bob: 'offline 3' });
});

it('a whole snapshot says nothing of oneself', () => {
  people.hear(status('me'));
  take([status('bob')], { except: 'me' });
  assert.deepEqual(held(), { me: 'online 1', bob: 'online 1' });
});

it('whoever becomes unknown is dropped, unless they are watched', () => {
  const unknown = (id) => status(id, { status: 'offline', lastActiveAt: null, lastActivityAt: null, seq: undefined });
  take([status('bob'), status('carol')]);
  people.hear(unknown('bob'));
  assert.deepEqual(held(), { carol: 'online 1' });
  people.hear({ ...unknown('carol'), username: 'Carol' });
  assert.deepEqual(held(), { carol: 'offline undefined' }, 'a contact who hides');
  people = new People((id) => id === 'bob');
  take([unknown('bob'), unknown('carol')], { partial: true });
  assert.deepEqual(held(), { bob: 'offline undefined' });
});

it('whoever is followed no longer is forgotten', () => {
  take([status('bob'), status('carol')]);
  told = [];
  people.forget(['bob', 'dave']);
  people.forget(['bob']);
  assert.deepEqual(held(), { carol: 'online 1' });
  assert.deepEqual(told, [['bob']]);
});

it('a partial snapshot leaves the others as they are', () => {
  take([status('bob'), status('carol')]);
  take([status('carol', { status: 'offline', seq: 2 })], { partial: true });
  assert.deepEqual(held(), { bob: 'online 1', carol: 'offline 2' });
  assert.deepEqual(told[1], ['carol']);
});

it('an older state after a newer one is nothing', () => {
  people.hear(status('bob', { status: 'offline', seq: 5 }));
  people.hear(status('bob', { seq: 4 }));
  take([status('bob', { seq: 4 })], { partial: true });
  assert.deepEqual(held(), { bob: 'offline 5' });
  assert.equal(told.length, 1);
});

it('fresh times come under the same number', () => {
  people.hear(status('bob', { seq: 5, lastActiveAt: '2026-01-01T00:00:00.000Z' }));
  take([status('bob', { seq: 5, lastActiveAt: '2026-01-01T00:02:00.000Z' })], { partial: true });
  assert.equal(people.all.get('bob').lastActiveAt, '2026-01-01T00:02:00.000Z');
});

it('who hides comes without a number, and is believed', () => {
  people.hear(status('bob', { seq: 5 }));
  people.hear(status('bob', { username: 'Bob', seq: undefined, status: 'offline', lastActiveAt: null }));
  assert.deepEqual(held(), { bob: 'offline undefined' });
});

it('a state replaces the one before as a whole', () => {
  people.hear(status('bob', { statusText: 'exam' }));
  people.hear(status('bob', { seq: 2 }));
  assert.equal(people.all.get('bob').statusText, undefined);
});
