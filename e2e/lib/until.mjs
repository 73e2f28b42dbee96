/** A busy machine draws in software; nothing here takes longer than seconds on a quiet one. */
const LIMIT_MS = 60_000;
const EVERY_MS = 50;

/**
 * Looks again and again until `look` answers something true, and returns that.
 * @param {string} what for the error, when it never does
 * @param {() => unknown} look may be async; errors of it are not swallowed
 * @param {() => unknown} [describe] what to add to the error; may be async
 */
export async function until(what, look, describe = () => "") {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > end) {
      throw new Error(`not within ${LIMIT_MS} ms: ${what} ${JSON.stringify(await describe())}`);
    }
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}
