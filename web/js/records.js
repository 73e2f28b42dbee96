// The float record that Rust hands over, and the arithmetic that turns it into what the GPU reads.
// Pure: no DOM, no three.js.

/** Floats per object record. */
export const STRIDE = 16;

/** Offset of each field in a record. Angles are degrees, lengths world units, colours sRGB 0..1. */
export const FIELD = Object.freeze({
  slot: 0,
  kind: 1,
  x: 2,
  y: 3,
  z: 4,
  rotationX: 5,
  rotationY: 6,
  rotationZ: 7,
  scaleX: 8,
  scaleY: 9,
  scaleZ: 10,
  r: 11,
  g: 12,
  b: 13,
  opacity: 14,
  visible: 15,
});

/** The kinds of a record. `remove` takes the slot out of the scene. */
export const KIND = Object.freeze({
  remove: -1,
  cube: 0,
  sphere: 1,
  cylinder: 2,
  cone: 3,
  plane: 4,
  torus: 5,
  light: 6,
  text: 7,
  model: 8,
  custom: 9,
});

/** How many kinds there are; a kind at or above this is refused. */
export const KIND_COUNT = 10;

/** Slots are below this: ten times the server's default bound of objects per session. */
export const MAX_SLOTS = 1 << 20;

/**
 * @param {number} slot
 * @returns {boolean} whether it can name an object
 */
export function isSlot(slot) {
  return slot >= 0 && slot < MAX_SLOTS && Number.isInteger(slot);
}

/**
 * Refuses a batch that is not whole records with known kinds and slots in range.
 * Runs before anything is applied, so that a bad batch changes nothing.
 * @param {Float32Array} records
 * @throws {RangeError} naming the record, the field and the value
 */
export function checkRecords(records) {
  if (records.length % STRIDE !== 0) {
    throw new RangeError(`records: length ${records.length} is not a multiple of ${STRIDE}`);
  }
  for (let at = 0; at < records.length; at += STRIDE) {
    const slot = records[at];
    const kind = records[at + 1];
    if (!isSlot(slot)) {
      throw new RangeError(`record ${at / STRIDE}: slot ${slot} is not a whole number in [0, ${MAX_SLOTS})`);
    }
    if (!(kind >= -1 && kind < KIND_COUNT && Number.isInteger(kind))) {
      throw new RangeError(`record ${at / STRIDE}: kind ${kind} is not a whole number in [-1, ${KIND_COUNT})`);
    }
  }
}

const RAD = Math.PI / 180;

/**
 * Writes translation × rotation (Euler XYZ) × scale of the record at `at` as a column-major 4×4 matrix.
 * @param {Float32Array} out
 * @param {number} outAt offset of the matrix in `out`
 * @param {Float32Array} rec
 * @param {number} at offset of the record in `rec`
 */
export function composeMatrix(out, outAt, rec, at) {
  const sx = rec[at + 8];
  const sy = rec[at + 9];
  const sz = rec[at + 10];
  const rx = rec[at + 5] * RAD;
  const ry = rec[at + 6] * RAD;
  const rz = rec[at + 7] * RAD;
  const a = Math.cos(rx);
  const b = Math.sin(rx);
  const c = Math.cos(ry);
  const d = Math.sin(ry);
  const e = Math.cos(rz);
  const f = Math.sin(rz);
  out[outAt] = c * e * sx;
  out[outAt + 1] = (a * f + b * e * d) * sx;
  out[outAt + 2] = (b * f - a * e * d) * sx;
  out[outAt + 3] = 0;
  out[outAt + 4] = -c * f * sy;
  out[outAt + 5] = (a * e - b * f * d) * sy;
  out[outAt + 6] = (b * e + a * f * d) * sy;
  out[outAt + 7] = 0;
  out[outAt + 8] = d * sz;
  out[outAt + 9] = -b * c * sz;
  out[outAt + 10] = a * c * sz;
  out[outAt + 11] = 0;
  out[outAt + 12] = rec[at + 2];
  out[outAt + 13] = rec[at + 3];
  out[outAt + 14] = rec[at + 4];
  out[outAt + 15] = 1;
}

// Colours arrive as #rrggbb, so 256 entries are exact.
const LINEAR = Float32Array.from({ length: 256 }, (_, i) => {
  const s = i / 255;
  return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
});

/**
 * sRGB 0..1 to linear 0..1, in 256 steps.
 * @param {number} srgb
 * @returns {number}
 */
export function toLinear(srgb) {
  return LINEAR[Math.min(255, Math.max(0, Math.round(srgb * 255)))] ?? 0;
}

/**
 * Red and opacity in one float, so that an instance's colour needs three: even whole part = opacity in
 * 255 steps, rest = red. The vertex shader in materials.js undoes it.
 * @param {number} red linear, 0..1
 * @param {number} opacity 0..1
 * @returns {number}
 */
export function packRed(red, opacity) {
  return 2 * Math.round(Math.min(1, Math.max(0, opacity)) * 255) + Math.min(1, red);
}

/**
 * Gives an object of three.js the place, turn and size of the record at `at`.
 * @param {Float32Array} rec
 * @param {number} at
 * @param {import("three").Object3D} object
 */
export function readPose(rec, at, object) {
  const [x, y, z, rx, ry, rz, sx, sy, sz] = rec.subarray(at + FIELD.x, at + FIELD.scaleZ + 1);
  object.position.set(x, y, z);
  object.rotation.set(rx * RAD, ry * RAD, rz * RAD, "XYZ");
  object.scale.set(sx, sy, sz);
}
