// Nonsense, forged, binary, deep and oversized input: the server survives it and the others do not notice.
// The attacker writes raw frames; alice and bob, with official clients, show after each attack that presence still works.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import WebSocket from 'ws';
import { call } from '../harness/rest.js';
import { story } from '../harness/story.js';
import { until } from '../harness/wait.js';

/** Connections are not shared between requests when one of them may be cut. */
const ALONE = { connection: 'close' };

const deep = (levels) => '['.repeat(levels) + ']'.repeat(levels);

const FRAMES = {
  'unknown engine packets': ['9', '8x', 'abc', '', ' ', '6', '7', '\u0000'],
  'an engine open, close by the wrong side and upgrade': ['0{}', '5', '3probe', '2probe', '3'],
  'packets without their parts': ['4', '42', '42[', '42[]', '42{}', '42""', '42null', '42[null]', '42[1]', '42[{}]', '42[[]]', '42["a"', '4x', '49[]', '48'],
  'numbers beyond all measure': ['42[1e999]', '4299999999999999999999["heartbeat",{}]', '42-1["heartbeat"]', '42["heartbeat",{"clientTime":1e400}]'],
  'acknowledgements nobody asked for': ['43[]', '430[]', '43999999999999999999999[]', '460-0[]'],
  'binary events with and without their parts': ['451-["heartbeat",{"_placeholder":true,"num":0}]', Buffer.from([1, 2, 3]), '459999999-["x"]', '45-["x"]', '451-["x",{"_placeholder":true,"num":-1}]', Buffer.alloc(10), Buffer.alloc(0)],
  'other namespaces': ['40/admin,', '40/admin,{"token":"x"}', '42/admin,["heartbeat",{}]', '41/admin,', `40/${'n'.repeat(2_000)},`],
  'a second connect and connects with nonsense': ['40', '40{}', '40[]', '40null', '40{"token":', '40"x"'],
  'deep JSON': [`42["heartbeat",${deep(20_000)}]`, `42["conversation:join",${deep(127)}]`, `40${deep(10_000)}`, `42["x",${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}]`],
  'names that mean something elsewhere': ['42["__proto__",{}]', '42["connect",{}]', '42["disconnect",{}]', '42["error",{}]', '42["heartbeat",{"__proto__":{"a":1}}]'],
  'text that is no text': [Buffer.from([0x34, 0x32, 0xff, 0xfe]), '42["\ud800"]', '42["heartbeat","\\ud800"]', '42["\\u0000"]'],
  'an oversized frame': ['42["x","' + 'a'.repeat(2 * 1024 * 1024) + '"]'],
  'many small frames': Array.from({ length: 3_000 }, (_, i) => `42["e${i}",{"i":${i}}]`),
};

