// What a rectangle on screen covers, wholly or in part.

import { Matrix4, Vector4 } from "three";
import { eachCorner } from "./corners.js";
import { FIELD, KIND, STRIDE } from "./records.js";

/** @typedef {{x0: number, y0: number, x1: number, y1: number}} Rect CSS pixels from the view's top left; x0 <= x1, y0 <= y1 */

/**
 * @typedef {object} View
 * @property {import("three").PerspectiveCamera} camera with current matrices
 * @property {number} width CSS pixels
 * @property {number} height
 */

/** Whose outline is a circle: the bounding sphere says exactly what is covered. */
const ROUND = Object.freeze([KIND.sphere, KIND.light]);

/**
 * The slots of the shown objects that a rectangle covers at least in part, hidden behind others or not.
 * @param {import("./store.js").Store} store
 * @param {import("./instances.js").Instances} instances
 * @param {import("./labels.js").LabelLayer} labels
 * @param {View} view
 * @param {Rect} rect
 * @returns {number[]} rising
 */
export function boxed(store, instances, labels, view, rect) {
  const { camera, width, height } = view;
  const toClip = new Matrix4().multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse);
  const e = toClip.elements;
  const s = store.spheres;
  const pixels = height / 2 / Math.tan((camera.fov * Math.PI) / 360);
  const found = [];
  for (let slot = 0, at = 0; slot < store.end; slot++, at += 4) {
    const radius = s[at + 3];
    if (radius === 0) continue;
    const [x, y, z] = [s[at], s[at + 1], s[at + 2]];
    const depth = e[3] * x + e[7] * y + e[11] * z + e[15];
    if (depth + radius < camera.near) continue;
    const px = ((e[0] * x + e[4] * y + e[8] * z + e[12]) / depth + 1) * (width / 2);
    const py = (1 - (e[1] * x + e[5] * y + e[9] * z + e[13]) / depth) * (height / 2);
    if (depth > camera.near && px >= rect.x0 && px <= rect.x1 && py >= rect.y0 && py <= rect.y1) {
      found.push(slot);
      continue;
    }
    const near = depth - radius;
    // Nothing is known of the size on screen of what reaches behind the camera.
    const reach = near > camera.near ? (radius * pixels * (1 + Math.hypot(px - width / 2, py - height / 2) / pixels)) / near : Infinity;
    const [dx, dy] = [Math.max(rect.x0 - px, px - rect.x1, 0), Math.max(rect.y0 - py, py - rect.y1, 0)];
    if (Math.hypot(dx, dy) > reach) continue;
    const round = reach < Infinity && ROUND.includes(store.kind[slot]) && isEven(store.records, slot);
    if (round || covers(rect, outline(slot, instances, labels, view, toClip))) found.push(slot);
  }
  return found;
}

/**
 * Whether all three factors of a slot's scale are the same.
 * @param {Float32Array} records
 * @param {number} slot
 */
function isEven(records, slot) {
  const [a, b, c] = records.subarray(slot * STRIDE + FIELD.scaleX, slot * STRIDE + FIELD.scaleZ + 1);
  return a === b && b === c;
}

/**
 * Points on screen between which the object lies; those behind the camera are left out.
 * @param {number} slot
 * @param {import("./instances.js").Instances} instances
 * @param {import("./labels.js").LabelLayer} labels
 * @param {View} view
 * @param {Matrix4} toClip
 * @returns {number[][]}
 */
function outline(slot, instances, labels, view, toClip) {
  /** @type {number[][]} */
  const points = [];
  const clip = new Vector4();
  eachCorner(slot, instances, labels, view.camera, ({ x, y, z }) => {
    clip.set(x, y, z, 1).applyMatrix4(toClip);
    if (clip.w > view.camera.near) points.push([((clip.x / clip.w + 1) / 2) * view.width, ((1 - clip.y / clip.w) / 2) * view.height]);
  });
  return points;
}

/**
 * Whether a rectangle and the convex hull of points have a point in common. Pure.
 * @param {Rect} rect
 * @param {number[][]} points
 */
export function covers(rect, points) {
  if (points.length === 0) return false;
  const corners = [[rect.x0, rect.y0], [rect.x1, rect.y0], [rect.x1, rect.y1], [rect.x0, rect.y1]];
  const edges = hull(points);
  // Two convex figures are apart when a line along an edge of one of them parts them.
  const normals = [[1, 0], [0, 1], ...edges.map(([x, y], i) => {
    const [u, v] = edges[(i + 1) % edges.length];
    return [y - v, u - x];
  })];
  return normals.every(([nx, ny]) => {
    const span = (/** @type {number[][]} */ figure) => {
      const along = figure.map(([x, y]) => x * nx + y * ny);
      return [Math.min(...along), Math.max(...along)];
    };
    const [a, b] = [span(corners), span(edges)];
    return a[0] <= b[1] && b[0] <= a[1];
  });
}

/**
 * The corners of the convex hull, in order (Andrew's monotone chain).
 * @param {number[][]} points
 */
function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const chain = (/** @type {number[][]} */ list) => {
    /** @type {number[][]} */
    const out = [];
    for (const [x, y] of list) {
      for (let n = out.length; n >= 2; n = out.length) {
        const [[ax, ay], [bx, by]] = [out[n - 2], out[n - 1]];
        if ((bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0) break;
        out.pop();
      }
      out.push([x, y]);
    }
    out.pop();
    return out;
  };
  const corners = [...chain(sorted), ...chain(sorted.reverse())];
  return corners.length > 0 ? corners : [points[0]];
}
