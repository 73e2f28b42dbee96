// The geometry of each kind, in three levels of detail. Every shape fits a unit box around the origin;
// the plane and the torus lie flat (facing +y).

import {
  BufferGeometry,
  BoxGeometry,
  ConeGeometry,
  CylinderGeometry,
  Float32BufferAttribute,
  OctahedronGeometry,
  PlaneGeometry,
  SphereGeometry,
  TorusGeometry,
} from "three";
import { KIND } from "./records.js";

/** Instances of one kind up to which a level of detail is drawn; the last level has no bound. */
export const LEVELS = Object.freeze([400, 4000, Infinity]);

/** Radius of a light's ball, whatever its scale: that is its brightness. */
const LIGHT_RADIUS = 0.16;

const CUBE_BEVEL = 0.025;

/** @type {Record<number, (level: number) => BufferGeometry>} */
const MAKERS = {
  [KIND.cube]: (level) => (level < 2 ? bevelledCube(CUBE_BEVEL) : new BoxGeometry(1, 1, 1)),
  [KIND.sphere]: (level) => new SphereGeometry(0.5, [48, 20, 12][level], [24, 12, 8][level]),
  [KIND.cylinder]: (level) => new CylinderGeometry(0.5, 0.5, 1, [48, 20, 12][level]),
  [KIND.cone]: (level) => new ConeGeometry(0.5, 1, [48, 20, 12][level]),
  [KIND.plane]: () => new PlaneGeometry(1, 1).rotateX(-Math.PI / 2),
  [KIND.torus]: (level) => new TorusGeometry(0.35, 0.15, [20, 10, 6][level], [56, 24, 14][level]).rotateX(Math.PI / 2),
  [KIND.light]: (level) => new SphereGeometry(LIGHT_RADIUS, [24, 12, 8][level], [16, 8, 6][level]),
  [KIND.model]: () => new BoxGeometry(1, 1, 1),
  [KIND.custom]: () => new OctahedronGeometry(0.6),
};

/** @type {Map<number, BufferGeometry>} */
const made = new Map();

/**
 * The shared geometry of a kind; made once and never disposed of by its users.
 * @param {number} kind any but text
 * @param {number} level 0 = finest
 * @returns {BufferGeometry}
 */
export function shape(kind, level) {
  const key = kind * LEVELS.length + level;
  let geometry = made.get(key);
  if (!geometry) {
    geometry = MAKERS[kind](level);
    geometry.computeBoundingSphere();
    geometry.computeBoundingBox();
    made.set(key, geometry);
  }
  return geometry;
}

/**
 * The level of detail for a count. Goes coarser at a bound and finer only at half of it, so that a count
 * that wavers does not flicker.
 * @param {number} count
 * @param {number} current level in use
 * @returns {number}
 */
export function levelFor(count, current) {
  let level = current;
  while (count > LEVELS[level]) level++;
  while (level > 0 && count < LEVELS[level - 1] / 2) level--;
  return level;
}

/** The kinds that have a shape. */
export function hasShape(/** @type {number} */ kind) {
  return kind in MAKERS;
}

/**
 * A unit cube with chamfered edges: 44 triangles. Its normals stay those of the faces and are interpolated
 * over the chamfers, so that edges catch the light.
 * @param {number} bevel width of the chamfer
 * @returns {BufferGeometry}
 */
export function bevelledCube(bevel) {
  /** @type {number[]} */
  const positions = [];
  /** @type {number[]} */
  const normals = [];
  const signs = [-1, 1];
  // Vertex (corner, axis): the point of that corner that lies on the face across `axis`.
  const at = (/** @type {number[]} */ corner, /** @type {number} */ axis) =>
    ((corner[0] > 0 ? 4 : 0) + (corner[1] > 0 ? 2 : 0) + (corner[2] > 0 ? 1 : 0)) * 3 + axis;
  for (const x of signs)
    for (const y of signs)
      for (const z of signs)
        for (let axis = 0; axis < 3; axis++) {
          const corner = [x, y, z];
          for (let k = 0; k < 3; k++) {
            positions.push(corner[k] * (k === axis ? 0.5 : 0.5 - bevel));
            normals.push(k === axis ? corner[k] : 0);
          }
        }
  /** @type {number[]} */
  const index = [];
  const point = (/** @type {number} */ i) => positions.slice(i * 3, i * 3 + 3);
  const triangle = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ c) => {
    const [p, q, r] = [point(a), point(b), point(c)];
    const u = q.map((v, k) => v - p[k]);
    const w = r.map((v, k) => v - p[k]);
    const cross = [u[1] * w[2] - u[2] * w[1], u[2] * w[0] - u[0] * w[2], u[0] * w[1] - u[1] * w[0]];
    // Convex about the origin: a face looks outwards when its normal points along its own position.
    const outward = cross[0] * p[0] + cross[1] * p[1] + cross[2] * p[2] > 0;
    index.push(a, ...(outward ? [b, c] : [c, b]));
  };
  const quad = (/** @type {number[]} */ [a, b, c, d]) => {
    triangle(a, b, c);
    triangle(a, c, d);
  };
  for (let axis = 0; axis < 3; axis++) {
    const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
    const corner = (/** @type {number} */ s, /** @type {number} */ su, /** @type {number} */ sv) => {
      const c = [0, 0, 0];
      c[axis] = s;
      c[u] = su;
      c[v] = sv;
      return c;
    };
    for (const s of signs) {
      quad([at(corner(s, -1, -1), axis), at(corner(s, 1, -1), axis), at(corner(s, 1, 1), axis), at(corner(s, -1, 1), axis)]);
      // The edge along `axis` between the faces across u and v.
      for (const sv of signs) {
        const [p, q] = [corner(-1, s, sv), corner(1, s, sv)];
        quad([at(p, u), at(q, u), at(q, v), at(p, v)]);
      }
      for (const su of signs)
        if (axis === 0) for (const sv of signs) triangle(at(corner(s, su, sv), 0), at(corner(s, su, sv), 1), at(corner(s, su, sv), 2));
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(positions, 3));
  geometry.setAttribute("normal", new Float32BufferAttribute(normals, 3));
  geometry.setIndex(index);
  return geometry;
}
