// What a drag of the handles does to the objects: pure arithmetic, without DOM or drawing.
//
// A pose is nine numbers: position, rotation (degrees, XYZ order), scale. Everything here takes the poses of
// the drag's beginning, so that a drag never adds up rounding, and writes those of now.

import { Euler, MathUtils, Quaternion, Vector3 } from "three";

/** What the model allows, but for the least scale, below which a thing could not be seen to be grown again. */
export const BOUNDS = Object.freeze({ position: 12, rotation: 36_000, scale: Object.freeze({ min: 0.01, max: 1000 }) });

/** Steps while Shift is held: world units, radians, factors. */
export const STEPS = Object.freeze({ translate: 0.5, rotate: MathUtils.degToRad(15), scale: 0.1 });

/** Numbers of a pose. */
export const POSE = 9;

/** How near to a border a position counts as on it. */
const TOUCH = 1e-6;

/**
 * The middle of the box around the positions.
 * @param {Float64Array} poses at least one
 */
export function middleOf(poses) {
  const { lo, hi } = box(poses);
  return new Vector3().fromArray(lo.map((v, k) => (v + hi[k]) / 2));
}

/**
 * @param {Float64Array} poses
 * @param {number} at offset of the pose
 */
export function turnOf(poses, at) {
  const [x, y, z] = [3, 4, 5].map((k) => MathUtils.degToRad(poses[at + k]));
  return new Quaternion().setFromEuler(new Euler(x, y, z));
}

/**
 * The nearest move to `delta` that leaves every position inside the world. Along the axes of the world each
 * of them stops by itself; along turned ones the whole move stops, since it would leave its line or plane.
 * @param {Float64Array} begin
 * @param {Vector3} delta changed
 * @param {boolean} turned
 */
export function fitMove(begin, delta, turned) {
  const { lo, hi } = box(begin);
  const least = lo.map((v) => Math.min(0, -BOUNDS.position - v));
  const most = hi.map((v) => Math.max(0, BOUNDS.position - v));
  const d = delta.toArray();
  if (!turned) return delta.fromArray(d.map((v, k) => MathUtils.clamp(v, least[k], most[k])));
  const part = d.map((v, k) => (v > most[k] ? most[k] / v : v < least[k] ? least[k] / v : 1));
  return delta.multiplyScalar(Math.min(...part));
}

/**
 * Rounds a move: along the world's axes so that `anchor` comes to stand on the steps, along turned axes so
 * that the way is a number of steps.
 * @param {Vector3} delta changed
 * @param {Vector3} anchor where what is to stand on the steps began
 * @param {string} axes of X, Y and Z those that are moved along
 * @param {Quaternion | null} turn of the axes; null for the world's
 */
export function snapMove(delta, anchor, axes, turn) {
  const step = STEPS.translate;
  if (turn) delta.applyQuaternion(turn.clone().invert());
  const from = turn ? [0, 0, 0] : anchor.toArray();
  const d = delta.toArray().map((v, k) => (axes.includes("XYZ"[k]) ? Math.round((from[k] + v) / step) * step - from[k] : v));
  delta.fromArray(d);
  return turn ? delta.applyQuaternion(turn) : delta;
}

/**
 * Makes factors of what the pointer gave: above 0 and 1 on the axes that are not meant. With a step, a drag
 * of all axes takes whole steps of the common factor, any other one whole steps of the size.
 * @param {Vector3} factor changed
 * @param {Vector3} size at the beginning
 * @param {string} axes of X, Y and Z those that are meant
 * @param {number} step 0 for none
 */
export function snapScale(factor, size, axes, step) {
  for (const [k, from] of size.toArray().entries()) {
    const unit = axes.length === 3 ? 1 : from;
    const raw = factor.getComponent(k);
    const whole = step > 0 ? (Math.max(1, Math.round((raw * unit) / step)) * step) / unit : raw;
    // Dragged past the middle a factor is negative: a thing turned inside out is no scale.
    factor.setComponent(k, axes.includes("XYZ"[k]) ? Math.max(whole, 1e-6) : 1);
  }
  return factor;
}

/**
 * @param {Float64Array} begin
 * @param {Float64Array} out
 * @param {Vector3} delta one that fits
 */
