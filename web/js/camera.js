// The user's own view: orbit, pan and zoom by pointer, wheel, touch and keys; flights to a given pose; and
// following a pose that somebody else computes.

import { MathUtils, Matrix4, PerspectiveCamera, Spherical, Vector3 } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { Framing, reachOf } from "./framing.js";

/** Field of view in degrees: what the world's camera allows. */
export const FOV = Object.freeze({ min: 10, max: 120 });

const NEAR = 0.05;
const FAR = 1000;
const FLIGHT_MS = 380;
const KEY_TURN = MathUtils.degToRad(6);
const KEY_ZOOM = 0.88;
/** What is framed takes this part of the view, in the direction in which it is larger. */
const FRAME_FILL = 0.88;
/** Half of the height in world units that a framed view has at least, at the depth of what is framed. */
const LEAST_FRAME_RADIUS = 1;
/** The same of a view that nobody has asked for: with some of the world around. */
const OVERVIEW = Object.freeze({ fill: 0.6, radius: 1.8 });

/**
 * @callback PoseSource
 * @param {number} now milliseconds since the Unix epoch
 * @returns {ArrayLike<number> | null | undefined} px, py, pz, tx, ty, tz; null to stay where one is, and not to be
 *   asked again before something else asks for a frame
 */

/** The camera and everything that moves it. */
export class CameraRig {
  /**
   * @param {HTMLElement} element what takes the pointer and the keys
   * @param {() => void} invalidate asks for a frame
   * @param {(pose: number[], byUser: boolean) => void} onPose after the pose has changed, once per frame
   */
  constructor(element, invalidate, onPose) {
    this.invalidate = invalidate;
    this.onPose = onPose;
    this.camera = new PerspectiveCamera(60, 1, NEAR, FAR);
    this.camera.position.set(15, 15, 15);
    this.controls = new OrbitControls(this.camera, element);
    this.controls.enableDamping = true;
    this.controls.dampingFactor = 0.12;
    this.controls.zoomSpeed = 1.1;
    this.controls.minDistance = 0.3;
    this.controls.maxDistance = 300;
    this.controls.update();
    // A press alone, as in a click on an object, stops nothing; a change that is not our own is the user's.
    this.controls.addEventListener("change", () => {
      if (this.placing) invalidate();
      else this.#takeOver();
    });
    this.placing = false;
    this.element = element;
    this.abort = new AbortController();
    element.addEventListener("keydown", (event) => this.#onKey(event), { signal: this.abort.signal });
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)");
    /** @type {PoseSource | null} */
    this.source = null;
    this.jumps = false;
    /** @type {{start: number, from: View, to: View, pose: number[], chained: boolean} | null} */
    this.flight = null;
    /**
     * Who moves the camera in the user's name from frame to frame; answers a pose, or null to stay.
     * @type {((now: number) => number[] | null) | null}
     */
    this.pilot = null;
    this.byUser = false;
    this.reported = this.pose();
  }

  /** @returns {number[]} px, py, pz, tx, ty, tz */
  pose() {
    return [...this.camera.position.toArray(), ...this.controls.target.toArray()];
  }

  /** @returns {Vector3} unit view direction */
  direction() {
    return this.camera.getWorldDirection(new Vector3());
  }

  /**
   * Goes to a pose: in a short flight, or at once where the user prefers reduced motion.
   * @param {number[]} pose px, py, pz, tx, ty, tz
   * @param {number} fov degrees, taken at once
   * @param {boolean} animate
   */
  go(pose, fov, animate) {
    this.source = null;
    this.#fly(pose, fov, animate, false);
  }

  /**
   * Moves the view, without turning it, to where it holds points and is as near to them as it can be.
   * @param {(add: (x: number, y: number, z: number) => void) => void} points tells them; without any nothing moves
   * @param {Parameters<typeof reachOf>[0]} covered part of the view that nothing is to be in, from each side
   * @param {{pose: number[], fov: number, animate: boolean} | null} [from] whose direction and field of view it has, as the world's
   *   camera and not as the user's
   */
  frame(points, covered, from) {
    const { aspect } = this.camera;
    const fov = from?.fov ?? this.camera.fov;
    const axes = [new Vector3(), new Vector3(), new Vector3()];
    const { matrix, eye, target, up } = scratch;
    if (from) matrix.lookAt(eye.fromArray(from.pose), target.fromArray(from.pose, 3), up);
    else matrix.copy(this.camera.matrixWorld);
    matrix.extractBasis(axes[0], axes[1], axes[2]);
    axes[2].negate();
    const framing = new Framing(axes.map((axis) => axis.normalize().toArray()), reachOf(covered, fov, aspect, from ? OVERVIEW.fill : FRAME_FILL));
    points((x, y, z) => framing.add(x, y, z));
    const least = from ? OVERVIEW.radius : LEAST_FRAME_RADIUS;
    const pose = framing.pose(least / Math.tan(MathUtils.degToRad(fov / 2)), this.controls.maxDistance);
    if (!pose) return;
    this.source = null;
    this.#fly(pose, fov, from?.animate ?? true, !from);
  }

  /**
   * Looks at the present target from a direction, at the present distance.
   * @param {number[]} from x, y, z; need not be of unit length
   */
  lookFrom(from) {
    this.source = null;
    const target = this.controls.target;
    const distance = this.camera.position.distanceTo(target);
    const at = new Vector3(...from).normalize().multiplyScalar(distance).add(target);
    this.#fly([...at.toArray(), ...target.toArray()], this.camera.fov, true, true);
  }

