// The texts of objects: what a text object shows, and the label that any other object may carry.

import { MathUtils } from "three";
import { LabelLayer } from "./labels.js";
import { FIELD, KIND, STRIDE } from "./records.js";

/** Height of a text object's line in world units at scale 1. */
const TEXT_HEIGHT = 0.7;
/** Height of a label's line, and its distance above the object, in CSS pixels. */
const LABEL_PIXELS = 14;
const LABEL_LIFT = 14;
/** What a text object without a text shows, faintly, so that it can be seen and picked. */
const NO_TEXT = "Text";

/** Keeps one label per slot that has something to say. */
export class Captions {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.layer = new LabelLayer();
    /** @type {Map<number, string>} */
    this.texts = new Map();
    /** @type {Set<number>} text objects whose bounding sphere is out of date */
    this.unbounded = new Set();
    /** @type {number[]} colour of labels */
    this.ink = [1, 1, 1];
  }

  /**
   * @param {number} slot
   * @param {string} text the empty string takes it away
   */
  setText(slot, text) {
    if (text === "") this.texts.delete(slot);
    else this.texts.set(slot, text);
    if (this.store.has(slot)) this.place(slot);
  }

  /** @param {number} slot */
  text(slot) {
    return this.texts.get(slot);
  }

  /**
   * After the slot's record or its bounding sphere has changed.
   * @param {number} slot a present slot
   */
  place(slot) {
    this.unbounded.delete(slot);
    const isText = this.store.kind[slot] === KIND.text;
    const text = this.texts.get(slot);
    if (!isText && text === undefined && !this.layer.labels.has(slot)) return;
    if (!this.store.shown(slot) || (!isText && text === undefined)) {
      this.layer.set(slot, null);
      return;
    }
    this.layer.set(slot, isText ? this.#textObject(slot, text) : this.#label(slot, /** @type {string} */ (text)));
    if (isText) this.unbounded.add(slot);
  }

  /** @param {number} slot one that is leaving the scene */
  drop(slot) {
    this.texts.delete(slot);
    this.unbounded.delete(slot);
    this.layer.set(slot, null);
  }

  clear() {
    this.texts.clear();
    this.unbounded.clear();
    this.layer.clear();
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.layer.uniforms.halo.value = theme.halo;
    this.ink = theme.label;
    for (const slot of this.texts.keys()) if (this.store.has(slot)) this.place(slot);
  }

  /** Draws new texts and bounds the text objects; before a frame and before a pick. */
  sync() {
    this.layer.sync();
    for (const slot of this.unbounded) this.#bound(slot);
    this.unbounded.clear();
  }

  dispose() {
    this.layer.dispose();
  }

  /**
   * @param {number} slot
   * @param {string | undefined} text
   * @returns {import("./labels.js").Label}
   */
  #textObject(slot, text) {
    const r = this.store.records;
    const at = slot * STRIDE;
    return {
      text: text ?? NO_TEXT,
      x: r[at + FIELD.x],
      y: r[at + FIELD.y],
      z: r[at + FIELD.z],
      size: TEXT_HEIGHT * r[at + FIELD.scaleY],
      pixels: false,
      lift: 0,
      roll: MathUtils.degToRad(r[at + FIELD.rotationZ]),
      color: [r[at + FIELD.r], r[at + FIELD.g], r[at + FIELD.b]],
      opacity: r[at + FIELD.opacity] * (text === undefined ? 0.5 : 1),
    };
  }

  /**
   * @param {number} slot
   * @param {string} text
   * @returns {import("./labels.js").Label}
   */
  #label(slot, text) {
    const s = this.store.spheres;
    const at = slot * 4;
    return {
      text,
      x: s[at],
      // The mark of a light is twice as large as its ball.
      y: s[at + 1] + s[at + 3] * (this.store.kind[slot] === KIND.light ? 2 : 1),
      z: s[at + 2],
      size: LABEL_PIXELS,
      pixels: true,
      lift: LABEL_LIFT,
      roll: 0,
      color: this.ink,
      opacity: 1,
    };
  }

  /** @param {number} slot */
  #bound(slot) {
    const extent = this.layer.extent(slot);
    const { label } = extent ?? {};
    const s = this.store.spheres;
    s[slot * 4 + 3] = extent ? Math.hypot(extent.width, extent.height) / 2 : 0;
    if (label) s.set([label.x, label.y, label.z], slot * 4);
  }
}