export function move(begin, out, delta) {
  out.set(begin);
  const d = delta.toArray();
  for (let at = 0; at < out.length; at += POSE) {
    for (let k = 0; k < 3; k++) if (d[k] !== 0) out[at + k] = within(begin[at + k] + d[k]);
  }
}

/**
 * Turns all of them about one point.
 * @param {Float64Array} begin
 * @param {Float64Array} out
 * @param {Vector3} pivot
 * @param {Quaternion} turn in the world's axes
 */
export function rotate(begin, out, pivot, turn) {
  out.set(begin);
  if (Math.abs(turn.w) === 1) return;
  const point = new Vector3();
  for (let at = 0; at < out.length; at += POSE) {
    point.fromArray(begin, at).sub(pivot);
    // One object turns about itself: its position stays as it is, to the last bit.
    if (point.lengthSq() > 0) place(out, at, point.applyQuaternion(turn).add(pivot));
    out.set(nearestAngles(turn.clone().multiply(turnOf(begin, at)), begin.subarray(at + 3, at + 6)), at + 3);
  }
}

/**
 * Scales each of them along its own axes, and the distances between them along the pivot's.
 * @param {Float64Array} begin
 * @param {Float64Array} out
 * @param {Vector3} pivot
 * @param {Quaternion} axes of the pivot
 * @param {Vector3} factor
 */
export function scale(begin, out, pivot, axes, factor) {
  out.set(begin);
  const back = axes.clone().invert();
  const f = factor.toArray();
  const point = new Vector3();
  for (let at = 0; at < out.length; at += POSE) {
    point.fromArray(begin, at).sub(pivot);
    if (point.lengthSq() > 0) place(out, at, point.applyQuaternion(back).multiply(factor).applyQuaternion(axes).add(pivot));
    for (let k = 0; k < 3; k++) {
      if (f[k] !== 1) out[at + 6 + k] = MathUtils.clamp(begin[at + 6 + k] * f[k], BOUNDS.scale.min, BOUNDS.scale.max);
    }
  }
}

/**
 * Which borders of the world positions stand on.
 * @param {Float64Array} poses
 * @returns {boolean[]} −x, +x, −y, +y, −z, +z
 */
export function reached(poses) {
  const { lo, hi } = box(poses);
  const bound = BOUNDS.position - TOUCH;
  return lo.flatMap((v, k) => [v <= -bound, hi[k] >= bound]);
}

/**
 * The angles of a turn that lie nearest to given ones: a slider that is dragged must not jump because
 * another three angles say the same.
 * @param {Quaternion} turn
 * @param {ArrayLike<number>} near degrees
 * @returns {number[]} degrees that the model allows
 */
export function nearestAngles(turn, near) {
  const { x, y, z } = new Euler().setFromQuaternion(turn);
  const one = [x, y, z].map(MathUtils.radToDeg);
  const other = [one[0] + 180, 180 - one[1], one[2] + 180];
  const [a, b] = [one, other].map((angles) => angles.map((v, k) => v + 360 * Math.round((near[k] - v) / 360)));
  const far = (/** @type {number[]} */ angles) => angles.reduce((sum, v, k) => sum + Math.abs(v - near[k]), 0);
  const bound = BOUNDS.rotation;
  return (far(a) <= far(b) ? a : b).map((v) => (v > bound ? v - 360 : v < -bound ? v + 360 : v));
}

/**
 * @param {Float64Array} poses
 * @returns {{lo: number[], hi: number[]}}
 */
function box(poses) {
  const lo = [Infinity, Infinity, Infinity];
  const hi = [-Infinity, -Infinity, -Infinity];
  for (let at = 0; at < poses.length; at += POSE) {
    for (let k = 0; k < 3; k++) {
      lo[k] = Math.min(lo[k], poses[at + k]);
      hi[k] = Math.max(hi[k], poses[at + k]);
    }
  }
  return { lo, hi };
}

/** @param {number} v */
function within(v) {
  return MathUtils.clamp(v, -BOUNDS.position, BOUNDS.position);
}

/**
 * @param {Float64Array} out
 * @param {number} at
 * @param {Vector3} point
 */
function place(out, at, point) {
  out[at] = within(point.x);
  out[at + 1] = within(point.y);
  out[at + 2] = within(point.z);
}
