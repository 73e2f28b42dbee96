// The reference that objects are read against: the ground, the edges of the world, axes with letters and numbers.

import { BufferGeometry, DoubleSide, Float32BufferAttribute, Group, Mesh, ShaderMaterial } from "three";
import { HALF, gridLines } from "./gridlines.js";
import { LabelLayer } from "./labels.js";
import { LineSet } from "./lines.js";
import { ORDER } from "./stage.js";

/** Room around the ground for the outer half of its border lines, world units. */
const MARGIN = 0.3;
/** Sine of the elevation from which a view is steep. */
const STEEP = 0.94;
/** Strength of the axes on either side of the middle: they lie on the ground, but for y. */
const AXIS = Object.freeze([
  [0.95, 0.5],
  [0.4, 0.14],
  [0.95, 0.5],
]);
/** Strength of the world's edges above the ground, and below it. */
const EDGE = Object.freeze([0.26, 0.13]);
/** How far the lines on the ground are put behind what lies on it, in parts of the range of depths. */
const PUSH = 3e-5;

/**
 * The grid of one world. The ground is the plane y = 0, seen from both sides. Of the edges of the bounds those are
 * seen that no object can stand behind.
 */
export class Grid {
  constructor() {
    this.root = new Group();
    this.uniforms = {
      start: { value: -HALF },
      steps: { value: [1, 4, 4] },
      line: { value: [1, 1, 1] },
      fill: { value: [1, 1, 1] },
      lineAlpha: { value: 0.3 },
      fillAlpha: { value: 0 },
      strength: { value: 1 },
    };
    this.ground = new Mesh(groundGeometry(), groundMaterial(this.uniforms));
    this.ground.renderOrder = ORDER.grid;
    this.lines = new LineSet(6 + 12, 1.6);
    this.lines.uniforms.push.value = PUSH;
    this.labels = new LabelLayer();
    this.root.add(this.ground, this.lines.mesh, this.labels.mesh);
    /** @type {import("./theme.js").Theme | null} */
    this.theme = null;
    this.world = { size: 25, transparency: 0.2 };
    this.seen = seenFrom({ x: 1, y: 1, z: 1, length: () => 2 });
  }

  /**
   * @param {number} size positions per axis, whole number in 1..=1000
   * @param {number} transparency 0 = as strong as it gets, 1 = invisible
   * @throws {RangeError} when either is out of bounds
   */
  setWorld(size, transparency) {
    if (!(transparency >= 0 && transparency <= 1)) throw new RangeError(`transparency = ${transparency} is not in [0, 1]`);
    const { start, steps } = gridLines(size);
    this.world = { size, transparency };
    this.uniforms.start.value = start;
    this.uniforms.steps.value = steps;
    const strength = 1 - transparency;
    this.uniforms.strength.value = strength;
    this.lines.uniforms.strength.value = strength;
    this.labels.uniforms.strength.value = strength;
    this.root.visible = strength > 0;
    this.#label();
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.theme = theme;
    this.uniforms.line.value = theme.grid;
    this.uniforms.fill.value = theme.floor;
    this.uniforms.lineAlpha.value = theme.lineAlpha;
    this.uniforms.fillAlpha.value = theme.floorAlpha;
    this.labels.uniforms.halo.value = theme.halo;
    this.#draw();
    this.#label();
  }

  /**
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   */
  resize(width, height) {
    this.lines.resize(width, height);
    this.labels.resize(width, height);
  }

  /**
   * Before a frame.
   * @param {import("three").Vector3} eye
   */
  sync(eye) {
    if (!this.root.visible) return;
    const seen = seenFrom(eye);
    if (Object.keys(seen).some((key) => seen[/** @type {keyof Seen} */ (key)] !== this.seen[/** @type {keyof Seen} */ (key)])) {
      this.seen = seen;
      this.#draw();
      this.#label();
    }
    this.labels.sync();
  }

  dispose() {
    this.ground.geometry.dispose();
    this.ground.material.dispose();
    this.lines.dispose();
    this.labels.dispose();
  }

  /** The axes, and those edges of the world that are behind everything in it. */
  #draw() {
    const { theme } = this;
    if (!theme) return;
    const { front } = this.seen;
    const axes = [0, 1, 2].flatMap((axis) => {
      const end = (/** @type {number} */ at) => [0, 0, 0].map((_, k) => (k === axis ? at : 0));
      return AXIS[axis].map((alpha, i) => ({ from: end(0), to: end(i === 0 ? HALF : -HALF), color: theme.axes[axis], alpha }));
    });
    const edges = EDGES.filter(({ faces }) => !faces.every((face) => front.includes(face))).map(({ from, to }) => {
      const alpha = EDGE[from[1] + to[1] < 0 ? 1 : 0];
      return { from, to, color: theme.grid, alpha };
    });
    this.lines.set([...edges, ...axes]);
  }

  /** Letters at the positive ends of the axes, numbers at the major lines beside them. */
  #label() {
    const { theme } = this;
    if (!theme) return;
    this.labels.clear();
    const put = (/** @type {string} */ text, /** @type {number[]} */ [x, y, z], /** @type {number[]} */ color, /** @type {number} */ size) =>
      this.labels.set(`${text}@${x},${y},${z}`, { text, x, y, z, color, size, opacity: size > 12 ? 1 : 0.8, pixels: true, lift: 0, roll: 0 });
    const out = HALF + 0.9;
    const { sx, sy, sz, steep, left } = this.seen;
    put("X", [out, 0, 0], theme.axes[0], 17);
    put("Y", [0, out, 0], theme.axes[1], 17);
    put("Z", [0, 0, out], theme.axes[2], 17);
    for (const at of gridLines(this.world.size).ticks) {
      // The axes' own letters stand near the zeros.
      if (at === 0) continue;
      const text = String(at).replace("-", "−");
      put(text, [at, 0, out * sz], theme.label, 11);
      // One number is enough for the corner where both edges meet.
      if (at !== HALF * sz) put(text, [out * sx, 0, at], theme.label, 11);
      // At the edge on the left, which nothing of the world stands before; those beyond the ground would stand among
      // the numbers of the ground.
      if (!steep && at * sy > 0) put(text, [left < 0 ? -out * sx : out * sx, at, left < 0 ? out * sz : -out * sz], theme.label, 11);
    }
  }
}

