// Where a ray comes to the floor of the world. Pure.

import { HALF } from "./gridlines.js";

/**
 * Where a ray comes to the floor, the plane y = 0, as far as the world goes. A ray that never does leads to the
 * world's edge in its direction. Pure.
 * @param {{x: number, y: number, z: number}} o origin
 * @param {{x: number, y: number, z: number}} d direction
 * @returns {[number, number, number]} x, y, z
 */
export function landingOf(o, d) {
  const clamp = (/** @type {number} */ v) => Math.min(HALF, Math.max(-HALF, v));
  const along = -o.y / d.y;
  // Further away than anything of the world is the same as never.
  const far = 1e4;
  const t = along >= 0 && along < far ? along : far;
  return [clamp(o.x + t * d.x), 0, clamp(o.z + t * d.z)];
}
