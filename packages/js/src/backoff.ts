/** How long to wait before the next try. */

/** The bound of the first wait, in milliseconds … */
const FIRST_MS = 250;
/** … and the one that no wait exceeds. */
const LONGEST_MS = 10_000;

/**
 * Full jitter: each wait is drawn evenly from nothing up to a bound that doubles with each try, so that clients
 * that lost a server at one moment do not come back at one moment.
 * @param attempt 0, 1, 2 …
 * @param random in [0, 1)
 */
export function delay(attempt: number, random: number = Math.random()): number {
  return random * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 30));
}
