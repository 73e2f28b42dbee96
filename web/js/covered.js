// How much of a view the page has laid something over.

/** What covers more of the view than this leaves nothing to look at: then it is as if it were not there. */
const MOST = 0.75;
/** Distance between the points that are looked at, in CSS pixels. */
const STEP = 8;
/** What is no further than this from a side, or from what covers it already, covers it. */
const GAP = 20;
/** Lines that are followed from each side, as parts of it: what stands in a corner alone covers no side. */
const LINES = Object.freeze([0.35, 0.5, 0.65]);

/**
 * @param {HTMLElement} container of the view
 * @returns {{left: number, right: number, top: number, bottom: number}} part of its width or height that is covered
 *   from each side, or out of the window
 */
export function coveredOf(container) {
  const box = container.getBoundingClientRect();
  const free = (/** @type {number} */ x, /** @type {number} */ y) => {
    const found = document.elementFromPoint(x, y);
    return found !== null && container.contains(found);
  };
  const from = (/** @type {number} */ length, /** @type {(line: number, along: number) => boolean} */ isFree) => {
    const deep = LINES.map((line) => {
      let end = 0;
      for (let along = 1; along < Math.min(length, end + GAP); along += STEP) if (!isFree(line, along)) end = along + STEP;
      return Math.min(end, length) / length;
    });
    const part = Math.max(...deep);
    return part > MOST ? 0 : part;
  };
  const { left, right, top, bottom, width, height } = box;
  return {
    left: from(width, (line, along) => free(left + along, top + line * height)),
    right: from(width, (line, along) => free(right - along, top + line * height)),
    top: from(height, (line, along) => free(left + line * width, top + along)),
    bottom: from(height, (line, along) => free(left + line * width, bottom - along)),
  };
}
