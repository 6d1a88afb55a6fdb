// The judge judged: a good conversation passes, and each rule fails on a payload that breaks it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WireChecker } from '../harness/wire-checker.js';

const AT = '2026-01-31T09:00:00.000Z';
const welcome = { success: true, user: { id: 'alice', language: 'fr', isAnonymous: false }, version: '1.0.0', session: 's1' };
const bob = { userId: 'bob', username: 'Bob', isOnline: true, lastActiveAt: AT, status: 'online', lastActivityAt: AT, lastSeenAt: null, seq: 2 };
const snapshot = (...users) => ({ users, cursor: 'c', total: users.length, truncated: false });

const BEGINNING = [['authenticated', welcome], ['presence:snapshot', snapshot({ ...bob, seq: 1, isOnline: false, status: 'offline' })]];

function judge(events, { before = BEGINNING } = {}) {
  const checker = new WireChecker();
  checker.mayMeet(['alice', 'bob']);
  const socket = checker.socket('alice', 'alice');
  for (const [event, ...args] of [...before, ...events]) socket.received(event, args);
  checker.settleDoubts();
  return checker;
}

const passes = (events, options) => assert.deepEqual(judge(events, options).violations, []);
const fails = (pattern, events, options) => assert.match(judge(events, options).violations.join('\n'), pattern);

