// The server's clock, as answers to heartbeats tell it.

import assert from 'node:assert/strict';
import { beforeEach, it } from 'node:test';
import { ServerClock } from '../dist/server-clock.js';
import { HandTimers } from './harness/timers.js';

const AHEAD = 90_000;

let timers;
let clock;

beforeEach(() => {
  timers = new HandTimers();
  clock = new ServerClock(timers);
});

/** A heartbeat whose way there and back takes these times. */
function beat(there, back, ahead = AHEAD) {
  const askedAt = timers.now();
  timers.pass(there);
  const serverTime = new Date(timers.now() + ahead).toISOString();
  timers.pass(back);
  clock.sample(askedAt, serverTime);
}

it('nothing is known before an answer', () => {
  assert.equal(clock.now(), timers.now());
});

it('half of the journey is taken off', () => {
  beat(100, 100);
  assert.equal(clock.now() - timers.now(), AHEAD);
});

it('a slower answer is less exact, and does not replace a faster one', () => {
  beat(10, 10);
  beat(2_000, 0);
  assert.equal(clock.difference, AHEAD);
});

it('a faster answer does', () => {
  beat(2_000, 0);
  assert.notEqual(clock.difference, AHEAD);
  beat(5, 5);
  assert.equal(clock.difference, AHEAD);
});

it('after a while any answer does, since clocks drift', () => {
  beat(10, 10);
  timers.pass(11 * 60_000);
  beat(50, 50, AHEAD + 3_000);
  assert.equal(clock.difference, AHEAD + 3_000);
});

it('an answer that is no time is none', () => {
  clock.sample(timers.now(), 'later');
  assert.equal(clock.difference, 0);
});