/**
 * @typedef {object} Seen what the labels and the edges depend on
 * @property {number} sx the side of the camera on x: numbers stand along the edges that are nearer to it
 * @property {number} sy
 * @property {number} sz
 * @property {boolean} steep whether it looks steeply down or up: then the heights would stand on top of each other
 * @property {number} left which of the two upright edges at the sides is on the left: −1 the one at (−sx, sz), 1 the other
 * @property {string} front the faces of the world that are before everything in it
 */

/**
 * @param {{x: number, y: number, z: number, length: () => number}} eye
 * @returns {Seen}
 */
function seenFrom(eye) {
  const [sx, sy, sz] = [eye.x, eye.y, eye.z].map((v) => (v < 0 ? -1 : 1));
  const front = [eye.x, eye.y, eye.z].map((v, axis) => (Math.abs(v) > HALF ? faceName(axis, Math.sign(v)) : "")).join("");
  return { sx, sy, sz, steep: Math.abs(eye.y) > STEEP * eye.length(), left: -sx * sz, front };
}

/**
 * @param {number} axis
 * @param {number} sign
 */
function faceName(axis, sign) {
  return `${sign < 0 ? "-" : "+"}${"xyz"[axis]}`;
}

/** The twelve edges of the world, each between two faces. */
const EDGES = [0, 1, 2].flatMap((axis) =>
  [-1, 1].flatMap((s) =>
    [-1, 1].map((t) => {
      const [b, c] = [(axis + 1) % 3, (axis + 2) % 3];
      const end = (/** @type {number} */ at) => {
        const p = [0, 0, 0];
        p[axis] = at;
        p[b] = s * HALF;
        p[c] = t * HALF;
        return p;
      };
      return { from: end(-HALF), to: end(HALF), faces: [faceName(b, s), faceName(c, t)] };
    }),
  ),
);

function groundGeometry() {
  const e = HALF + MARGIN;
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute([-e, 0, -e, -e, 0, e, e, 0, e, e, 0, -e], 3));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  return geometry;
}

/**
 * Draws three levels of lines. A level fades out as its lines come closer than a few pixels, so that any
 * size stays legible at any distance; the fine ones fade with distance as well.
 * @param {Record<string, import("three").IUniform>} uniforms
 */
function groundMaterial(uniforms) {
  return new ShaderMaterial({
    uniforms,
    side: DoubleSide,
    transparent: true,
    depthWrite: false,
    // What lies on the ground covers it.
    polygonOffset: true,
    polygonOffsetFactor: 1,
    polygonOffsetUnits: 4,
    vertexShader: `
      varying vec2 vPlane; varying vec3 vView;
      void main() {
        vPlane = position.xz;
        vec4 at = modelViewMatrix * vec4( position, 1.0 );
        vView = at.xyz;
        gl_Position = projectionMatrix * at;
      }`,
    fragmentShader: `
      uniform float start; uniform vec3 steps; uniform vec3 line; uniform vec3 fill;
      uniform float lineAlpha; uniform float fillAlpha; uniform float strength;
      varying vec2 vPlane; varying vec3 vView;
      const float HALF = ${HALF.toFixed(1)};
      float level( vec2 pixel, float step, float width ) {
        vec2 at = ( vPlane - start ) / step;
        vec2 wide = pixel / step;
        vec2 off = abs( fract( at - 0.5 ) - 0.5 ) / wide;
        vec2 hit = ( 1.0 - smoothstep( width - 0.5, width + 0.5, off ) ) * ( 1.0 - smoothstep( 0.09, 0.28, wide ) );
        return max( hit.x, hit.y );
      }
      void main() {
        vec2 pixel = max( fwidth( vPlane ), vec2( 1e-6 ) );
        vec2 beyond = ( abs( vPlane ) - HALF ) / pixel;
        float inside = 1.0 - smoothstep( 0.5, 1.5, max( beyond.x, beyond.y ) );
        vec2 rim = abs( beyond );
        float border = 1.0 - smoothstep( 0.5, 1.5, min( rim.x, rim.y ) );
        float away = 1.0 - smoothstep( 12.0, 60.0, length( vView ) );
        float minor = level( pixel, steps.x, 0.5 ) * 0.42 * away;
        float middle = level( pixel, steps.y, 0.5 ) * mix( 0.4, 0.62, away );
        float major = level( pixel, steps.z, 0.6 ) * mix( 0.6, 0.85, away );
        float lines = max( max( minor, middle ), max( major, border ) ) * lineAlpha;
        float ground = fillAlpha * step( max( beyond.x, beyond.y ), 0.0 );
        float alpha = ( lines + ground * ( 1.0 - lines ) ) * inside * strength;
        if ( alpha < 0.002 ) discard;
        gl_FragColor = vec4( mix( fill, line, lines / max( lines + ground * ( 1.0 - lines ), 1e-4 ) ), alpha );
      }`,
  });
}
