// Laying texts out: breaking them into lines and giving each a place in a texture. Pure.

/** Characters a line of text holds before it is broken, and lines before the rest is cut off. */
export const LINE_CHARS = 32;
export const MAX_LINES = 8;

/**
 * Breaks a text into lines at white space, or inside a word longer than a line.
 * @param {string} text
 * @returns {string[]} at least one line, at most MAX_LINES; the last ends in … when text was cut off
 */
export function breakLines(text) {
  /** @type {string[]} */
  const lines = [];
  for (const paragraph of text.split(/\r\n|\r|\n/u)) {
    /** @type {string[]} */
    let line = [];
    for (const word of paragraph.split(/\s+/u)) {
      let rest = [...word];
      if (line.length > 0 && line.length + 1 + rest.length > LINE_CHARS) {
        lines.push(line.join(""));
        line = [];
      }
      if (line.length > 0 && rest.length > 0) line.push(" ");
      while (line.length + rest.length > LINE_CHARS) {
        lines.push(rest.slice(0, LINE_CHARS - line.length).join(""));
        rest = rest.slice(LINE_CHARS - line.length);
        line = [];
      }
      line.push(...rest);
    }
    lines.push(line.join(""));
  }
  if (lines.length <= MAX_LINES) return lines;
  const kept = lines.slice(0, MAX_LINES);
  kept[MAX_LINES - 1] = `${[...kept[MAX_LINES - 1]].slice(0, LINE_CHARS - 1).join("")}…`;
  return kept;
}

/** Places rectangles in a square on shelves: rows as high as their first rectangle. */
export class ShelfPacker {
  /** @param {number} size edge of the square in pixels */
  constructor(size) {
    this.size = size;
    /** @type {{y: number, height: number, x: number}[]} */
    this.shelves = [];
    this.top = 0;
  }

  /**
   * @param {number} width
   * @param {number} height
   * @returns {{x: number, y: number} | null} the rectangle's corner; null when there is no room
   */
  place(width, height) {
    let best = null;
    for (const shelf of this.shelves) {
      const fits = shelf.x + width <= this.size && height <= shelf.height && shelf.height <= height * 1.4;
      if (fits && (best === null || shelf.height < best.height)) best = shelf;
    }
    if (best === null) {
      if (width > this.size || this.top + height > this.size) return null;
      best = { y: this.top, height, x: 0 };
      this.shelves.push(best);
      this.top += height;
    }
    const at = { x: best.x, y: best.y };
    best.x += width;
    return at;
  }
}
