// A wire between a client and the server that a test can cut: a TCP relay on the loopback.
// Cutting destroys every connection and refuses new ones, which is what a lost network looks like from both ends.
// Holding keeps the connections and lets nothing through from the server, which is what a slow reader looks like.
// Silence lets nothing through in either direction, not even the end of a connection: a dead network of which nobody is told.

import { createServer, connect } from 'node:net';

export class Link {
  #pairs = new Set();
  #up = true;
  #held = false;
  #silent = false;
  #unheard = [];
  #listener;

  /** Opens a relay to the server's port. */
  static async to(server) {
    const link = new Link();
    link.#listener = createServer((near) => link.#relay(near, server.port));
    await new Promise((ready) => link.#listener.listen(0, '127.0.0.1', ready));
    link.#listener.unref();
    return link;
  }

  get url() {
    return `http://127.0.0.1:${this.#listener.address().port}`;
  }

  #relay(near, port) {
    if (!this.#up) return near.destroy();
    const far = connect(port, '127.0.0.1');
    const pair = [near, far];
    this.#pairs.add(pair);
    const end = () => {
      if (this.#silent) return this.#unheard.push(end);
      this.#pairs.delete(pair);
      for (const side of pair) side.destroy();
    };
    for (const side of pair) side.on('error', end).on('close', end);
    near.pipe(far);
    far.pipe(near);
    if (this.#held || this.#silent) far.pause();
    if (this.#silent) near.pause();
  }

  /** Destroys every connection; nothing passes until `mend`. */
  cut() {
    this.#up = false;
    for (const pair of this.#pairs) for (const side of pair) side.destroy();
  }

  /** Nothing from the server passes until `release`. */
  hold() {
    this.#held = true;
    for (const [, far] of this.#pairs) far.pause();
  }

  release() {
    this.#held = false;
    for (const [, far] of this.#pairs) far.resume();
  }

  mend() {
    this.#up = true;
  }

  /** Nothing passes, nobody is told, until `heal`; new connections are taken and wait. */
  silence() {
    this.#silent = true;
    for (const pair of this.#pairs) for (const side of pair) side.pause();
  }

  /** What waited arrives, ends of connections included. */
  heal() {
    this.#silent = false;
    for (const pair of this.#pairs) for (const side of pair) side.resume();
    for (const end of this.#unheard.splice(0)) end();
  }
}