  /**
   * Takes every frame's pose from a source until the user moves the camera or the source is replaced.
   * Where the user prefers reduced motion, it is asked once. A flight goes on where there is no source.
   * @param {PoseSource | null} source
   * @param {boolean} [jumps] whether the source itself sees to it that nothing glides where that is preferred
   */
  follow(source, jumps = false) {
    this.source = source;
    this.jumps = jumps;
    if (source) this.flight = null;
    this.byUser = false;
    this.invalidate();
  }

  /**
   * Moves the camera by one frame and reports a changed pose.
   * @param {number} now as of requestAnimationFrame
   * @returns {boolean} whether another frame is needed
   */
  step(now) {
    let moving = false;
    const piloted = this.pilot?.(now);
    if (piloted) {
      this.#takeOver();
      this.#place(piloted);
    } else if (this.source) {
      const pose = this.source(Date.now());
      if (this.reduced.matches && !this.jumps) this.source = null;
      if (pose) this.#place(pose);
      moving = this.source !== null && Boolean(pose);
    } else if (this.flight) {
      moving = this.#advance(now);
    } else {
      moving = this.controls.update();
    }
    const pose = this.pose();
    if (pose.some((v, i) => Math.abs(v - this.reported[i]) > 1e-6)) {
      this.reported = pose;
      this.onPose(pose, this.byUser);
    }
    return moving;
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
  }

  dispose() {
    this.abort.abort();
    this.controls.dispose();
  }

  /** The user moves: whatever else moved the camera stops. */
  #takeOver() {
    this.source = null;
    this.flight = null;
    this.byUser = true;
    this.invalidate();
  }

  /**
   * @param {ArrayLike<number>} pose
   */
  #place(pose) {
    this.camera.position.set(pose[0], pose[1], pose[2]);
    this.controls.target.set(pose[3], pose[4], pose[5]);
    if (this.camera.position.distanceToSquared(this.controls.target) < 1e-6) this.camera.position.z += 0.01;
    this.#settle();
  }

  /** Updates the controls with nothing left of an earlier drag. */
  #settle() {
    this.placing = true;
    this.controls.enableDamping = false;
    this.controls.update();
    this.controls.enableDamping = true;
    this.placing = false;
  }

  /**
   * @param {number[]} pose
   * @param {number} fov
   * @param {boolean} animate
   * @param {boolean} byUser
   */
  #fly(pose, fov, animate, byUser) {
    this.byUser = byUser;
    this.#settle();
    this.camera.fov = MathUtils.clamp(fov, FOV.min, FOV.max);
    this.camera.updateProjectionMatrix();
    const from = viewOf(this.pose());
    const to = viewOf(pose);
    const chained = this.flight !== null;
    this.flight = null;
    if (animate && !this.reduced.matches) this.flight = { start: -1, from, to, pose, chained };
    else this.#place(pose);
    this.invalidate();
  }

  /** @param {number} now */
  #advance(now) {
    const flight = /** @type {NonNullable<typeof this.flight>} */ (this.flight);
    if (flight.start < 0) flight.start = now;
    const t = Math.min(1, (now - flight.start) / FLIGHT_MS);
    if (t === 1) {
      this.flight = null;
      this.#place(flight.pose);
      return false;
    }
    // Starts gently, unless it takes over from a flight: a stream of poses must not stall the view.
    const ease = flight.chained || t >= 0.5 ? 1 - (flight.chained ? (1 - t) ** 3 : (2 - 2 * t) ** 3 / 2) : 4 * t ** 3;
    this.#place(mixViews(flight.from, flight.to, ease));
    return true;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const turns = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const turn = turns[/** @type {keyof typeof turns} */ (event.key)];
    const zoom = { "+": KEY_ZOOM, "=": KEY_ZOOM, "-": 1 / KEY_ZOOM, _: 1 / KEY_ZOOM }[event.key];
    if (!turn && !zoom) return;
    event.preventDefault();
    this.#takeOver();
    this.#settle();
    const view = viewOf(this.pose());
    const { offset, target } = view;
    if (turn) {
      offset.theta += turn[0] * KEY_TURN;
      offset.phi += turn[1] * KEY_TURN;
      offset.makeSafe();
    }
    offset.radius = MathUtils.clamp(offset.radius * (zoom ?? 1), this.controls.minDistance, this.controls.maxDistance);
    this.#place([...new Vector3().setFromSpherical(offset).add(target).toArray(), ...target.toArray()]);
  }
}

const scratch = { matrix: new Matrix4(), eye: new Vector3(), target: new Vector3(), up: new Vector3(0, 1, 0) };

/** @typedef {{target: Vector3, offset: Spherical}} View */

/**
 * A pose on the way from one to another, round what is looked at.
 * @param {View} from
 * @param {View} to
 * @param {number} part of the way, 0..1
 * @returns {number[]} px, py, pz, tx, ty, tz
 */
export function mixViews(from, to, part) {
  const target = from.target.clone().lerp(to.target, part);
  const [a, b] = [from.offset, to.offset];
  // The short way round.
  const turn = MathUtils.euclideanModulo(b.theta - a.theta + Math.PI, 2 * Math.PI) - Math.PI;
  const radius = a.radius * (b.radius / a.radius) ** part;
  const offset = new Spherical(radius, MathUtils.lerp(a.phi, b.phi, part), a.theta + turn * part).makeSafe();
  return [...new Vector3().setFromSpherical(offset).add(target).toArray(), ...target.toArray()];
}

/**
 * @param {ArrayLike<number>} pose
 * @returns {View}
 */
export function viewOf(pose) {
  const target = new Vector3(pose[3], pose[4], pose[5]);
  const offset = new Spherical().setFromVector3(new Vector3(pose[0], pose[1], pose[2]).sub(target));
  if (offset.radius < 1e-3) offset.radius = 1e-2;
  return { target, offset };
}
