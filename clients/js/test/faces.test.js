// What is drawn moves by itself: one timer for everybody, none when nobody looks, and no call without a difference.

import assert from 'node:assert/strict';
import { after, beforeEach, it } from 'node:test';
import { Faces } from '../dist/faces.js';
import { People } from '../dist/people.js';
import { ServerClock } from '../dist/server-clock.js';
import { FADES_AFTER } from '../dist/shown.js';
import { MINUTE, NOW, before, status } from './harness/people.js';
import { HandTimers } from './harness/timers.js';

let timers;
let people;
let clock;
let faces;
let silentSince;

beforeEach(() => {
  timers = new HandTimers(NOW);
  people = new People();
  clock = new ServerClock(timers);
  silentSince = null;
  faces = new Faces({ people, clock, timers, silentSince: () => silentSince, locale: 'en' });
});

/** What a listener is told of somebody, as words. */
function follow(userId) {
  const told = [];
  const off = faces.listen(userId, ({ dot, fading, seen }) => told.push([dot, fading ? 'fading' : null, seen].filter(Boolean).join(' ')));
  return { told, off };
}

it('the words move minute by minute without a word from the server', () => {
  people.hear(status('bob', { status: 'offline', lastSeenAt: before(0) }));
  const { told } = follow('bob');
  timers.pass(3 * MINUTE);
  assert.deepEqual(told, ['offline 1 min. ago', 'offline 2 min. ago', 'offline 3 min. ago']);
});

it('somebody present fades when nothing proves it any more, and shines again when something does', () => {
  people.hear(status('bob'));
  const { told } = follow('bob');
  timers.pass(FADES_AFTER);
  people.hear(status('bob', { lastActiveAt: new Date(timers.now()).toISOString() }));
  assert.deepEqual(told, ['online fading 5 min. ago', 'online']);
});

it('there is one timer however many are drawn, and none when nobody is', () => {
  const names = Array.from({ length: 50 }, (_, i) => `p${i}`);
  for (const [i, name] of names.entries()) people.hear(status(name, { status: 'offline', lastSeenAt: before(i * 1_000) }));
  assert.equal(timers.waiting, 0);
  const offs = names.map((name) => follow(name).off);
  assert.equal(timers.waiting, 1);
  timers.pass(2 * MINUTE);
  assert.equal(timers.waiting, 1);
  for (const off of offs) off();
  timers.pass(2 * MINUTE);
  assert.equal(timers.waiting, 0);
});

it('nobody is told of what looks the same', () => {
  people.hear(status('bob', { seq: 1 }));
  const { told } = follow('bob');
  const shown = faces.of('bob');
  people.hear(status('bob', { seq: 2, lastActiveAt: before(-MINUTE) }));
  assert.deepEqual(told, []);
  assert.equal(faces.of('bob'), shown, 'renderers compare objects');
});

it('all who draw somebody are told of what time changed, also when one of them looked before', () => {
  people.hear(status('bob', { status: 'offline', lastSeenAt: before(MINUTE - 500) }));
  const { told } = follow('bob');
  // Due, and waiting for others that are about to be.
  timers.pass(600);
  const early = faces.of('bob');
  timers.pass(400);
  assert.deepEqual(told, ['offline 1 min. ago']);
  assert.notEqual(faces.of('bob'), early);
});

it('a change is told to whoever listens to that person, and to whoever listens to all', () => {
  const bob = follow('bob');
  const carol = follow('carol');
  const all = [];
  faces.listenToAll((shown) => all.push(shown.map(({ userId, dot }) => `${userId} ${dot}`)));
  people.take({ users: [status('bob'), status('dave')] }, null);
  people.hear(status('dave', { seq: 2, status: 'offline', lastActiveAt: null }));
  assert.deepEqual(bob.told, ['online']);
  assert.deepEqual(carol.told, []);
  assert.deepEqual(all, [['bob online', 'dave online'], ['bob online', 'dave offline']]);
});

it('who is no longer known is unknown', () => {
  people.take({ users: [status('bob')] }, null);
  const { told } = follow('bob');
  people.take({ users: [] }, null);
  assert.deepEqual(told, ['unknown']);
});

it('the silence of the link fades those who hide their times', () => {
  people.hear(status('bob', { lastActiveAt: null }));
  const { told } = follow('bob');
  timers.pass(60 * MINUTE);
  assert.deepEqual(told, []);
  silentSince = timers.now();
  faces.refresh();
  timers.pass(FADES_AFTER);
  assert.deepEqual(told, ['online fading']);
});

it('times are reckoned by the clock of the server', () => {
  people.hear(status('bob', { status: 'offline', lastSeenAt: before(0) }));
  const { told } = follow('bob');
  // This machine is seven minutes behind.
  clock.sample(timers.now(), new Date(NOW + 7 * MINUTE).toISOString());
  faces.refresh();
  assert.deepEqual(told, ['offline 7 min. ago']);
});

it('a listener that throws keeps nobody else from being told', () => {
  const surfaced = [];
  // As browsers have it.
  globalThis.reportError = (error) => surfaced.push(String(error));
  after(() => delete globalThis.reportError);
  faces.listen('bob', () => {
    throw new Error('of the application');
  });
  const { told } = follow('bob');
  people.hear(status('bob'));
  assert.deepEqual(told, ['online']);
  assert.deepEqual(surfaced, ['Error: of the application']);
});
