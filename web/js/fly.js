// Flying: while the right button is held the mouse looks around, and keys move the camera through the world.

import { MathUtils, Vector3 } from "three";

/** World units a second. */
export const SPEED = Object.freeze({ first: 6, min: 0.5, max: 60, step: 1.25 });
/** How much faster with Shift. */
const FASTER = 3;
/** Radians for a CSS pixel of the mouse. */
const LOOK = 0.004;
/** As far up and down as one can look: straight up there is no left and right. */
const STEEPEST = MathUtils.degToRad(89);
/** The camera stays within this on each axis, as the world's own does. */
const BOUND = 100;
/** How far ahead the point lies that is orbited afterwards. */
const AHEAD = Object.freeze({ min: 2, max: 60 });
/** A frame that came later than this, in seconds, moves no further than this much. */
const LONGEST_STEP = 0.1;

/** Forward, right and up for each key, by where it is on the keyboard. */
const KEYS = Object.freeze({
  KeyW: [1, 0, 0],
  KeyS: [-1, 0, 0],
  KeyD: [0, 1, 0],
  KeyA: [0, -1, 0],
  KeyE: [0, 0, 1],
  KeyQ: [0, 0, -1],
});

/** The pilot of a camera rig, from the press of the right button to its release. */
export class Fly {
  /**
   * @param {HTMLElement} element what takes the pointer
   * @param {import("./camera.js").CameraRig} rig
   * @param {(speed: number) => void} onFly a flight begins or has another speed, or ends: 0
   */
  constructor(element, rig, onFly) {
    this.element = element;
    this.rig = rig;
    this.onFly = onFly;
    this.speed = SPEED.first;
    /** @type {{id: number, x: number, y: number, yaw: number, pitch: number, ahead: number, turned: boolean, last: number} | null} */
    this.flight = null;
    /** @type {Set<string>} */
    this.held = new Set();
    this.faster = false;
    this.abort = new AbortController();
    const { signal } = this.abort;
    element.addEventListener("pointermove", (event) => this.#look(event), { signal });
    element.addEventListener("pointerup", (event) => event.pointerId === this.flight?.id && this.#end(), { signal });
    element.addEventListener("pointercancel", () => this.#end(), { signal });
    element.addEventListener("lostpointercapture", () => this.#end(), { signal });
    // The right button is for flying; some systems show their menu at its press.
    element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    element.addEventListener("wheel", (event) => this.#faster(event), { signal, capture: true, passive: false });
    addEventListener("blur", () => this.#end(), { signal });
    const key = (/** @type {KeyboardEvent} */ event) => this.#key(event);
    addEventListener("keydown", key, { signal, capture: true });
    addEventListener("keyup", key, { signal, capture: true });
  }

  /**
   * A pointer has come down that nothing else takes.
   * @param {PointerEvent} event
   * @returns {boolean} whether this takes it
   */
  press(event) {
    if (this.flight) return true;
    if (event.button !== 2 || event.pointerType === "touch") return false;
    const { x, y, z } = this.rig.direction();
    const ahead = MathUtils.clamp(this.rig.camera.position.distanceTo(this.rig.controls.target), AHEAD.min, AHEAD.max);
    const [yaw, pitch] = [Math.atan2(-x, -z), MathUtils.clamp(Math.asin(y), -STEEPEST, STEEPEST)];
    this.flight = { id: event.pointerId, x: event.clientX, y: event.clientY, yaw, pitch, ahead, turned: false, last: -1 };
    this.faster = event.shiftKey;
    this.element.setPointerCapture(event.pointerId);
    this.rig.pilot = (now) => this.#step(now);
    this.onFly(this.speed);
    return true;
  }

  dispose() {
    this.#end();
    this.abort.abort();
  }

  #end() {
    if (!this.flight) return;
    this.flight = null;
    this.held.clear();
    this.rig.pilot = null;
    this.onFly(0);
  }

  /** @param {PointerEvent} event */
  #look(event) {
    const { flight } = this;
    if (!flight || event.pointerId !== flight.id) return;
    // Of several buttons the right one may be let go first, which is no `pointerup`.
    if ((event.buttons & 2) === 0) return this.#end();
    flight.yaw -= (event.clientX - flight.x) * LOOK;
    flight.pitch = MathUtils.clamp(flight.pitch - (event.clientY - flight.y) * LOOK, -STEEPEST, STEEPEST);
    flight.turned ||= event.clientX !== flight.x || event.clientY !== flight.y;
    flight.x = event.clientX;
    flight.y = event.clientY;
    this.rig.invalidate();
  }

  /** @param {WheelEvent} event */
  #faster(event) {
    if (!this.flight) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.deltaY === 0) return;
    const speed = this.speed * (event.deltaY < 0 ? SPEED.step : 1 / SPEED.step);
    this.speed = MathUtils.clamp(Math.round(speed * 10) / 10, SPEED.min, SPEED.max);
    this.onFly(this.speed);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    this.faster = event.shiftKey;
    if (event.type === "keyup") this.held.delete(event.code);
    if (!this.flight || event.ctrlKey || event.metaKey || event.altKey) return;
    // No key of the page is meant meanwhile: W moves the camera, and chooses no tool.
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type === "keydown" && event.code === "Escape") this.#end();
    else if (event.type === "keydown" && event.code in KEYS) {
      this.held.add(event.code);
      this.rig.invalidate();
    }
  }

  /**
   * @param {number} now as of requestAnimationFrame
   * @returns {number[] | null} where the camera is: px, py, pz, tx, ty, tz; null while it stays
   */
  #step(now) {
    const { flight } = this;
    if (!flight) return null;
    const seconds = flight.last < 0 ? 0 : Math.min((now - flight.last) / 1000, LONGEST_STEP);
    flight.last = this.held.size > 0 ? now : -1;
    if (!flight.turned && this.held.size === 0) return null;
    flight.turned = false;
    const { yaw, pitch, ahead } = flight;
    const front = new Vector3(-Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), -Math.cos(yaw) * Math.cos(pitch));
    const right = new Vector3(Math.cos(yaw), 0, -Math.sin(yaw));
    const way = new Vector3();
    for (const code of this.held) {
      const [forward, sideways, up] = KEYS[/** @type {keyof typeof KEYS} */ (code)];
      way.addScaledVector(front, forward).addScaledVector(right, sideways);
      way.y += up;
    }
    if (way.lengthSq() > 0) way.setLength(this.speed * (this.faster ? FASTER : 1) * seconds);
    const at = this.rig.camera.position.clone().add(way).clampScalar(-BOUND, BOUND);
    return [...at.toArray(), ...front.multiplyScalar(ahead).add(at).toArray()];
  }
}
