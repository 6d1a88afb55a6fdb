// A real browser with a page that uses the official client, served from its own origin.
// The page says in `window.state` whether the server has sent its snapshot, and reports every event to the wire checker.

import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { observe } from './observe.js';
import { wire } from './wire-checker.js';

const require = createRequire(import.meta.url);
const CLIENTS = {
  4: join(dirname(require.resolve('socket.io-client/package.json')), 'dist/socket.io.js'),
  2: join(dirname(require.resolve('socket.io-client-v2/package.json')), 'dist/socket.io.js'),
};

const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';

/** No sandbox inside containers, and nothing that talks to the outside. */
const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });

/** Opens an address in a fresh context; what the page receives is judged as the person's. */
export async function visit(browser, address, owner) {
  const page = await (await browser.newContext()).newPage();
  const record = wire.socket(`${owner} in the browser`, owner);
  await page.exposeFunction('opened', () => record.opened());
  await page.exposeFunction('received', (event, args) => record.received(event, args));
  await page.goto(address);
  return page;
}

const page = (generation, server, options) => `<!doctype html><meta charset="utf-8"><title>page</title>
<script src="/client-${generation}.js"></script>
<script>
  window.state = { events: [] };
  const socket = io(${JSON.stringify(server)}, ${JSON.stringify(options)});
  (${observe})(socket, window);
  socket.on('presence:snapshot', () => (window.state.welcomed = true));
  socket.on('connect_error', (error) => window.state.events.push(String(error)));
  window.leave = () => socket.disconnect();
</script>`;

/** Serves one page that connects with these options; the port is taken beforehand, since the server must know the origin. */
export class Site {
  #listener = createServer((request, response) => this.#answer(request, response));

  async open() {
    await new Promise((ready) => this.#listener.listen(0, '127.0.0.1', ready));
    this.#listener.unref();
    return this;
  }

  get origin() {
    return `http://127.0.0.1:${this.#listener.address().port}`;
  }

  /** The address of a page for one person and client generation. */
  address(server, generation, options) {
    const query = new URLSearchParams({ server: server.url, generation, options: JSON.stringify(options) });
    return `${this.origin}/?${query}`;
  }

  #answer({ url }, response) {
    const { pathname, searchParams } = new URL(url, this.origin);
    const script = /^\/client-(\d)\.js$/.exec(pathname);
    if (script) {
      response.setHeader('content-type', 'text/javascript');
      createReadStream(CLIENTS[script[1]]).pipe(response);
    } else if (pathname === '/') {
      response.setHeader('content-type', 'text/html');
      response.end(page(searchParams.get('generation'), searchParams.get('server'), JSON.parse(searchParams.get('options'))));
    } else {
      response.statusCode = 404;
      response.end();
    }
  }

  close() {
    this.#listener.close();
  }
}
