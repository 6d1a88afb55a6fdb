// A real browser on another origin: twenty reloads of a page are no news to those who watch its user.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Site, launch, visit } from '../harness/browser.js';
import { heardNothing, story } from '../harness/story.js';
import { SOON } from '../harness/wait.js';

const RELOADS = 20;

/** A page has this long to load again on a busy machine, in ms. */
const GRACE = 6_000;

/** A tab that closes ends its session at once; one that closes between two polls ends it by silence: ping, timeout, grace and lateness, in ms. */
const GONE_WITHIN = 8_000 + 8_000 + GRACE + 1_000 + 1_000;

const site = await new Site().open();

const settings = {
  CORS_ORIGINS: site.origin,
  VIGIE_GRACE: `${GRACE}ms`,
  VIGIE_EIO3_PING_INTERVAL: '8s',
  VIGIE_EIO3_PING_TIMEOUT: '8s',
};

story('a page in a browser', { settings }, ({ server, world }) => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    site.close();
  });

  const open = async (person, generation, options) => {
    const page = await visit(browser, site.address(server, generation, options), person.id);
    await welcomed(page);
    return page;
  };
  const welcomed = (page) => page.waitForFunction(() => window.state?.welcomed, undefined, { timeout: 10_000 });

  for (const [what, generation, options] of [
    ['version 4, polling then upgrade', 4, (token) => ({ auth: { token } })],
    ['version 4, websocket', 4, (token) => ({ auth: { token }, transports: ['websocket'] })],
    ['version 4, polling', 4, (token) => ({ auth: { token }, transports: ['polling'] })],
    ['version 2, polling then upgrade', 2, (token) => ({ query: { token } })],
    ['version 2, polling', 2, (token) => ({ query: { token }, transports: ['polling'] })],
  ]) {
    it(`${what}: ${RELOADS} reloads without one event at the watcher, then the tab closes`, async () => {
      const { alice, bob, carol } = await world().usual();
      const watcher = await alice.connect();
      const page = await open(bob, generation, options(bob.token));
      await watcher.hears(bob.id, { isOnline: true });
      const mark = watcher.mark();
      for (let i = 0; i < RELOADS; i += 1) {
        await page.reload();
        await welcomed(page);
      }
      await heardNothing(watcher, bob.id, mark, async () => {
        const sentinel = await carol.connect();
        await watcher.hears(carol.id, { isOnline: true });
        sentinel.drop();
        await watcher.hears(carol.id, { isOnline: false }, { within: GRACE + SOON });
      });
      await page.close();
      await watcher.hears(bob.id, { isOnline: false }, { since: mark, within: GONE_WITHIN });
    });
  }

  it('two tabs of one user, then none', async () => {
    const { alice, bob, carol } = await world().usual();
    const watcher = await alice.connect();
    const first = await open(bob, 4, { auth: { token: bob.token } });
    const second = await open(bob, 4, { auth: { token: bob.token } });
    await watcher.hears(bob.id, { isOnline: true });
    const mark = watcher.mark();
    await first.evaluate(() => window.leave());
    await heardNothing(watcher, bob.id, mark, async () => {
      await carol.connect();
      await watcher.hears(carol.id, { isOnline: true });
    });
    await second.evaluate(() => window.leave());
    await watcher.hears(bob.id, { isOnline: false }, { since: mark, within: 3_000 });
  });

  it('a page of an origin that is not configured cannot read the server', async () => {
    const { alice } = await world().usual();
    const foreign = await new Site().open();
    const options = { auth: { token: alice.token }, transports: ['polling'], reconnection: false };
    const page = await visit(browser, foreign.address(server, 4, options), alice.id);
    await page.waitForFunction(() => window.state.events.length > 0, undefined, { timeout: 10_000 });
    assert.equal(await page.evaluate(() => window.state.welcomed), undefined);
    foreign.close();
  });
});
