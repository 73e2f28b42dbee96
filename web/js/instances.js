// One batch of instances per kind and opacity class, and per loaded model. Keeps store.js and the pools
// in step: every present, shown slot is in exactly one batch, except text, which labels.js draws.

import { DynamicDrawUsage, Group, InstancedBufferAttribute, InstancedMesh, Matrix4, Vector3 } from "three";
import { materialFor, withInstanceOpacity } from "./materials.js";
import { Pool } from "./pool.js";
import { FIELD, KIND, STRIDE, composeMatrix } from "./records.js";
import { hasShape, levelFor, shape } from "./shapes.js";
import { ORDER } from "./stage.js";
import { NOWHERE } from "./store.js";

/** The turn and size of a matrix that has none. */
const UNSCALED = Object.freeze([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);

/**
 * @typedef {object} Part a piece of what every instance of a batch looks like
 * @property {import("three").BufferGeometry} geometry
 * @property {import("three").Material} material
 */

/** Instances that are drawn together: one pool, and one InstancedMesh per part over it. */
class Batch {
  /**
   * @param {Group} root
   * @param {Part[]} parts
   * @param {{kind: number, shaped: boolean, transparent: boolean, center: Vector3, radius: number}} traits
   */
  constructor(root, parts, { kind, shaped, transparent, center, radius }) {
    this.root = root;
    this.kind = kind;
    /** Drawn by shapes.js in its own colour; otherwise a model, which keeps its own colours. */
    this.shaped = shaped;
    this.transparent = transparent;
    /** Bounding sphere of the parts in the space of an instance. */
    this.center = center;
    this.radius = radius;
    this.pool = new Pool();
    this.level = 0;
    /** @type {InstancedMesh[]} */
    this.meshes = parts.map(({ geometry, material }) => {
      const mesh = new InstancedMesh(geometry, material, 0);
      mesh.frustumCulled = false;
      mesh.castShadow = !transparent && kind !== KIND.light;
      mesh.receiveShadow = kind !== KIND.light;
      if (transparent) mesh.renderOrder = ORDER.transparent;
      root.add(mesh);
      return mesh;
    });
    this.generation = -1;
  }

  /** Hands what has changed in the pool to the GPU's side. */
  sync() {
    const { pool } = this;
    if (this.generation !== pool.generation) this.#rebind();
    if (pool.dirtyFrom < pool.dirtyTo) {
      const count = Math.min(pool.dirtyTo, pool.count) - pool.dirtyFrom;
      const [first] = this.meshes;
      if (count > 0) {
        markRange(first.instanceMatrix, pool.dirtyFrom, count);
        markRange(/** @type {InstancedBufferAttribute} */ (first.instanceColor), pool.dirtyFrom, count);
      }
      pool.clean();
    }
    for (const mesh of this.meshes) {
      mesh.count = pool.count;
      mesh.visible = pool.count > 0;
    }
  }

  dispose() {
    for (const mesh of this.meshes) {
      this.root.remove(mesh);
      mesh.dispose();
    }
  }

  /** The pool's arrays were replaced: give the GPU new buffers and free the old ones. */
  #rebind() {
    const { pool } = this;
    for (const mesh of this.meshes) if (this.generation >= 0) mesh.dispose();
    const matrices = new InstancedBufferAttribute(pool.matrices, 16).setUsage(DynamicDrawUsage);
    const tints = new InstancedBufferAttribute(pool.tints, 3).setUsage(DynamicDrawUsage);
    for (const mesh of this.meshes) {
      mesh.instanceMatrix = matrices;
      mesh.instanceColor = tints;
    }
    this.generation = pool.generation;
    pool.clean();
  }
}

/**
 * @param {InstancedBufferAttribute} attribute
 * @param {number} from instances
 * @param {number} count instances
 */
function markRange(attribute, from, count) {
  attribute.addUpdateRange(from * attribute.itemSize, count * attribute.itemSize);
  attribute.needsUpdate = true;
}

