// Handles to move, turn and scale the selected objects by. They change what is drawn at once and tell the
// page; what becomes of the session is the page's affair.
//
// three.js' TransformControls drag one object. Here that is the pivot: an empty one in the middle of what is
// selected. What the pivot does since the drag began, transforms.js does to each object.

import { Color, Object3D, SRGBColorSpace, Scene, Vector3 } from "three";
import { TransformControls } from "three/addons/controls/TransformControls.js";
import { Border } from "./border.js";
import { DRAG } from "./pointer.js";
import { FIELD, STRIDE } from "./records.js";
import { POSE, STEPS, fitMove, middleOf, move, reached, rotate, scale, snapMove, snapScale, turnOf } from "./transforms.js";

/** The tools, by name; `select` has no handles. */
export const TOOLS = Object.freeze(["select", "translate", "rotate", "scale"]);
/** What the axes of the handles are. */
export const SPACES = Object.freeze(["world", "local"]);
/** Handles are offered for up to this many objects: as many as one batch of commands may change. */
export const MAX_HANDLED = 1000;
/** Handles are this much larger where a finger takes them. */
const COARSE = 1.45;

/**
 * A ring that faces the camera by more than this follows the pointer round. three.js' way, a pull to one side,
 * has no side to pull to there.
 */
const FACING = 0.9;
const AXES = new Map([...["X", "Y", "Z"].entries()].map(([k, name]) => [name, new Vector3().setComponent(k, 1)]));

/** @typedef {"begin" | "move" | "end" | "cancel"} Phase */

/**
 * @typedef {object} Drag
 * @property {number[]} slots
 * @property {Map<number, number>} index of each slot in `slots`
 * @property {Float64Array} begin poses
 * @property {Float64Array} now poses
 * @property {Vector3} pivot where it was
 * @property {import("three").Quaternion} turn of the pivot
 * @property {Vector3} size scale of the pivot
 * @property {boolean} stale whether `now` has not been told yet
 */

