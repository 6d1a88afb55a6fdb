// Two real browsers on the demo page of the started server.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { story } from '../../../e2e/harness/story.js';
import { until } from '../../../e2e/harness/wait.js';
import { launch, openDemo, showsDot } from './harness/page.js';

story('the demo in two browsers', { settings: { VIGIE_DEMO: 'on' } }, ({ server, world }) => {
  let first;
  let second;
  before(async () => {
    [first, second] = await Promise.all([launch(), launch()]);
  });
  after(() => Promise.all([first?.close(), second?.close()]));

  it('the dot of one turns in the other', async () => {
    const { alice, bob } = await world().usual();
    const page = await openDemo(first, alice);
    assert.equal(await showsDot(page, 'people', bob, 'offline'), 'bob');
    const other = await openDemo(second, bob);
    await showsDot(page, 'people', bob, 'online');
    await showsDot(other, 'people', alice, 'online');
    await other.goto('about:blank');
    assert.equal(await showsDot(page, 'people', bob, 'offline', 24_000), 'bobseen now');
  });

  it('what one chooses is seen by the other, and who has the conversation open is here', async () => {
    const { alice, bob, salon } = await world().usual();
    const [page, other] = await Promise.all([openDemo(first, alice), openDemo(second, bob)]);
    await page.locator('#conversations').selectOption(salon);
    await showsDot(page, 'members', bob, 'online');
    await other.locator('#conversations').selectOption(salon);
    await page.getByText('2 here, 2 online, 3 members').waitFor();
    await other.locator('#status-choice').selectOption('busy');
    await other.locator('#status-text').fill('<b>exam</b>');
    await other.locator('#status').getByRole('button').click();
    assert.equal(await showsDot(page, 'people', bob, 'busy'), 'bobbusy“<b>exam</b>”');
    assert.equal(await showsDot(page, 'members', bob, 'busy'), 'bobherebusy“<b>exam</b>”');
    await other.locator('#status-choice').selectOption('invisible');
    await other.locator('#status').getByRole('button').click();
    await showsDot(page, 'people', bob, 'offline');
    await page.getByText('1 here, 1 online, 3 members').waitFor();
    await other.getByText('shown as gone').waitFor();
  });

  it('that one types is seen by the other', async () => {
    const { alice, bob, salon } = await world().usual();
    const [page, other] = await Promise.all([openDemo(first, alice), openDemo(second, bob)]);
    for (const tab of [page, other]) await tab.locator('#conversations').selectOption(salon);
    await other.locator('#message').pressSequentially('hello', { delay: 20 });
    await page.getByText('bob types …').waitFor();
    await other.locator('#message').fill('');
    await page.locator('#typing:empty').waitFor({ state: 'attached' });
  });

  it('asks nobody but its own server, keeps its own policy, and takes the token off the address', async () => {
    const { alice } = await world().usual();
    const page = await openDemo(first, alice);
    assert.equal(page.url(), `${server.url}/demo/`);
    await until(() => page.sockets.length > 0, 'the upgrade, which the policy allows');
    for (const address of [...page.requested, ...page.sockets]) {
      assert.equal(new URL(address).host, new URL(server.url).host);
      assert.ok(!address.includes(alice.token), 'the token in an address that is sent');
    }
    assert.deepEqual(page.complaints, []);
    await page.reload();
    await page.waitForFunction(() => document.getElementById('link').textContent === 'online');
  });

  it('a token that is not good leads to a place for another', async () => {
    const { alice } = await world().usual();
    const page = await (await first.newContext()).newPage();
    await page.goto(`${server.url}/demo/#token=not.a.token`);
    await page.getByText('ended: refused').waitFor();
    await page.locator('#token').fill(alice.token);
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.waitForFunction(() => document.getElementById('link').textContent === 'online');
  });
});
