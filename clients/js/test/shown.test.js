// What is drawn of one person: the dot, when it fades, and the words; unknown is never "now".

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FADES_AFTER, show } from '../dist/shown.js';
import { MINUTE, NOW, before, status } from './harness/people.js';

const at = (now = NOW, silentSince = null) => ({ now, silentSince, locale: 'en' });

function check(fields, expected, moment = at()) {
  const { shown } = show('bob', fields && status('bob', fields), moment);
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(shown[key], value, `${key} of ${JSON.stringify(fields)}`);
}

it('somebody of whom nothing was told is unknown', () => {
  check(null, { dot: 'unknown', username: null, seen: null, seenAt: null, fading: false });
});

it('somebody offline of whom no time is known was seen at no time', () => {
  check({ status: 'offline', lastActiveAt: null, lastSeenAt: null }, { dot: 'offline', seen: null, seenAt: null });
});

it('the dot is what the server says', () => {
  for (const dot of ['online', 'away', 'busy', 'offline']) check({ status: dot }, { dot, fading: false });
});

it('somebody offline was seen when the server says, or at the last proof', () => {
  check({ status: 'offline', lastSeenAt: before(3 * MINUTE) }, { seen: '3 min. ago', fading: false });
  check({ status: 'offline', lastActiveAt: before(4 * MINUTE) }, { seen: '4 min. ago' });
});

it('somebody present without a proof for five minutes fades, and is told when that was', () => {
  check({ lastActiveAt: before(FADES_AFTER - 1) }, { fading: false, seen: null });
  check({ lastActiveAt: before(FADES_AFTER) }, { dot: 'online', fading: true, seen: '5 min. ago' });
  check({ status: 'busy', lastActiveAt: before(FADES_AFTER) }, { dot: 'busy', fading: true });
});

it('somebody present who hides the time fades with the link alone', () => {
  const hidden = { lastActiveAt: null, lastActivityAt: null, lastSeenBucket: 'recently' };
  check(hidden, { dot: 'online', fading: false, seen: null, seenAt: null, bucket: 'recently' });
  check(hidden, { fading: false }, at(NOW, NOW - FADES_AFTER + 1));
  check(hidden, { fading: true, seen: null, bucket: 'recently' }, at(NOW, NOW - FADES_AFTER));
});

it('a text is shown while its person is present, until its end', () => {
  const until = new Date(NOW + 1).toISOString();
  check({ status: 'busy', statusText: 'exam', statusUntil: until }, { text: 'exam' });
  check({ status: 'busy', statusText: 'exam', statusUntil: until }, { text: null }, at(NOW + 1));
  check({ status: 'busy', statusText: 'exam', statusUntil: null }, { text: 'exam' });
  check({ status: 'offline', statusText: 'exam' }, { text: null });
});

it('the next change is the earliest of all that time changes', () => {
  const next = (fields, moment = at()) => show('bob', status('bob', fields), moment).changesAt;
  assert.equal(next({ lastActiveAt: before(0) }), NOW + FADES_AFTER);
  assert.equal(next({ lastActiveAt: null }), Infinity);
  assert.equal(next({ lastActiveAt: null }, at(NOW, NOW)), NOW + FADES_AFTER);
  assert.equal(next({ status: 'offline', lastSeenAt: before(90_000) }), NOW + 30_000);
  assert.equal(next({ statusText: 'x', statusUntil: new Date(NOW + 5).toISOString() }), NOW + 5);
  assert.equal(show('bob', undefined, at()).changesAt, Infinity);
});