/** A reproducible stream of random frames: a small linear congruential generator, so that a failure can be run again. */
function randomFrames(seed, howMany) {
  let state = seed;
  const next = (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const alphabet = '0123456789[]{}",:-/\\ aeu\u0000é';
  return Array.from({ length: howMany }, () => {
    const length = next(40);
    const body = Array.from({ length }, () => alphabet[next(alphabet.length)]).join('');
    return next(3) === 0 ? `42${body}` : body;
  });
}

story('hostile input', { concurrency: 1 }, ({ server, world }) => {
  let scene;
  const bystanders = async () => {
    scene ??= (async () => {
      const people = await world().usual();
      return { ...people, watcher: await people.alice.connect() };
    })();
    return scene;
  };

  /** Presence works for others, and the one who watches was never disconnected. */
  const unaffected = async () => {
    const { bob, watcher } = await bystanders();
    const since = watcher.mark();
    const device = await bob.connect();
    await watcher.hears(bob.id, { isOnline: true }, { since });
    device.leave();
    await watcher.hears(bob.id, { isOnline: false }, { since });
    assert.equal(watcher.connected, true);
    assert.equal(watcher.life.length, 1, 'one connect and nothing after');
  };

  /** A raw engine connection; `token` authenticates it, EIO 4. */
  const raw = async (token) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=websocket`);
    const heard = [];
    socket.on('message', (data) => heard.push(String(data)));
    socket.on('error', () => {});
    await until(() => heard.some((text) => text.startsWith('0{')), 'the engine handshake');
    if (token) {
      socket.send(`40${JSON.stringify({ token })}`);
      await until(() => heard.some((text) => text.startsWith('42["presence:snapshot"')), 'the snapshot of the attacker');
    }
    return socket;
  };

  const attack = async (frames, token) => {
    for (const frame of frames) {
      let socket = await raw(token);
      socket.send(frame);
      await new Promise((sent) => socket.ping('', false, sent));
      socket.terminate();
    }
    const burst = await raw(token);
    for (const frame of frames) if (burst.readyState === WebSocket.OPEN) burst.send(frame);
    await new Promise((sent) => setImmediate(sent));
    burst.terminate();
  };

  for (const [what, frames] of Object.entries(FRAMES)) {
    for (const authenticated of [false, true]) {
      it(`${what}, ${authenticated ? 'authenticated' : 'by an unknown'}`, async () => {
        const { mallory } = await bystanders();
        const few = frames.length > 100 ? [] : frames;
        await attack(few, authenticated ? mallory.token : undefined);
        const burst = await raw(authenticated ? mallory.token : undefined);
        for (const frame of frames) if (burst.readyState === WebSocket.OPEN) burst.send(frame);
        await unaffected();
        burst.terminate();
      });
    }
  }

  it('three hundred random frames', async () => {
    const { mallory } = await bystanders();
    let socket = await raw(mallory.token);
    for (const frame of randomFrames(20_260_131, 300)) {
      if (socket.readyState !== WebSocket.OPEN) socket = await raw(mallory.token);
      socket.send(frame);
      await new Promise((turn) => setImmediate(turn));
    }
    await unaffected();
    socket.terminate();
  });

  it('nonsense on the polling transport is answered with 4xx', async () => {
    for (const [method, query, body] of [
      ['GET', '?EIO=4&transport=polling&sid=nobody'],
      ['POST', '?EIO=4&transport=polling&sid=nobody', '40'],
      ['POST', '?EIO=4&transport=polling', '40'],
      ['GET', '?EIO=9&transport=polling'],
      ['GET', '?EIO=4&transport=carrier-pigeon'],
      ['GET', '?EIO=4&transport=websocket'],
      ['GET', '?EIO=4'],
      ['GET', ''],
      ['PUT', '?EIO=4&transport=polling', 'x'],
      ['GET', `?EIO=4&transport=polling&sid=${'a'.repeat(4_000)}`],
      ['GET', '?EIO=3&transport=polling&sid=%00%ff'],
    ]) {
      const { status } = await call(server, method, `/socket.io/${query}`, { body, type: 'text/plain' });
      assert.ok(status >= 400 && status < 500, `${method} ${query} answered ${status}`);
    }
    await unaffected();
  });

  it('nonsense in a living polling session harms only itself', async () => {
    for (const [version, body] of [
      [4, '4'.repeat(100)], [4, '\x1e'.repeat(1_000)], [4, '42["x"\x1e42['], [4, 'b!!!notbase64'], [4, 'x'.repeat(2 * 1024 * 1024)], [4, ''],
      [3, '99999:4'], [3, '-1:x'], [3, '2:4'], [3, 'x:y'], [3, '18446744073709551616:4'], [3, '5:ééé'], [3, Buffer.from([0, 255, 255, 255])],
    ]) {
      const opened = await call(server, 'GET', `/socket.io/?EIO=${version}&transport=polling`, { headers: ALONE });
      const sid = /"sid":"([^"]+)"/.exec(opened.body)[1];
      const answer = await call(server, 'POST', `/socket.io/?EIO=${version}&transport=polling&sid=${sid}`, { body, type: 'text/plain;charset=UTF-8', headers: ALONE })
        .catch((error) => ({ status: 400, cut: error.code }));
      assert.ok(answer.status < 500, `${JSON.stringify(String(body).slice(0, 20))} answered ${answer.status}`);
    }
    await unaffected();
  });

  it('bytes that are no HTTP', async () => {
    for (const bytes of ['\x16\x03\x01\x02\x00\x01\x00', 'GET /\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n', '\x00'.repeat(10_000), `GET /health HTTP/1.1\r\nX: ${'a'.repeat(200_000)}\r\n\r\n`]) {
      await new Promise((done) => {
        const socket = connect(server.port, '127.0.0.1', () => socket.end(bytes));
        socket.on('error', done).on('close', done).resume();
      });
    }
    await unaffected();
  });

  it('a peer that opens the engine and says nothing more costs nobody anything', async () => {
    const idlers = await Promise.all(Array.from({ length: 50 }, () => raw()));
    await unaffected();
    for (const idler of idlers) idler.terminate();
  });
});
