// The other people in the world: their cameras, their pointers, what they have selected, and the way along with
// one of them.

import { MathUtils, Matrix4, Quaternion, Vector3 } from "three";
import { mixViews, viewOf } from "./camera.js";
import { ASPECT, Frusta } from "./frusta.js";
import { Tags } from "./tags.js";
import { Track } from "./tracks.js";

/** People who are drawn; more are not. */
export const MOST_PEERS = 200;
/** Length of a frustum in world units, and the part of its distance that it has at least. */
const LENGTH = 0.45;
const LEAST_PART = 0.02;
/** A frustum nearer than this to one's own camera, in world units, is not seen; from the other on it is whole. */
const FADE = Object.freeze({ none: 2, whole: 6 });
/** How much is seen of somebody who is away. */
const AWAY = 0.4;
/** Fields of view in degrees that a frustum shows; a wider one would be a wall, a narrower one a stick. */
const SHOWN_FOV = Object.freeze({ min: 20, max: 75, other: 60 });
/** How long the way to somebody's camera takes, in milliseconds. */
const FLIGHT_MS = 380;
/** Colours of outlines; people beyond that many have none. */
const MOST_COLORS = 255;

/**
 * @typedef {object} PeerFace what is known of somebody
 * @property {string} name
 * @property {number[]} color sRGB 0..1
 * @property {ArrayLike<number> | null} [camera] px, py, pz, tx, ty, tz
 * @property {number | null} [fov] degrees
 * @property {ArrayLike<number> | null} [pointer] x, y, z
 * @property {boolean} [frustum] whether the camera is drawn; default true
 * @property {boolean} [away] drawn faintly
 */

/**
 * @typedef {object} Peer
 * @property {string} id
 * @property {string} name
 * @property {number[]} color
 * @property {Track | null} camera
 * @property {Track | null} pointer
 * @property {number} fov
 * @property {boolean} frustum
 * @property {boolean} away
 * @property {Set<number>} slots what they have selected
 * @property {number} ink number of their colour in the outlines, from 1; 0 = none is left
 */

