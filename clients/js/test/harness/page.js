// The demo page in real browsers: opens it for a person, and reads what it shows.

import { launch } from '../../../../e2e/harness/browser.js';

export { launch };

/** Opens the demo for a person in a browser context of its own; whatever the page complains of is in `page.complaints`. */
export async function openDemo(browser, { token, world: { server } }, options) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.requested = [];
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.sockets = [];
  page.on('websocket', (socket) => page.sockets.push(socket.url()));
  page.on('request', (request) => page.requested.push(request.url()));
  await page.goto(`${server.url}/demo/#${new URLSearchParams({ token })}`);
  await page.waitForFunction(() => document.getElementById('link').textContent === 'online');
  return page;
}

/** Waits until a list of the page shows somebody with this dot, and gives the whole line. */
export async function showsDot(page, list, { id }, dot, timeout = 8_000) {
  const line = page.locator(`#${list} li[data-user-id="${id}"][data-dot="${dot}"]`);
  await line.waitFor({ timeout });
  return line.textContent();
}