/** Every batch, and the way from a slot to its instance. */
export class Instances {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.root = new Group();
    /** @type {(Batch | undefined)[]} by batch id; ids of disposed models are used again */
    this.batches = [];
    /** @type {Map<string, {opaque: number, transparent: number}>} batch ids of loaded models, by URL */
    this.models = new Map();
    /** @type {(slot: number) => string | undefined} URL of a model's slot; set by the viewport */
    this.urlOf = () => undefined;
    /** Whether any instance has changed since the last `sync`. */
    this.changed = true;
    this.lastDirection = new Vector3();
  }

  /**
   * Draws the slot as its stored record says: moves it between batches where it has to.
   * @param {number} slot
   */
  place(slot) {
    const { store } = this;
    const wanted = store.shown(slot) ? this.#batchIdFor(slot) : NOWHERE;
    if (store.batch[slot] !== wanted) {
      this.lift(slot);
      if (wanted !== NOWHERE) {
        store.index[slot] = /** @type {Batch} */ (this.batches[wanted]).pool.add(slot);
        store.batch[slot] = wanted;
      }
    }
    this.changed = true;
    if (wanted === NOWHERE) {
      // A text, whose bounds captions.js writes, or nothing that can be met.
      store.spheres[slot * 4 + 3] = 0;
      return;
    }
    const batch = /** @type {Batch} */ (this.batches[wanted]);
    const { pool } = batch;
    const index = store.index[slot];
    const rec = store.records;
    const at = slot * STRIDE;
    composeMatrix(pool.matrices, index * 16, rec, at);
    // A light's scale is its brightness: its ball would hide what it shines on.
    if (batch.kind === KIND.light) pool.matrices.set(UNSCALED, index * 16);
    const opacity = batch.transparent ? rec[at + FIELD.opacity] : null;
    if (batch.shaped) pool.setTint(index, rec[at + FIELD.r], rec[at + FIELD.g], rec[at + FIELD.b], opacity);
    else pool.setTint(index, 1, 1, 1, opacity);
    pool.touch(index);
    this.#bound(slot, batch, pool.matrices, index * 16);
  }

  /**
   * Takes the slot out of the batch that draws it, if any.
   * @param {number} slot
   */
  lift(slot) {
    const { store } = this;
    const id = store.batch[slot];
    store.spheres[slot * 4 + 3] = 0;
    if (id === NOWHERE) return;
    const index = store.index[slot];
    const moved = /** @type {Batch} */ (this.batches[id]).pool.removeAt(index);
    if (moved >= 0) store.index[moved] = index;
    store.batch[slot] = NOWHERE;
    this.changed = true;
  }

  /** Empties every batch; the store is cleared by the caller. */
  clear() {
    for (const batch of this.batches) batch?.pool.clear();
    this.changed = true;
  }

  /**
   * The instances' last step before a frame.
   * @param {Vector3} direction the camera's view direction
   * @returns {boolean} whether any instance has changed since the last call
   */
  sync(direction) {
    const turned = this.lastDirection.distanceToSquared(direction) > 1e-8;
    const changed = this.changed;
    if (!changed && !turned) return false;
    this.lastDirection.copy(direction);
    let total = 0;
    for (const [id, batch] of this.batches.entries()) {
      if (!batch) continue;
      if (batch.transparent && batch.pool.sortBackToFront(direction.x, direction.y, direction.z)) this.#reindex(id, batch.pool);
      this.#detail(batch);
      batch.sync();
      total += batch.pool.count;
    }
    this.total = total;
    this.changed = false;
    return changed;
  }

  /** How many instances there are. */
  total = 0;

  /**
   * The batch and matrix that draw a slot.
   * @param {number} slot
   * @returns {{batch: Batch, matrix: Matrix4} | null}
   */
  instance(slot) {
    const id = this.store.batch[slot];
    if (id === NOWHERE) return null;
    const batch = /** @type {Batch} */ (this.batches[id]);
    return { batch, matrix: new Matrix4().fromArray(batch.pool.matrices, this.store.index[slot] * 16) };
  }

  /**
   * Makes a loaded model drawable; the caller places its slots again.
   * @param {string} url
   * @param {Part[]} parts
   * @param {{center: Vector3, radius: number}} bounds
   */
  addModel(url, parts, bounds) {
    const traits = { kind: KIND.model, shaped: false, ...bounds };
    const clear = parts.map(({ geometry, material }) => ({ geometry, material: withInstanceOpacity(material.clone()) }));
    this.models.set(url, {
      opaque: this.#register(new Batch(this.root, parts, { ...traits, transparent: false })),
      transparent: this.#register(new Batch(this.root, clear, { ...traits, transparent: true })),
    });
  }

  /**
   * Forgets a model that no slot uses.
   * @param {string} url
   */
  removeModel(url) {
    const ids = this.models.get(url);
    if (!ids) return;
    for (const id of [ids.opaque, ids.transparent]) {
      this.batches[id]?.dispose();
      this.batches[id] = undefined;
    }
    this.models.delete(url);
  }

  dispose() {
    for (const batch of this.batches) batch?.dispose();
  }

  /** @param {number} slot */
  #batchIdFor(slot) {
    const kind = this.store.kind[slot];
    if (!hasShape(kind)) return NOWHERE;
    const clear = this.store.records[slot * STRIDE + FIELD.opacity] < 1;
    if (kind === KIND.model) {
      const ids = this.models.get(this.urlOf(slot) ?? "");
      if (ids) return clear ? ids.transparent : ids.opaque;
    }
    const id = kind * 2 + (clear ? 1 : 0);
    this.batches[id] ??= this.#shapeBatch(kind, clear);
    return id;
  }

  /**
   * @param {number} kind
   * @param {boolean} transparent
   */
  #shapeBatch(kind, transparent) {
    const geometry = shape(kind, 0);
    const sphere = /** @type {import("three").Sphere} */ (geometry.boundingSphere);
    const part = { geometry, material: materialFor(kind, transparent) };
    const clear = transparent || kind === KIND.model;
    const traits = { kind, shaped: true, transparent: clear, center: sphere.center, radius: sphere.radius };
    return new Batch(this.root, [part], traits);
  }

  /** @param {Batch} batch */
  #register(batch) {
    // The first ids belong to the shapes; a model takes the first free one above them.
    let id = Object.keys(KIND).length * 2;
    while (this.batches[id]) id++;
    this.batches[id] = batch;
    return id;
  }

  /** @param {Batch} batch */
  #detail(batch) {
    if (!batch.shaped) return;
    const level = levelFor(batch.pool.count, batch.level);
    if (level === batch.level) return;
    batch.level = level;
    batch.meshes[0].geometry = shape(batch.kind, level);
  }

  /**
   * @param {number} id
   * @param {Pool} pool
   */
  #reindex(id, pool) {
    for (let i = 0; i < pool.count; i++) this.store.index[pool.slots[i]] = i;
  }

  /**
   * Writes the slot's bounding sphere from its matrix.
   * @param {number} slot
   * @param {Batch} batch
   * @param {Float32Array} m
   * @param {number} o offset of the matrix
   */
  #bound(slot, { kind, center: c, radius }, m, o) {
    const s = this.store.spheres;
    const to = slot * 4;
    for (let k = 0; k < 3; k++) s[to + k] = m[o + k] * c.x + m[o + 4 + k] * c.y + m[o + 8 + k] * c.z + m[o + 12 + k];
    const rec = this.store.records;
    const at = slot * STRIDE;
    s[to + 3] = kind === KIND.light ? radius : radius * Math.max(rec[at + FIELD.scaleX], rec[at + FIELD.scaleY], rec[at + FIELD.scaleZ]);
  }
}
