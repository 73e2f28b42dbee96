// A value of somebody else's that comes in steps and is shown as a smooth movement. Pure.

/**
 * How far behind what is shown is, in milliseconds: a little more than the time between two steps, so that there
 * nearly always is a next one to move towards.
 */
export const DELAY_MS = 140;
/** A step after a longer silence than this begins a movement; what stood still until then did not creep. */
const STEP_MS = 100;
/** Steps that are kept; the time of so many is well above the delay. */
const KEPT = 8;

/** The last steps of one value, which is a few numbers. */
export class Track {
  /** @param {ArrayLike<number>} value where it stands */
  constructor(value) {
    /** @type {{at: number, value: number[]}[]} by rising time */
    this.steps = [];
    this.jump(value);
  }

  /**
   * Forgets the way: it stands there.
   * @param {ArrayLike<number>} value
   */
  jump(value) {
    this.steps = [{ at: -Infinity, value: Array.from(value) }];
  }

  /**
   * @param {number} now milliseconds; never falls
   * @param {ArrayLike<number>} value where it goes
   */
  push(now, value) {
    const last = this.steps[this.steps.length - 1];
    if (now - last.at > STEP_MS) this.steps.push({ at: now - STEP_MS, value: last.value });
    this.steps.push({ at: now, value: Array.from(value) });
    if (this.steps.length > KEPT) this.steps.splice(0, this.steps.length - KEPT);
  }

  /** The newest value, which is shown only once the movement has come to it. */
  get newest() {
    return this.steps[this.steps.length - 1].value;
  }

  /**
   * @param {number} now
   * @returns {boolean} whether what is shown is still on its way
   */
  moves(now) {
    return this.steps.length > 1 && now - DELAY_MS < this.steps[this.steps.length - 1].at;
  }

  /**
   * @param {number} now not before that of the last call
   * @returns {number[]} what is shown; not to be written to
   */
  at(now) {
    const shown = now - DELAY_MS;
    let next = this.steps.findIndex((step) => step.at > shown);
    if (next < 0) next = this.steps.length;
    // What lies behind the one before is never needed again.
    if (next > 1) this.steps.splice(0, next - 1);
    const [from, to] = this.steps;
    if (!to || to.at <= shown) return (to ?? from).value;
    if (from.at >= shown || from.at === -Infinity) return from.value;
    const part = (shown - from.at) / (to.at - from.at);
    return from.value.map((v, i) => v + (to.value[i] - v) * part);
  }
}