describe('the wire checker', () => {
  it('accepts what the contract describes, with extra fields', () => {
    passes([
      ['user:status', { ...bob, extra: 1 }],
      ['conversation:joined', { conversationId: 'salon', userId: 'alice' }],
      ['conversation:online_stats', { conversationId: 'salon', onlineUsers: [{ id: 'bob', username: 'Bob' }], onlineCount: 1, updatedAt: AT }],
      ['typing:start', { conversationId: 'salon', userId: 'bob', username: 'Bob' }],
      ['conversation:left', { conversationId: 'salon', userId: 'alice' }],
      ['presence:snapshot', { users: [bob], partial: true }],
      ['heartbeat:ack', { serverTime: AT }],
      ['auth:session-revoked', { code: 'session_revoked', message: 'm', reason: 'r' }],
    ]);
  });

  it('accepts a refusal', () => {
    passes([['authenticated', { success: false, error: 'e' }], ['error', { message: 'e', code: 'AUTH_FAILED' }]], { before: [] });
  });

  it('knows every event and its one argument', () => {
    fails(/no event of the contract/, [['user:online', bob]]);
    fails(/carries 2 arguments/, [['user:status', bob, bob]]);
    fails(/carries 0 arguments/, [['heartbeat:ack']]);
  });

  it('refuses a name or a flag that is null', () => {
    fails(/username is null/, [['user:status', { ...bob, username: null }]]);
    fails(/isOnline is null/, [['user:status', { ...bob, isOnline: null }]]);
    fails(/username is undefined/, [['presence:snapshot', snapshot({ ...bob, username: undefined })]]);
  });

  it('refuses times that are numbers, of another precision, zone or calendar', () => {
    for (const wrong of [1769850000000, '2026-01-31T09:00:00Z', '2026-01-31T09:00:00.000+00:00', '2026-02-30T09:00:00.000Z', undefined]) {
      fails(/lastActiveAt is/, [['user:status', { ...bob, lastActiveAt: wrong }]]);
    }
    fails(/somethingAt is 5/, [['user:status', { ...bob, deep: [{ somethingAt: 5 }] }]]);
    fails(/serverTime is 5/, [['heartbeat:ack', { serverTime: 5 }]]);
  });

  it('refuses a snapshot with a double, with oneself, out of order or miscounted', () => {
    fails(/same userId twice/, [['presence:snapshot', snapshot(bob, bob)]]);
    fails(/the person itself/, [['presence:snapshot', snapshot({ ...bob, userId: 'alice' })]]);
    fails(/online first/, [['presence:snapshot', snapshot({ ...bob, isOnline: false, status: 'offline' }, { ...bob, userId: 'alice' })]]);
    fails(/total/, [['presence:snapshot', { ...snapshot(bob), total: 0 }]]);
    fails(/truncated contradicts/, [['presence:snapshot', { ...snapshot(bob), truncated: true }]]);
    fails(/cursor is undefined/, [['presence:snapshot', { ...snapshot(bob), cursor: undefined }]]);
  });

  it('refuses versions that go back or repeat, and changes that change nothing', () => {
    fails(/not above 2/, [['user:status', bob], ['user:status', { ...bob, isOnline: false, status: 'offline' }]]);
    fails(/not above 2/, [['user:status', bob], ['user:status', { ...bob, seq: 1 }]]);
    fails(/already shows/, [['user:status', bob], ['user:status', { ...bob, seq: 3 }]]);
    fails(/goes back/, [['user:status', bob], ['presence:snapshot', { users: [{ ...bob, seq: 1 }], partial: true }]]);
  });

  it('refuses what comes before authentication, before the snapshot or after a refusal', () => {
    fails(/before the socket was authenticated/, [['user:status', bob]], { before: [] });
    fails(/before the snapshot/, [['user:status', bob]], { before: [['authenticated', welcome]] });
    fails(/partial before/, [['presence:snapshot', { users: [], partial: true }]], { before: [['authenticated', welcome]] });
    fails(/after the refusal/, [['authenticated', { success: false, error: 'e' }], ['heartbeat:ack', { serverTime: AT }]], { before: [] });
  });

  it('refuses strangers wherever they appear', () => {
    fails(/to a stranger/, [['user:status', { ...bob, userId: 'mallory' }]]);
    fails(/to a stranger/, [['presence:snapshot', snapshot({ ...bob, userId: 'mallory' })]]);
    const joined = ['conversation:joined', { conversationId: 'salon', userId: 'alice' }];
    fails(/to a stranger/, [joined, ['conversation:online_stats', { conversationId: 'salon', onlineUsers: [{ id: 'mallory', username: 'M' }], onlineCount: 1, updatedAt: AT }]]);
    fails(/tells a stranger/, [joined, ['typing:start', { conversationId: 'salon', userId: 'mallory' }]]);
    fails(/did not join/, [['typing:start', { conversationId: 'salon', userId: 'bob' }]]);
  });

  it('accepts that somebody becomes unknown, and refuses one who tells more than that', () => {
    const unknown = { userId: 'bob', username: 'bob', isOnline: false, lastActiveAt: null, status: 'offline', lastActivityAt: null, lastSeenAt: null };
    const held = ['presence:snapshot', snapshot(bob)];
    passes([held, ['user:status', unknown]]);
    fails(/never held/, [['user:status', { ...unknown, userId: 'mallory', username: 'mallory' }]]);
    fails(/yet tells something/, [held, ['user:status', { ...unknown, lastSeenAt: AT }]]);
    fails(/yet tells something/, [held, ['user:status', { ...unknown, isOnline: true, status: 'online' }]]);
  });

  it('accepts that somebody hides, and refuses one who hides and tells times', () => {
    const hidden = { userId: 'bob', username: 'Bob', isOnline: false, lastActiveAt: null, status: 'offline', lastActivityAt: null, lastSeenAt: null };
    const timeless = { ...hidden, isOnline: true, status: 'away', lastSeenBucket: 'recently' };
    const held = ['presence:snapshot', snapshot(bob)];
    passes([held, ['user:status', hidden]]);
    passes([held, ['user:status', timeless], ['user:status', { ...bob, seq: 9 }]]);
    fails(/yet tells something/, [held, ['user:status', { ...timeless, lastActiveAt: AT }]]);
  });

  it('refuses contradictions inside a payload', () => {
    fails(/contradicts status/, [['user:status', { ...bob, isOnline: false }]]);
    fails(/status is "here"/, [['user:status', { ...bob, status: 'here' }]]);
    fails(/isAnonymous contradicts/, [['authenticated', { ...welcome, user: { ...welcome.user, isAnonymous: true } }]]);
    fails(/for someone else/, [['authenticated', { ...welcome, user: { ...welcome.user, id: 'eve' } }]]);
  });

  it('refuses online lists that come too often, with too many or too few', () => {
    const joined = ['conversation:joined', { conversationId: 'salon', userId: 'alice' }];
    const stats = (names, onlineCount = names.length) => [
      'conversation:online_stats',
      { conversationId: 'salon', onlineUsers: names.map((id) => ({ id, username: id })), onlineCount, updatedAt: AT },
    ];
    fails(/too soon/, [joined, stats(['bob']), stats([])]);
    fails(/more than 50/, [joined, stats(Array.from({ length: 51 }, (_, i) => `u${i}`))]);
    fails(/counts fewer/, [joined, stats(['bob'], 0)]);
    fails(/same id twice/, [joined, stats(['bob', 'bob'])]);
  });

  it('judges REST answers by their path', () => {
    const rest = (path, status, body, type = 'application/json') => {
      const checker = new WireChecker();
      checker.answered({ method: 'GET', path, status, headers: { 'content-type': type }, body });
      return checker.violations.join('\n');
    };
    assert.equal(rest('/users/presence?ids=a', 200, { success: true, data: { users: [{ userId: 'a', isOnline: false, lastActiveAt: null }] } }), '');
    assert.match(rest('/users/presence?ids=a', 200, { success: true, data: { users: [{ userId: 'a', isOnline: null, lastActiveAt: null }] } }), /isOnline is null/);
    assert.match(rest('/api/v1/maintenance/status-metrics', 200, { success: true, data: {} }), /totalRequests is undefined/);
    assert.match(rest('/maintenance/stats', 401, { error: 'Authentication required', code: 'AUTH_REQUIRED' }), /success is undefined/);
    assert.equal(rest('/api/conversations', 401, { error: 'Authentication required', code: 'AUTH_REQUIRED' }), '');
    assert.match(rest('/api/conversations', 401, { error: 'Nope', code: 'AUTH_FAILED' }), /error is "Nope"/);
    assert.match(rest('/v1/users/a', 404, { nothing: true }, 'application/problem+json'), /title is undefined/);
    assert.match(rest('/v1/users/a', 200, { id: 'a', createdAt: 5 }), /createdAt is 5/);
  });

  it('fails the run with the event and the payload in its words', () => {
    const checker = judge([['user:status', { ...bob, username: null }]]);
    assert.throws(() => checker.assertClean(), /user:status: payload\.username is null(.|\n)*"userId":"bob"/);
  });
});
