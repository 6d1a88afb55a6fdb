// Waiting for a level, always with a bound; never for a guessed time.
// `until(level)` polls a question until its answer is truthy and returns that answer.

/** How long a test waits for something that should happen at once, in ms; generous because two cores serve many tests. */
export const SOON = 8_000;

/** How often a level is looked at, in ms. */
const POLL_EVERY = 20;

/** Resolves with the first truthy answer of `level`, or rejects naming `what` after `within` ms. */
export async function until(level, what, within = SOON) {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await level();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resume) => setTimeout(resume, POLL_EVERY));
  }
}

/** Looks at `level` again and again for `period` ms; for what must hold the whole time. */
export async function throughout(period, level) {
  const end = performance.now() + period;
  while (performance.now() < end) {
    await level();
    await new Promise((resume) => setTimeout(resume, POLL_EVERY));
  }
}

/** The store has a connect, a leave or a refresh at most this long after it, in ms; twice what is promised, for a busy machine. */
const DURABLE_WITHIN = 1_000;

/** Waits until everything said so far has survived a crash; nothing on the wire tells when. */
export const durable = () => new Promise((resume) => setTimeout(resume, DURABLE_WITHIN));
