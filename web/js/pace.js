// Whether shadows can be afforded: by how many objects there are, and by how fast pictures of them come. Pure.

/** Instances up to which shadows are drawn, where a graphics card draws and where software does. */
const MOST = Object.freeze({ high: 5000, low: 200 });
/** A picture that takes longer than this many milliseconds is slow; and so many of them in a row are too slow. */
const SLOW_MS = 120;
const SLOW_FRAMES = 6;
/** Of what was too slow, this part is tried again. */
const LESS = 0.5;

/** Counts slow pictures while one follows the other. */
export class Pace {
  /** @param {boolean} low whether drawing is slow in any case */
  constructor(low) {
    this.most = low ? MOST.low : MOST.high;
    this.last = NaN;
    this.slow = 0;
  }

  /** @param {number} count instances */
  affords(count) {
    return count <= this.most;
  }

  /**
   * A picture begins.
   * @param {number} now milliseconds
   * @param {boolean} follows whether the one before asked for it: then the time between them is what that one took
   * @param {number} count instances in it
   */
  frame(now, follows, count) {
    const took = now - this.last;
    this.last = now;
    if (!this.affords(count)) return;
    this.slow = follows && took > SLOW_MS ? this.slow + 1 : 0;
    if (this.slow < SLOW_FRAMES) return;
    this.slow = 0;
    this.most = Math.floor(count * LESS);
  }
}
