// Where the grid's lines stand for a world of a given size. Pure.

/** Half the world's edge: positions lie in [-12, +12] on every axis. */
export const HALF = 12;

/** Sizes are whole numbers in 1..=1000, as the world's are. */
export const MAX_SIZE = 1000;

/**
 * @typedef {object} GridLines
 * @property {number} start world coordinate of the first position
 * @property {[number, number, number]} steps distance between lines of the minor, middle and major level,
 *   in world units; each a whole multiple of the distance between positions
 * @property {number[]} ticks world coordinates that get a number, rising, at most 13: those of the major lines
 *   where these are short numbers, else round ones between the lines
 */

const ROUND_TICKS = Object.freeze([-12, -6, 0, 6, 12]);

/**
 * The lines for `size` positions per axis spread evenly over [-12, +12]. A line of every level stands on a
 * position; the minor level stands on each of them. Size 1 has one position, the centre.
 * @param {number} size whole number, 1..=1000
 * @returns {GridLines}
 * @throws {RangeError} when size is out of bounds
 */
export function gridLines(size) {
  if (!(Number.isInteger(size) && size >= 1 && size <= MAX_SIZE)) {
    throw new RangeError(`size = ${size} is not a whole number in [1, ${MAX_SIZE}]`);
  }
  if (size === 1) return { start: 0, steps: [2 * HALF, 2 * HALF, 2 * HALF], ticks: [0] };
  const cells = size - 1;
  const cell = (2 * HALF) / cells;
  const major = majorEvery(cells);
  const middle = middleEvery(major);
  const halves = (4 * HALF * major) / cells;
  const short = Number.isInteger(halves);
  const ticks = short ? Array.from({ length: cells / major + 1 }, (_, i) => -HALF + (i * halves) / 2) : [...ROUND_TICKS];
  return { start: -HALF, steps: [cell, middle * cell, major * cell], ticks };
}

/**
 * How many cells between major lines: a divisor of `cells` that leaves about six intervals, so that both
 * borders carry a line; for an awkward count the nearest round step.
 * @param {number} cells at least 1
 */
function majorEvery(cells) {
  if (cells <= 8) return 1;
  for (const intervals of [6, 8, 4, 5, 7, 9, 10, 3, 11, 12]) {
    if (cells % intervals === 0) return cells / intervals;
  }
  return Math.ceil(cells / 6);
}

/**
 * A divisor of `major` between it and 1, near its square root; `major` itself when it is small or prime.
 * @param {number} major
 */
function middleEvery(major) {
  if (major < 8) return major;
  const root = Math.sqrt(major);
  let best = major;
  for (let d = 2; d < major; d++) {
    if (major % d === 0 && Math.abs(Math.log(d / root)) < Math.abs(Math.log(best / root))) best = d;
  }
  return best;
}
