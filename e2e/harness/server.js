// One started `vigie serve` in a temporary folder: real binary, real port, real store.
// Knows how to start, stop, kill and restart it on the same port, and shows its log when a test file fails.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.js';

const BINARY = resolve(
  process.env.VIGIE_BIN ?? fileURLToPath(new URL('../../target/debug/vigie', import.meta.url)),
);

/** How long a start or a drain may take, in ms. */
const START_WITHIN = 20_000;
const STOP_WITHIN = 10_000;

/** Log lines shown when a file fails. */
const TAIL = 80;

export class Server {
  log = '';
  #child = null;
  #port = 0;

  constructor(settings = {}) {
    this.secret = `e2e-${randomBytes(24).toString('hex')}`;
    this.apiKey = `key-${randomBytes(16).toString('hex')}`;
    this.settings = settings;
    this.folder = mkdtempSync(join(tmpdir(), 'vigie-e2e-'));
    process.once('exit', (code) => {
      this.#child?.kill('SIGKILL');
      rmSync(this.folder, { recursive: true, force: true });
      if (code !== 0) console.error(`--- log of the server ---\n${this.log.split('\n').slice(-TAIL).join('\n')}`);
    });
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port() {
    return this.#port;
  }

  get running() {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the binary with nothing of the caller's environment but the path; settings set to `undefined` are left out. */
  async start() {
    const env = {
      PATH: process.env.PATH,
      RUST_LOG: process.env.RUST_LOG,
      RUST_BACKTRACE: '1',
      VIGIE_LISTEN: `127.0.0.1:${this.#port}`,
      VIGIE_DATA_DIR: join(this.folder, 'data'),
      JWT_SECRET: this.secret,
      VIGIE_API_KEY: this.apiKey,
      ...this.settings,
    };
    for (const name of Object.keys(env)) if (env[name] === undefined) delete env[name];
    const begin = this.log.length;
    const child = spawn(BINARY, ['serve'], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let failure = null;
    child.on('error', (error) => (failure = error));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (this.log += text));
    }
    const line = await until(
      () => {
        if (failure) throw failure;
        if (!this.running) throw new Error(`the server ended at its start:\n${this.log.slice(begin)}`);
        return /listening on http:\/\/[^\s:]+:(\d+)/.exec(this.log.slice(begin));
      },
      `the line "listening on" of ${BINARY}`,
      START_WITHIN,
    );
    this.#port = Number(line[1]);
  }

  /** Asks the server to drain; a server that does not end by itself is an error. */
  async stop() {
    if (!this.running) return;
    this.#child.kill('SIGTERM');
    try {
      await until(() => !this.running, 'the end of the server after SIGTERM', STOP_WITHIN);
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw error;
    }
  }

  /** Ends the server without a goodbye, as a crash would. */
  async crash() {
    this.#child.kill('SIGKILL');
    await until(() => !this.running, 'the end of the server after SIGKILL');
  }

  /** Stops and continues the whole process, as a suspended machine would. */
  signal(name) {
    this.#child.kill(name);
  }

  /** Starts again on the same port and the same data. */
  async startAgain() {
    await this.start();
  }
}
