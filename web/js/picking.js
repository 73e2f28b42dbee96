// Which object is under the pointer: a loop over bounding spheres, then exact triangles for the few that
// the ray meets, nearest first.

import { DoubleSide, Mesh, MeshBasicMaterial, Raycaster, Vector2, Vector3 } from "three";
import { HALF } from "./gridlines.js";

/** An object that looks smaller than this many CSS pixels in radius is picked as if it were that large. */
export const MIN_PICK_PIXELS = 6;

/**
 * Where a ray enters each sphere. Pure.
 * @param {Float32Array} spheres x, y, z, radius per slot; radius 0 is skipped
 * @param {number} end slots to look at
 * @param {{x: number, y: number, z: number}} o origin
 * @param {{x: number, y: number, z: number}} d unit direction
 * @param {number} pixel world units per pixel at distance 1: what MIN_PICK_PIXELS is measured in
 * @returns {{slot: number, near: number, small: boolean}[]} by rising distance; `small`: its least size was used
 */
export function spheresHit(spheres, end, o, d, pixel) {
  const hits = [];
  for (let slot = 0, at = 0; slot < end; slot++, at += 4) {
    const own = spheres[at + 3];
    if (own === 0) continue;
    const x = spheres[at] - o.x;
    const y = spheres[at + 1] - o.y;
    const z = spheres[at + 2] - o.z;
    const along = x * d.x + y * d.y + z * d.z;
    const least = along * pixel * MIN_PICK_PIXELS;
    const radius = own > least ? own : least;
    const off = x * x + y * y + z * z - along * along;
    if (off > radius * radius || along + radius < 0) continue;
    hits.push({ slot, near: Math.max(0, along - Math.sqrt(radius * radius - Math.max(0, off))), small: own < least });
  }
  return hits.sort((a, b) => a.near - b.near);
}

/**
 * Where a ray meets the world's floor. Pure.
 * @param {Vector3} origin
 * @param {Vector3} direction
 * @returns {Vector3 | null}
 */
function onFloor(origin, direction) {
  const t = -origin.y / direction.y;
  if (!(t > 0 && Number.isFinite(t))) return null;
  const point = direction.clone().multiplyScalar(t).add(origin).setY(0);
  return Math.abs(point.x) <= HALF && Math.abs(point.z) <= HALF ? point : null;
}

/** Finds the object under a point of the view. */
export class Picker {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./instances.js").Instances} instances
   * @param {import("./labels.js").LabelLayer} labels
   */
  constructor(store, instances, labels) {
    this.store = store;
    this.instances = instances;
    this.labels = labels;
    /** @type {Set<number>} slots that are not found */
    this.locked = new Set();
    this.raycaster = new Raycaster();
    this.probe = new Mesh(undefined, new MeshBasicMaterial({ side: DoubleSide }));
    this.probe.matrixAutoUpdate = false;
  }

  /**
   * @param {import("three").PerspectiveCamera} camera
   * @param {number} x -1..1 from left to right
   * @param {number} y -1..1 from bottom to top
   * @param {number} height of the view in CSS pixels
   * @returns {{slot: number, point: Vector3 | null}} the slot, or -1; and the point of the object that is met, or
   *   else of the floor, or null where the ray meets neither within the world
   */
  find(camera, x, y, height) {
    this.raycaster.setFromCamera(new Vector2(x, y), camera);
    const { origin, direction } = this.raycaster.ray;
    const pixel = (2 * Math.tan((camera.fov * Math.PI) / 360)) / height;
    let best = -1;
    let nearest = Infinity;
    for (const { slot, near, small } of spheresHit(this.store.spheres, this.store.end, origin, direction, pixel)) {
      if (near > nearest) break;
      if (this.locked.has(slot)) continue;
      const distance = small ? near : this.#distance(slot, camera);
      if (distance < nearest) {
        nearest = distance;
        best = slot;
      }
    }
    if (best < 0) return { slot: best, point: onFloor(origin, direction) };
    return { slot: best, point: direction.clone().multiplyScalar(nearest).add(origin) };
  }

  /**
   * @param {number} slot
   * @param {import("three").PerspectiveCamera} camera
   * @returns {number} distance along the ray, Infinity when it misses
   */
  #distance(slot, camera) {
    const found = this.instances.instance(slot);
    if (!found) return this.#textDistance(slot, camera);
    let least = Infinity;
    for (const mesh of found.batch.meshes) {
      this.probe.geometry = mesh.geometry;
      this.probe.matrixWorld.copy(found.matrix);
      for (const hit of this.raycaster.intersectObject(this.probe, false)) least = Math.min(least, hit.distance);
    }
    return least;
  }

  /**
   * @param {number} slot of a text object
   * @param {import("three").PerspectiveCamera} camera
   */
  #textDistance(slot, camera) {
    const extent = this.labels.extent(slot);
    if (!extent) return Infinity;
    const { label, width, height } = extent;
    const toView = camera.matrixWorldInverse;
    const center = new Vector3(label.x, label.y, label.z).applyMatrix4(toView);
    const direction = this.raycaster.ray.direction.clone().transformDirection(toView);
    if (center.z >= 0 || direction.z >= 0) return Infinity;
    // Where the ray meets the label's plane, which faces the camera.
    const t = center.z / direction.z;
    const dx = direction.x * t - center.x;
    const dy = direction.y * t - center.y;
    const c = Math.cos(label.roll);
    const s = Math.sin(label.roll);
    const inside = Math.abs(c * dx + s * dy) <= width / 2 && Math.abs(c * dy - s * dx) <= height / 2;
    return inside ? t : Infinity;
  }
}
