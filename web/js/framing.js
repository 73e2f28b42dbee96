// Where the camera has to stand to see what it is to see, without turning. Pure.

/**
 * @typedef {object} Reach how far the view goes from its middle, as tangents: at distance 1, to each side
 * @property {number} left
 * @property {number} right
 * @property {number} down
 * @property {number} up
 */

/** Steps to the middle: each takes the outermost points of the one before. */
const ROUNDS = 8;

/** What is to be seen, in the directions of the camera. */
export class Framing {
  /**
   * @param {ArrayLike<number>[]} axes unit vectors of the camera: to the right, up, and where it looks
   * @param {Reach} reach
   */
  constructor(axes, reach) {
    this.axes = axes;
    this.reach = reach;
    /** @type {number[]} three for each point: to the right, up, depth */
    this.points = [];
  }

  /**
   * A point that is to be seen.
   * @param {number} x
   * @param {number} y
   * @param {number} z
   */
  add(x, y, z) {
    for (const axis of this.axes) this.points.push(axis[0] * x + axis[1] * y + axis[2] * z);
  }

  /**
   * The pose that holds every point, as near as it can be, and has them in the middle.
   * @param {number} least distance to the middle of the points at least
   * @param {number} most distance to it at most, whatever is cut off by that
   * @returns {number[] | null} px, py, pz, tx, ty, tz; the target is as deep as the middle of the points; null
   *   without a point
   */
  pose(least, most) {
    const { axes, points } = this;
    const { left, right, down, up } = this.reach;
    if (points.length === 0) return null;
    let [near, far] = [Infinity, -Infinity];
    for (let i = 2; i < points.length; i += 3) {
      near = Math.min(near, points[i]);
      far = Math.max(far, points[i]);
    }
    const depth = (near + far) / 2;
    const fits = Math.min(this.#nearest(0, left, right), this.#nearest(1, down, up));
    const c = depth - Math.min(most, Math.max(least, depth - fits));
    const a = this.#middle(0, c, (right - left) / 2);
    const b = this.#middle(1, c, (up - down) / 2);
    const at = (/** @type {number} */ deep) => [0, 1, 2].map((k) => axes[0][k] * a + axes[1][k] * b + axes[2][k] * deep);
    return [...at(c), ...at(depth)];
  }

  /**
   * The depth from which two sides of the view that face each other just hold every point. Each side is a plane
   * that the points push outwards; that is where the two meet.
   * @param {number} k direction: 0 = to the right, 1 = up
   * @param {number} below reach of the view against it
   * @param {number} above reach along it
   */
  #nearest(k, below, above) {
    const { points } = this;
    let [low, high] = [-Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 3) {
      low = Math.max(low, -points[i + k] - below * points[i + 2]);
      high = Math.max(high, points[i + k] - above * points[i + 2]);
    }
    return -(low + high) / (below + above);
  }

  /**
   * Where to stand in a direction so that the outermost points on either side are equally far from `middle`.
   * @param {number} k direction: 0 = to the right, 1 = up
   * @param {number} c depth of the camera
   * @param {number} middle as a tangent
   */
  #middle(k, c, middle) {
    const { points } = this;
    let at = points[k];
    for (let round = 0; round < ROUNDS; round++) {
      let [low, high, i0, i1] = [Infinity, -Infinity, 0, 0];
      for (let i = 0; i < points.length; i += 3) {
        const seen = (points[i + k] - at) / (points[i + 2] - c);
        if (seen < low) [low, i0] = [seen, i];
        if (seen > high) [high, i1] = [seen, i];
      }
      const [d0, d1] = [points[i0 + 2] - c, points[i1 + 2] - c];
      at = (points[i0 + k] / d0 + points[i1 + k] / d1 - 2 * middle) / (1 / d0 + 1 / d1);
    }
    return at;
  }
}

/**
 * How far the part of a view goes that nothing covers.
 * @param {{left: number, right: number, top: number, bottom: number}} covered part of the view's width or height
 *   that is covered from each side
 * @param {number} fov vertical field of view in degrees
 * @param {number} aspect
 * @param {number} fill part of what is free that is to be used
 * @returns {Reach}
 */
export function reachOf({ left, right, top, bottom }, fov, aspect, fill) {
  const tall = Math.tan((fov * Math.PI) / 360);
  // The free part goes from −low to high; the margin is taken off both of its ends.
  const along = (/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ tangent) => {
    const [from, to] = [1 - 2 * low, 1 - 2 * high];
    const margin = ((from + to) / 2) * (1 - fill);
    return [(from - margin) * tangent, (to - margin) * tangent];
  };
  const [toLeft, toRight] = along(left, right, tall * aspect);
  const [down, up] = along(bottom, top, tall);
  return { left: toLeft, right: toRight, down, up };
}