/** Everybody but oneself. */
export class Peers {
  /**
   * @param {HTMLElement} container of the view
   * @param {import("./store.js").Store} store
   * @param {object} on
   * @param {() => void} on.invalidate asks for a frame
   * @param {(id: string) => void} on.press somebody's name was pressed
   * @param {(theirs: Map<number, number>, colors: number[][]) => void} on.selected what is outlined in whose colour
   */
  constructor(container, store, { invalidate, press, selected }) {
    this.store = store;
    this.invalidate = invalidate;
    this.selected = selected;
    this.frusta = new Frusta(MOST_PEERS);
    this.tags = new Tags(container, press);
    /** @type {Map<string, Peer>} */
    this.peers = new Map();
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)");
    this.hovered = -1;
  }

  get root() {
    return this.frusta.root;
  }

  /**
   * @param {string} id
   * @param {PeerFace | null} face null: they have left
   */
  set(id, face) {
    const known = this.peers.get(id);
    if (!face) return this.#drop(id, known);
    if (!known && this.peers.size === MOST_PEERS) return;
    const peer = known ?? this.#make(id);
    const repainted = known && face.color.some((v, i) => v !== peer.color[i]);
    peer.name = face.name;
    peer.color = face.color;
    peer.fov = face.fov ?? SHOWN_FOV.other;
    peer.frustum = face.frustum ?? true;
    peer.away = face.away ?? false;
    peer.camera = this.#moved(peer.camera, face.camera);
    peer.pointer = this.#moved(peer.pointer, face.pointer);
    if (repainted && peer.slots.size > 0) this.#tellSelected();
    this.invalidate();
  }

  /**
   * @param {string} id
   * @param {Iterable<number>} slots what they have selected; absent ones are kept for when they come
   */
  select(id, slots) {
    const peer = this.peers.get(id);
    if (!peer) return;
    peer.slots = new Set(slots);
    this.#tellSelected();
  }

  /**
   * Where somebody's camera is shown to be now.
   * @param {string} id
   * @returns {number[] | null} px, py, pz, tx, ty, tz; null where it is not known
   */
  pose(id) {
    return this.peers.get(id)?.camera?.at(performance.now()) ?? null;
  }

  /**
   * The way along with somebody, for CameraRig.follow: a flight to their camera and then wherever it goes. Where
   * the user prefers reduced motion the view goes to each place where they rest, at once.
   * @param {string} id
   * @param {number[]} from where the flight begins: px, py, pz, tx, ty, tz
   * @returns {import("./camera.js").PoseSource}
   */
  source(id, from) {
    const start = viewOf(from);
    let since = -1;
    /** @type {number[]} */
    let last = [];
    return () => {
      const now = performance.now();
      const camera = this.peers.get(id)?.camera;
      if (!camera) return null;
      if (since < 0) since = now;
      const t = this.reduced.matches ? 1 : Math.min(1, (now - since) / FLIGHT_MS);
      if (this.reduced.matches && camera.moves(now)) return null;
      const goal = camera.at(now);
      // The same again is no reason for another frame.
      if (t === 1 && goal.every((v, i) => v === last[i])) return null;
      if (t === 1) return (last = goal);
      const ease = t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
      return mixViews(start, viewOf(goal), ease);
    };
  }

  /** @param {number} slot under the pointer; -1 = none */
  hover(slot) {
    this.hovered = slot;
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.frusta.setTheme(theme);
  }

  /**
   * Before a frame.
   * @param {import("three").PerspectiveCamera} camera
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   * @returns {boolean} whether another frame is needed
   */
  sync(camera, width, height) {
    const now = performance.now();
    const view = new Project(camera, width, height);
    /** @type {import("./tags.js").Spot[]} */
    const names = [];
    /** @type {import("./tags.js").Spot[]} */
    const pointers = [];
    let moving = false;
    this.frusta.begin();
    for (const peer of this.peers.values()) {
      moving ||= Boolean(peer.camera?.moves(now) || peer.pointer?.moves(now));
      if (peer.camera && peer.frustum) this.#frustum(peer, this.#shown(peer.camera, now), view, names);
      const pointer = peer.pointer && view.at(this.#shown(peer.pointer, now));
      if (pointer) pointers.push({ face: peer, ...pointer, lift: 0, opacity: peer.away ? AWAY : 1 });
    }
    this.frusta.end();
    this.tags.setNames(names);
    this.tags.setPointers(pointers);
    this.#selecting(view);
    return moving;
  }

  /**
   * Shows who has selected what is under the pointer.
   * @param {import("three").PerspectiveCamera} camera
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   */
  syncHover(camera, width, height) {
    this.#selecting(new Project(camera, width, height));
  }

  /**
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   */
  resize(width, height) {
    this.frusta.resize(width, height);
  }

  dispose() {
    this.frusta.dispose();
    this.tags.dispose();
  }

  /**
   * @param {string} id
   * @returns {Peer}
   */
  #make(id) {
    const taken = new Set([...this.peers.values()].map((peer) => peer.ink));
    let ink = 1;
    while (taken.has(ink)) ink++;
    /** @type {Peer} */
    const peer = { id, name: "", color: [0, 0, 0], camera: null, pointer: null, fov: SHOWN_FOV.other, frustum: true, away: false, slots: new Set(), ink: ink > MOST_COLORS ? 0 : ink };
    this.peers.set(id, peer);
    return peer;
  }

  /**
   * @param {string} id
   * @param {Peer | undefined} peer
   */
  #drop(id, peer) {
    if (!peer) return;
    this.peers.delete(id);
    this.tags.drop(id);
    if (peer.slots.size > 0) this.#tellSelected();
    this.invalidate();
  }

  /**
   * @param {Track | null} track
   * @param {ArrayLike<number> | null | undefined} to
   * @returns {Track | null}
   */
  #moved(track, to) {
    if (!to) return null;
    if (!track) return new Track(to);
    if (track.newest.every((v, i) => v === to[i])) return track;
    track.push(performance.now(), to);
    return track;
  }

  /**
   * Where it is drawn: nothing glides where the user prefers reduced motion.
   * @param {Track} track
   * @param {number} now
   */
  #shown(track, now) {
    return this.reduced.matches ? track.newest : track.at(now);
  }

  #tellSelected() {
    /** @type {Map<number, number>} */
    const theirs = new Map();
    /** @type {number[][]} */
    const colors = [];
    for (const { ink, color, slots } of this.peers.values()) {
      if (ink === 0) continue;
      colors[ink] = color;
      for (const slot of slots) if (!theirs.has(slot)) theirs.set(slot, ink);
    }
    this.selected(theirs, colors);
    this.invalidate();
  }

  /**
   * @param {Peer} peer
   * @param {number[]} pose
   * @param {Project} view
   * @param {import("./tags.js").Spot[]} names
   */
  #frustum(peer, pose, view, names) {
    const { matrix, tip, target, turn, scale } = scratch;
    tip.fromArray(pose);
    target.fromArray(pose, 3);
    const distance = tip.distanceTo(view.eye);
    const opacity = MathUtils.smoothstep(distance, FADE.none, FADE.whole) * (peer.away ? AWAY : 1);
    if (opacity < 0.01) return;
    const length = Math.max(LENGTH, distance * LEAST_PART);
    const tall = Math.tan(MathUtils.degToRad(MathUtils.clamp(peer.fov, SHOWN_FOV.min, SHOWN_FOV.max) / 2));
    if (tip.distanceToSquared(target) < 1e-12) target.z -= 1;
    turn.setFromRotationMatrix(matrix.lookAt(tip, target, UP));
    scale.set(tall * ASPECT * length, tall * length, length);
    this.frusta.add(matrix.compose(tip, turn, scale), peer.color, opacity);
    const spot = view.at(pose);
    if (spot) names.push({ face: peer, ...spot, lift: 8 + (0.68 * length * view.pixels) / Math.max(distance, 1e-3), opacity });
  }

  /** @param {Project} view */
  #selecting(view) {
    const { hovered, store } = this;
    const faces = hovered < 0 || !store.has(hovered) ? [] : [...this.peers.values()].filter(({ slots }) => slots.has(hovered));
    if (faces.length === 0) return this.tags.setSelecting([], null);
    const s = store.spheres;
    const [x, y, z, radius] = s.subarray(hovered * 4, hovered * 4 + 4);
    this.tags.setSelecting(faces, view.at([x, y + radius, z]));
  }
}

const UP = new Vector3(0, 1, 0);
const scratch = { matrix: new Matrix4(), tip: new Vector3(), target: new Vector3(), turn: new Quaternion(), scale: new Vector3() };

/** Where points of the world are in the view. */
class Project {
  /**
   * @param {import("three").PerspectiveCamera} camera with a current world matrix
   * @param {number} width
   * @param {number} height
   */
  constructor(camera, width, height) {
    this.camera = camera;
    this.width = width;
    this.height = height;
    this.eye = camera.position;
    /** CSS pixels of a world unit at distance 1. */
    this.pixels = height / 2 / Math.tan(MathUtils.degToRad(camera.fov / 2));
    this.point = new Vector3();
  }

  /**
   * @param {ArrayLike<number>} p
   * @returns {{x: number, y: number, depth: number} | null} null where it is not in view
   */
  at(p) {
    const { point } = this;
    point.set(p[0], p[1], p[2]);
    const depth = point.distanceTo(this.eye);
    point.project(this.camera);
    if (point.z > 1 || Math.abs(point.x) > 1 || Math.abs(point.y) > 1) return null;
    return { x: ((point.x + 1) / 2) * this.width, y: ((1 - point.y) / 2) * this.height, depth };
  }
}