/** The handles and what is dragged by them. */
export class Handles {
  /**
   * @param {HTMLElement} element what takes the pointer
   * @param {import("three").PerspectiveCamera} camera
   * @param {import("./store.js").Store} store
   * @param {object} on
   * @param {() => void} on.invalidate asks for a frame
   * @param {(slot: number) => void} on.changed the record of a slot has been changed
   * @param {(held: boolean) => void} on.hold a handle is held, or is let go
   * @param {(phase: Phase, changes: Float64Array) => void} on.transform
   */
  constructor(element, camera, store, on) {
    this.element = element;
    this.store = store;
    this.on = on;
    this.camera = camera;
    this.tool = "select";
    /** @type {number[]} */
    this.slots = [];
    /** Whether the pivot may stand elsewhere than the objects. */
    this.dirty = false;
    this.snap = false;
    this.held = false;
    /** @type {{x: number, y: number} | null} where a handle was pressed, until the pointer has moved from there */
    this.pressed = null;
    /** @type {Drag | null} */
    this.drag = null;
    this.scene = new Scene();
    this.pivot = new Object3D();
    this.border = new Border();
    this.controls = new TransformControls(camera, element);
    this.controls.enabled = false;
    if (matchMedia("(pointer: coarse)").matches) this.controls.size = COARSE;
    this.scene.add(this.pivot, this.controls.getHelper());
    this.controls.addEventListener("change", on.invalidate);
    this.controls.addEventListener("mouseDown", () => this.#begin());
    this.controls.addEventListener("objectChange", () => this.#change());
    this.controls.addEventListener("mouseUp", () => this.#finish("end"));
    this.abort = new AbortController();
    this.#listen();
  }

  /** Whether the pointer is on a handle or holds one. */
  get engaged() {
    return this.held || (this.controls.enabled && this.controls.axis !== null);
  }

  /**
   * @param {string} tool
   * @throws {RangeError}
   */
  setTool(tool) {
    if (!TOOLS.includes(tool)) throw new RangeError(`tool ${tool} is not one of ${TOOLS.join(", ")}`);
    if (tool === this.tool) return;
    this.cancel();
    this.tool = tool;
    if (tool !== "select") this.controls.setMode(/** @type {"translate" | "rotate" | "scale"} */ (tool));
    this.#changed();
  }

  /**
   * @param {string} space
   * @throws {RangeError}
   */
  setSpace(space) {
    if (!SPACES.includes(space)) throw new RangeError(`space ${space} is not one of ${SPACES.join(", ")}`);
    this.cancel();
    this.controls.setSpace(/** @type {"world" | "local"} */ (space));
    this.#changed();
  }

  /** @param {Iterable<number>} slots what is selected, the primary object last */
  set(slots) {
    const next = [...slots];
    // Whoever answers a drag by the same selection does not end it.
    if (next.length === this.slots.length && next.every((slot, i) => slot === this.slots[i])) return;
    if (this.drag && this.drag.slots.some((slot) => !next.includes(slot))) this.cancel();
    this.slots = next;
    this.#changed();
  }

  /** @param {number} slot one whose record has been replaced; the drag's own pose stays */
  touch(slot) {
    const i = this.drag?.index.get(slot);
    if (i !== undefined) this.#write(i);
    this.dirty = true;
  }

  /** @param {number} slot one that has left */
  drop(slot) {
    const { drag } = this;
    this.dirty = true;
    const i = drag?.index.get(slot);
    if (!drag || i === undefined) return;
    const without = (/** @type {Float64Array} */ poses) => poses.filter((_, at) => Math.floor(at / POSE) !== i);
    drag.slots.splice(i, 1);
    drag.index = indexOf(drag.slots);
    drag.begin = without(drag.begin);
    drag.now = without(drag.now);
    if (drag.slots.length === 0) this.cancel();
  }

  /** Ends a drag and puts everything back to where it was. */
  cancel() {
    if (this.drag) this.#finish("cancel");
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    const [x, y, z, active] = [...theme.axes, theme.accent].map(([r, g, b]) => new Color().setRGB(r, g, b, SRGBColorSpace));
    this.controls.setColors(x, y, z, active);
    this.border.setTheme(theme);
  }

  /** Before a frame: tells what has moved since the last one, and stands where the objects are. */
  sync() {
    const { drag } = this;
    if (drag) {
      if (drag.stale) this.#tell("move");
      return;
    }
    if (!this.dirty) return;
    this.dirty = false;
    const present = this.slots.filter((slot) => this.store.has(slot) && this.store.shown(slot));
    const on = this.tool !== "select" && present.length > 0 && present.length <= MAX_HANDLED;
    this.controls.enabled = on;
    if (!on) {
      if (this.controls.object) this.controls.detach();
      return;
    }
    const poses = this.#poses(present);
    const last = (present.length - 1) * POSE;
    this.pivot.position.copy(middleOf(poses));
    this.pivot.quaternion.copy(turnOf(poses, last));
    if (present.length === 1) this.pivot.scale.fromArray(poses, 6);
    else this.pivot.scale.set(1, 1, 1);
    if (!this.controls.object) this.controls.attach(this.pivot);
  }

  /** @param {import("three").WebGLRenderer} renderer that has drawn the world */
  render(renderer) {
    if (!this.controls.object) return;
    renderer.autoClear = false;
    renderer.render(this.scene, this.camera);
    renderer.autoClear = true;
  }

  dispose() {
    this.drag = null;
    this.abort.abort();
    this.controls.dispose();
    this.border.dispose();
  }

  #changed() {
    this.dirty = true;
    this.on.invalidate();
  }

  #listen() {
    const { signal } = this.abort;
    const held = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Shift") this.#setSnap(event.type === "keydown");
    };
    addEventListener("keydown", held, { signal, capture: true });
    addEventListener("keyup", held, { signal, capture: true });
    // Before anything else hears of it: Esc of a dialog or of the page is not meant while a handle is held.
    const escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || !this.drag) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.cancel();
    };
    addEventListener("keydown", escape, { signal, capture: true });
    addEventListener("pointercancel", () => (this.cancel(), this.#hold(false)), { signal, capture: true });
    addEventListener("pointerup", () => this.#hold(false), { signal });
    const moved = (/** @type {PointerEvent} */ { clientX, clientY, pointerType }) => {
      const bound = DRAG[/** @type {keyof typeof DRAG} */ (pointerType)] ?? DRAG.mouse;
      if (this.pressed && Math.hypot(clientX - this.pressed.x, clientY - this.pressed.y) > bound) this.pressed = null;
    };
    addEventListener("pointermove", moved, { signal, capture: true });
  }

  /**
   * A pointer has come down: whether on a handle. Called before the camera's own controls hear of it.
   * @param {PointerEvent} event
   */
  press(event) {
    this.#setSnap(event.shiftKey);
    if (this.drag || !this.meets(event)) return;
    this.pressed = { x: event.clientX, y: event.clientY };
    this.#hold(true);
  }

  /**
   * @param {PointerEvent} event of a pointer that comes down
   * @returns {boolean} whether on a handle
   */
  meets(event) {
    if (!this.controls.enabled || event.button !== 0) return false;
    const box = this.element.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 2 - 1;
    const y = 1 - ((event.clientY - box.top) / box.height) * 2;
    this.controls.pointerHover(/** @type {PointerEvent} */ (/** @type {unknown} */ ({ x, y, button: event.button })));
    return this.controls.axis !== null;
  }

  /** @param {boolean} snap whether from the pointer's next move on only whole steps are taken */
  #setSnap(snap) {
    this.snap = snap;
    this.controls.setRotationSnap(snap ? STEPS.rotate : null);
  }

  /** @param {boolean} held */
  #hold(held) {
    if (held === this.held) return;
    this.held = held;
    this.on.hold(held);
  }

  #begin() {
    const slots = this.slots.filter((slot) => this.store.has(slot) && this.store.shown(slot));
    const begin = this.#poses(slots);
    const { position, quaternion, scale: size } = this.pivot;
    const pivot = { pivot: position.clone(), turn: quaternion.clone(), size: size.clone() };
    this.drag = { slots, index: indexOf(slots), begin, now: begin.slice(), stale: false, ...pivot };
    this.#tell("begin");
  }

  /** The pivot has been dragged: the objects follow. */
  #change() {
    const { drag, controls } = this;
    if (!drag || !controls.axis) return;
    if (this.pressed) {
      // It may become a click.
      this.pivot.position.copy(drag.pivot);
      this.pivot.quaternion.copy(drag.turn);
      this.pivot.scale.copy(drag.size);
      return;
    }
    if (this.tool === "translate") this.#move(drag, controls.axis);
    else if (this.tool === "rotate") this.#rotate(drag, controls.axis);
    else this.#scale(drag, controls.axis);
    this.#show(drag);
    this.border.show(reached(drag.now));
    drag.stale = true;
    this.on.invalidate();
  }

  /**
   * @param {Drag} drag
   * @param {string} axis
   */
  #move(drag, axis) {
    const turned = this.controls.space === "local" && axis !== "XYZ";
    const delta = this.pivot.position.clone().sub(drag.pivot);
    if (this.snap) {
      const anchor = new Vector3().fromArray(drag.begin, (drag.slots.length - 1) * POSE);
      snapMove(delta, anchor, axis, turned ? drag.turn : null);
    }
    fitMove(drag.begin, delta, turned);
    this.pivot.position.copy(drag.pivot).add(delta);
    move(drag.begin, drag.now, delta);
  }

  /**
   * @param {Drag} drag
   * @param {string} axis
   */
  #rotate(drag, axis) {
    const around = AXES.get(axis)?.clone();
    if (around && this.controls.space === "local") around.applyQuaternion(drag.turn);
    const facing = around?.dot(this.controls.eye) ?? 0;
    if (around && Math.abs(facing) > FACING) {
      const { pointStart, pointEnd, eye } = this.controls;
      const cross = pointStart.clone().cross(pointEnd).dot(eye);
      const angle = Math.sign(facing) * Math.atan2(cross, pointStart.dot(pointEnd));
      const whole = this.snap ? Math.round(angle / STEPS.rotate) * STEPS.rotate : angle;
      this.pivot.quaternion.setFromAxisAngle(around, whole).multiply(drag.turn);
    }
    rotate(drag.begin, drag.now, drag.pivot, this.pivot.quaternion.clone().multiply(drag.turn.clone().invert()).normalize());
  }

  /**
   * @param {Drag} drag
   * @param {string} axis
   */
  #scale(drag, axis) {
    const factor = this.pivot.scale.clone().divide(drag.size);
    snapScale(factor, drag.size, axis, this.snap ? STEPS.scale : 0);
    scale(drag.begin, drag.now, drag.pivot, drag.turn, factor);
  }

  /** @param {"end" | "cancel"} phase */
  #finish(phase) {
    const { drag, controls } = this;
    if (!drag) return;
    if (phase === "cancel") drag.now.set(drag.begin);
    this.#show(drag);
    this.#tell(phase);
    this.drag = null;
    // The controls still take the pointer for a dragging one when the drag was ended by a key.
    if (controls.dragging) controls.pointerUp(null);
    this.border.hide();
    this.#changed();
  }

  /** @param {Drag} drag */
  #show(drag) {
    for (const [i, slot] of drag.slots.entries()) {
      this.#write(i);
      this.on.changed(slot);
    }
  }

  /** @param {number} i index in the drag of the slot whose record gets the pose of now */
  #write(i) {
    const { slots, now } = /** @type {Drag} */ (this.drag);
    const at = slots[i] * STRIDE + FIELD.x;
    for (let k = 0; k < POSE; k++) this.store.records[at + k] = now[i * POSE + k];
  }

  /** @param {number[]} slots */
  #poses(slots) {
    const poses = new Float64Array(slots.length * POSE);
    for (const [i, slot] of slots.entries()) {
      const at = slot * STRIDE + FIELD.x;
      for (let k = 0; k < POSE; k++) poses[i * POSE + k] = this.store.records[at + k];
    }
    return poses;
  }

  /** @param {Phase} phase */
  #tell(phase) {
    const drag = /** @type {Drag} */ (this.drag);
    drag.stale = false;
    const row = POSE + 1;
    const changes = new Float64Array(drag.slots.length * row);
    for (const [i, slot] of drag.slots.entries()) {
      changes[i * row] = slot;
      changes.set(drag.now.subarray(i * POSE, (i + 1) * POSE), i * row + 1);
    }
    this.on.transform(phase, changes);
  }
}

/** @param {number[]} slots */
function indexOf(slots) {
  return new Map(slots.map((slot, i) => [slot, i]));
}
