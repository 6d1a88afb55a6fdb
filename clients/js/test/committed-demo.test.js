// What the server embeds is what the sources give.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { demo, outdated } from '../scripts/bundle.js';

/** The demo is part of every binary, in bytes. */
const LARGEST = 100_000;

it('the committed demo is a fresh build', async () => {
  assert.deepEqual(await outdated(), [], 'run "npm run build" in clients/js and commit what it changes');
});

it('the demo is small', async () => {
  const sizes = Object.values(await demo()).map((text) => text.length);
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) < LARGEST, `${sizes} bytes`);
});
