// The corners between which an object lies.

import { Vector3 } from "three";

const ENDS = Object.freeze([-1, 1]);

/**
 * Tells the corners of the boxes around what draws an object, as points of the world.
 * @param {number} slot one that is neither drawn nor a text has none
 * @param {import("./instances.js").Instances} instances
 * @param {import("./labels.js").LabelLayer} labels
 * @param {import("three").Camera} camera that texts face, with current matrices
 * @param {(corner: Vector3) => void} tell the vector is used again
 */
export function eachCorner(slot, instances, labels, camera, tell) {
  const corner = new Vector3();
  const instance = instances.instance(slot);
  if (instance) {
    for (const { geometry } of instance.batch.meshes) {
      if (!geometry.boundingBox) geometry.computeBoundingBox();
      const { min, max } = /** @type {import("three").Box3} */ (geometry.boundingBox);
      for (const x of [min.x, max.x])
        for (const y of [min.y, max.y]) for (const z of [min.z, max.z]) tell(corner.set(x, y, z).applyMatrix4(instance.matrix));
    }
    return;
  }
  const extent = labels.extent(slot);
  if (!extent) return;
  const { label, width, height } = extent;
  const [c, n] = [Math.cos(label.roll), Math.sin(label.roll)];
  for (const x of ENDS) {
    for (const y of ENDS) {
      const [dx, dy] = [(x * width) / 2, (y * height) / 2];
      corner.set(c * dx - n * dy, n * dx + c * dy, 0).applyQuaternion(camera.quaternion);
      tell(corner.set(corner.x + label.x, corner.y + label.y, corner.z + label.z));
    }
  }
}
