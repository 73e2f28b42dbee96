// All texts of a layer in one bounded texture. A text is drawn once however many objects show it. When the
// texture is full it grows, and then every text is drawn again in a smaller font: thousands of labels stay
// within 64 MiB, only coarser. Beyond that the rest show an ellipsis.

import { CanvasTexture, LinearFilter } from "three";
import { ShelfPacker, breakLines } from "./packing.js";

/** What the atlas goes through as it fills: edge of the texture and height of the font, in pixels. */
const LADDER = Object.freeze([
  { size: 512, font: 44 },
  { size: 1024, font: 44 },
  { size: 2048, font: 44 },
  { size: 2048, font: 28 },
  { size: 4096, font: 20 },
  { size: 4096, font: 11 },
]);
const LINE_HEIGHT = 1.2;
const FAMILY = 'ui-sans-serif, system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
/** Width of the stroke behind a text, in heights of the font: half of it is seen. */
const HALO = 0.1;
/** Stands in for a text when even the last step has no room. */
const NO_ROOM = "…";

/**
 * @typedef {object} Region where a text lies in the texture
 * @property {number[]} uv left, bottom, right, top in 0..1
 * @property {number} width in line heights
 * @property {number} height in line heights
 */

/** A texture of texts: white fill on a black halo, so that a shader can give each its own colours. */
export class Atlas {
  constructor() {
    this.canvas = document.createElement("canvas");
    const context = this.canvas.getContext("2d", { willReadFrequently: false });
    if (!context) throw new Error("text cannot be drawn: the browser gives no 2D canvas");
    this.context = context;
    /** @type {Map<string, Region>} */
    this.regions = new Map();
    this.step = 0;
    this.page = this.#blank();
    this.#add(NO_ROOM);
  }

  /** The texture to draw from; another one after `ensure` has said that regions moved. */
  get texture() {
    return this.page.texture;
  }

  /**
   * Makes sure that exactly the given texts can be drawn.
   * @param {Set<string>} texts
   * @returns {boolean} whether regions moved, so that every user must read them again
   */
  ensure(texts) {
    let moved = false;
    let fresh = [...texts].filter((text) => !this.regions.has(text));
    while (!fresh.every((text) => this.#add(text))) {
      // Full. First drop what nobody shows any more, then go one step down the ladder.
      const stale = [...this.regions.keys()].some((text) => text !== NO_ROOM && !texts.has(text));
      if (!stale) {
        if (this.step === LADDER.length - 1) {
          for (const text of texts) if (!this.regions.has(text)) this.regions.set(text, this.#fallback());
          break;
        }
        this.step++;
      }
      this.#reset();
      moved = true;
      fresh = [...texts];
    }
    return moved;
  }

  /**
   * @param {string} text one that `ensure` was given
   * @returns {Region}
   */
  region(text) {
    return this.regions.get(text) ?? this.#fallback();
  }

  dispose() {
    this.texture.dispose();
  }

  #fallback() {
    return /** @type {Region} */ (this.regions.get(NO_ROOM));
  }

  #reset() {
    this.regions.clear();
    this.texture.dispose();
    this.page = this.#blank();
    this.#add(NO_ROOM);
  }

  /** An empty canvas of the present size, and a texture of its own: the size of one never changes. */
  #blank() {
    const { size } = LADDER[this.step];
    this.canvas.width = size;
    this.canvas.height = size;
    const texture = new CanvasTexture(this.canvas);
    texture.minFilter = LinearFilter;
    texture.generateMipmaps = false;
    texture.premultiplyAlpha = true;
    return { packer: new ShelfPacker(size), texture };
  }

  /**
   * @param {string} text
   * @returns {boolean} false when there is no room
   */
  #add(text) {
    if (this.regions.has(text)) return true;
    const { size, font } = LADDER[this.step];
    const c = this.context;
    c.font = `600 ${font}px ${FAMILY}`;
    const lines = breakLines(text);
    const margin = Math.ceil(font * 0.2);
    const widest = Math.max(1, ...lines.map((line) => c.measureText(line).width));
    // A line may be wider than the texture in a wide script: it is squeezed, never cut.
    const inner = Math.min(Math.ceil(widest), size - 2 * margin);
    const lineHeight = Math.ceil(font * LINE_HEIGHT);
    const width = inner + 2 * margin;
    const height = lines.length * lineHeight + 2 * margin;
    const at = this.page.packer.place(width, height);
    if (!at) return false;
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.lineJoin = "round";
    c.lineWidth = font * HALO;
    c.strokeStyle = "#000";
    c.fillStyle = "#fff";
    for (const [i, line] of lines.entries()) {
      const x = at.x + width / 2;
      const y = at.y + margin + (i + 0.52) * lineHeight;
      c.strokeText(line, x, y, inner);
      c.fillText(line, x, y, inner);
    }
    this.texture.needsUpdate = true;
    this.regions.set(text, {
      uv: [at.x / size, 1 - (at.y + height) / size, (at.x + width) / size, 1 - at.y / size],
      width: width / lineHeight,
      height: height / lineHeight,
    });
    return true;
  }
}
