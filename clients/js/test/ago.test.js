// "3 min. ago": the words, and the instant at which they change.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ago } from '../dist/index.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

it('the words are those of the largest unit that is full', () => {
  // Some languages keep number and unit together by a space of their own.
  const check = (past, expected, locale = 'en') => assert.equal(ago(0, past, locale).text.replace(/\s/g, ' '), expected);
  check(0, 'now');
  check(59 * SECOND, 'now');
  check(MINUTE, '1 min. ago');
  check(3 * MINUTE + 59 * SECOND, '3 min. ago');
  check(59 * MINUTE + 59 * SECOND, '59 min. ago');
  check(HOUR, '1 hr. ago');
  check(23 * HOUR, '23 hr. ago');
  check(DAY, 'yesterday');
  check(6 * DAY, '6 days ago');
  check(7 * DAY, 'last wk.');
  check(29 * DAY, '4 wk. ago');
  check(60 * DAY, '2 mo. ago');
  check(364 * DAY, '12 mo. ago');
  check(800 * DAY, '2 yr. ago');
  check(3 * MINUTE, 'il y a 3 min', 'fr');
});

it('what a wrong clock puts into the future is now', () => {
  assert.equal(ago(5 * MINUTE, 0, 'en').text, 'now');
});

it('the words change at the instant that is told, and not before', () => {
  for (const past of [0, 59 * SECOND, MINUTE, 3.5 * MINUTE, 59.5 * MINUTE, 23.5 * HOUR, 6.5 * DAY, 29 * DAY, 364.5 * DAY]) {
    const { text, changesAt } = ago(0, past, 'en');
    assert.ok(changesAt > past, `${past}`);
    assert.equal(ago(0, changesAt - 1, 'en').text, text, `${past}`);
    assert.notEqual(ago(0, changesAt, 'en').text, text, `${past}`);
  }
});
