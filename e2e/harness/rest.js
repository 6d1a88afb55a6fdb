// REST calls as a script or a backend makes them, each answer shown to the wire checker.
// Plain node:http, because fetch adds browser headers that the server has rules about.

import { request, Agent } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { SOON } from './wait.js';
import { wire } from './wire-checker.js';

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/**
 * One request. `body` is sent as JSON unless it is a string or a buffer.
 * Resolves with `{status, headers, body}`, the body parsed when the answer says it is JSON.
 */
export function call(server, method, path, { token, guest, key, headers = {}, body, type } = {}) {
  const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const all = { ...headers };
  if (payload !== undefined) {
    all['content-type'] ??= type ?? 'application/json';
    all['content-length'] = Buffer.byteLength(payload);
  }
  if (token) all.authorization = `Bearer ${token}`;
  if (guest) all['x-session-token'] = guest;
  if (key) all['x-api-key'] = key === true ? server.apiKey : key;
  return new Promise((answer, fail) => {
    const req = request(`${server.url}${path}`, { method, headers: all, agent }, (res) => {
      const chunks = [];
      res.on('data', (chunk) => chunks.push(chunk));
      res.on('error', fail);
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = /json/.test(res.headers['content-type'] ?? '');
        const result = { status: res.statusCode, headers: res.headers, body: isJson && text ? JSON.parse(text) : text };
        wire.answered({ method, path, ...result });
        answer(result);
      });
    });
    req.on('error', fail);
    req.end(payload);
  });
}

/** The same, for steps of a test that must succeed; a server that asks to come back in a moment is asked again. */
export async function demand(server, method, path, options) {
  const deadline = performance.now() + SOON;
  for (;;) {
    const answer = await call(server, method, path, options);
    if (answer.status < 300) return answer;
    const pause = 1_000 * Number(answer.headers['retry-after']);
    if (answer.status !== 503 || !(performance.now() + pause < deadline)) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    await setTimeout(pause);
  }
}
