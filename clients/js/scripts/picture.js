// Takes docs/pictures/demo.png: the demo in two browsers, side by side, on a server of its own.
// One command: `npm run picture`; it needs the built binary and Chromium, as the tests do.

import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server } from '../../../e2e/harness/server.js';
import { World } from '../../../e2e/harness/world.js';
import { launch, openDemo, showsDot } from '../test/harness/page.js';

const PICTURE = fileURLToPath(new URL('../../../docs/pictures/demo.png', import.meta.url));

/** Documents are read over thin links, too; in bytes. */
const LARGEST = 150_000;

const VIEW = { width: 560, height: 790 };

const server = new Server({ VIGIE_DEMO: 'on' });
server.clients = new Set();
await server.start();
const browser = await launch();
try {
  const place = new World(server);
  const names = { alice: 'Alice', bob: 'Bob', carol: 'Carol', dave: 'Dave' };
  const people = await Promise.all(Object.entries(names).map(([id, displayName]) => place.user(id, { displayName })));
  const [alice, bob, carol, dave] = people;
  const options = { viewport: VIEW, colorScheme: 'light' };
  const rooms = [await place.conversation('salon', people), await place.conversation('kitchen', people)];
  const tabs = await Promise.all([openDemo(browser, alice, options), openDemo(browser, bob, options)]);
  for (const tab of tabs) await tab.locator('#conversations').selectOption(rooms[0]);
  (await dave.connect()).leave();
  const device = await carol.connect();
  device.emit('presence:app-state', { foreground: false });
  await tabs[1].locator('#status-choice').selectOption('busy');
  await tabs[1].locator('#status-text').fill('in a meeting');
  await tabs[1].locator('#status').getByRole('button').click();
  await showsDot(tabs[0], 'people', bob, 'busy');
  for (const tab of tabs) await tab.getByText('2 here, 3 online, 4 members').waitFor();
  await tabs[1].locator('#message').fill('Good morning');
  await showsDot(tabs[0], 'people', carol, 'away');
  await showsDot(tabs[0], 'people', dave, 'offline');
  await tabs[0].getByText('Bob types …').waitFor();
  for (const tab of tabs) await tab.evaluate(() => scrollTo(0, 0));
  const pictures = await Promise.all(tabs.map((tab) => tab.screenshot()));
  mkdirSync(dirname(PICTURE), { recursive: true });
  writeFileSync(PICTURE, await sideBySide(pictures));
} finally {
  await browser.close();
  await server.stop();
}
const { size } = statSync(PICTURE);
if (size > LARGEST) throw new Error(`${PICTURE} has ${size} bytes, more than ${LARGEST}`);
console.log(`${PICTURE}: ${size} bytes`);
process.exit(0);

/** Two pictures in one. */
async function sideBySide(pictures) {
  const page = await (await browser.newContext({ viewport: { width: 2 * VIEW.width + 36, height: VIEW.height + 24 } })).newPage();
  const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture.toString('base64')}">`);
  await page.setContent(`<style>body{margin:12px;display:flex;gap:12px;background:#8a95a3}img{border-radius:8px}</style>${images.join('')}`);
  return page.screenshot();
}
