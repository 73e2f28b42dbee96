// The reference that objects are read against: floor, walls, axes with letters and numbers.

import { BufferGeometry, DoubleSide, Float32BufferAttribute, FrontSide, Group, Mesh, ShaderMaterial } from "three";
import { HALF, gridLines } from "./gridlines.js";
import { LabelLayer } from "./labels.js";
import { LineSet } from "./lines.js";
import { ORDER } from "./stage.js";

/** Room around the faces for the outer half of their border lines, world units. */
const MARGIN = 0.3;
/** Sine of the elevation from which a view is steep. */
const STEEP = 0.94;

/**
 * The grid of one world. The floor is the plane y = 0, seen from both sides. The six faces of the bounds are
 * seen from inside only, so that those behind the objects are there and those before them never are.
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
    const floor = new Mesh(floorGeometry(), gridMaterial({ ...this.uniforms, wall: { value: 0 } }, DoubleSide));
    const walls = new Mesh(wallGeometry(), gridMaterial({ ...this.uniforms, wall: { value: 1 } }, FrontSide));
    this.faces = [walls, floor];
    for (const mesh of this.faces) mesh.renderOrder = ORDER.grid;
    this.axes = new LineSet(8, 1.6);
    this.labels = new LabelLayer();
    this.root.add(walls, floor, this.axes.mesh, this.labels.mesh);
    /** @type {import("./theme.js").Theme | null} */
    this.theme = null;
    this.world = { size: 25, transparency: 0.2 };
    /**
     * The side of the camera on x and z: numbers stand along the edges that are nearer to it. And whether it
     * looks steeply down or up: then the heights would stand on top of each other, and are left out.
     */
    this.seen = { sx: 1, sz: 1, steep: false };
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
    this.axes.uniforms.strength.value = strength;
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
    this.axes.set(
      [0, 1, 2].flatMap((axis) => {
        const end = (/** @type {number} */ at) => [0, 0, 0].map((_, k) => (k === axis ? at : 0));
        const color = theme.axes[axis];
        return [
          { from: end(0), to: end(HALF), color, alpha: 0.95 },
          { from: end(0), to: end(-HALF), color, alpha: 0.4 },
        ];
      }),
    );
    this.#label();
  }

  /**
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   */
  resize(width, height) {
    this.axes.resize(width, height);
    this.labels.resize(width, height);
  }

  /**
   * Before a frame.
   * @param {import("three").Vector3} eye
   */
  sync(eye) {
    if (!this.root.visible) return;
    const seen = { sx: eye.x < 0 ? -1 : 1, sz: eye.z < 0 ? -1 : 1, steep: Math.abs(eye.y) > STEEP * eye.length() };
    const { sx, sz, steep } = this.seen;
    if (seen.sx !== sx || seen.sz !== sz || seen.steep !== steep) {
      this.seen = seen;
      this.#label();
    }
    this.labels.sync();
  }

  dispose() {
    for (const mesh of this.faces) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
    this.axes.dispose();
    this.labels.dispose();
  }

  /** Letters at the positive ends of the axes, numbers at the major lines beside them. */
  #label() {
    const { theme } = this;
    if (!theme) return;
    this.labels.clear();
    const put = (/** @type {string} */ text, /** @type {number[]} */ [x, y, z], /** @type {number[]} */ color, /** @type {number} */ size) =>
      this.labels.set(`${text}@${x},${y},${z}`, { text, x, y, z, color, size, opacity: 1, pixels: true, lift: 0, roll: 0 });
    const out = HALF + 0.9;
    const { sx, sz, steep } = this.seen;
    put("X", [out, 0, 0], theme.axes[0], 17);
    put("Y", [0, out, 0], theme.axes[1], 17);
    put("Z", [0, 0, out], theme.axes[2], 17);
    for (const at of gridLines(this.world.size).ticks) {
      // The axes' own letters stand near the zeros.
      if (at === 0) continue;
      const text = String(at).replace("-", "−");
      put(text, [at, 0, out * sz], theme.label, 12);
      // One number is enough for the corner where both edges meet.
      if (at !== HALF * sz) put(text, [out * sx, 0, at], theme.label, 12);
      if (!steep) put(text, [-HALF * sx, at, -HALF * sz], theme.label, 12);
    }
  }
}

function floorGeometry() {
  const e = HALF + MARGIN;
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute([-e, 0, -e, -e, 0, e, e, 0, e, e, 0, -e], 3));
  geometry.setAttribute("plane", new Float32BufferAttribute([-e, -e, -e, e, e, e, e, -e], 2));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  return geometry;
}

/** Six squares that look inwards. */
function wallGeometry() {
  const e = HALF + MARGIN;
  /** @type {number[]} */
  const positions = [];
  /** @type {number[]} */
  const plane = [];
  /** @type {number[]} */
  const index = [];
  for (let axis = 0; axis < 3; axis++) {
    for (const side of [-1, 1]) {
      const first = positions.length / 3;
      for (const [u, v] of [[-e, -e], [e, -e], [e, e], [-e, e]]) {
        const p = [0, 0, 0];
        p[axis] = side * HALF;
        p[(axis + 1) % 3] = u;
        p[(axis + 2) % 3] = v;
        positions.push(...p);
        plane.push(u, v);
      }
      // u × v points along +axis: that is inwards on the negative side.
      const order = side < 0 ? [0, 1, 2, 0, 2, 3] : [0, 2, 1, 0, 3, 2];
      index.push(...order.map((i) => first + i));
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(positions, 3));
  geometry.setAttribute("plane", new Float32BufferAttribute(plane, 2));
  geometry.setIndex(index);
  return geometry;
}

/**
 * Draws three levels of lines. A level fades out as its lines come closer than a few pixels, so that any
 * size stays legible at any distance.
 * @param {Record<string, import("three").IUniform>} uniforms
 * @param {import("three").Side} side
 */
function gridMaterial(uniforms, side) {
  return new ShaderMaterial({
    uniforms,
    side,
    transparent: true,
    depthWrite: false,
    vertexShader: `
      attribute vec2 plane; varying vec2 vPlane;
      void main() { vPlane = plane; gl_Position = projectionMatrix * modelViewMatrix * vec4( position, 1.0 ); }`,
    fragmentShader: `
      uniform float start; uniform vec3 steps; uniform vec3 line; uniform vec3 fill;
      uniform float lineAlpha; uniform float fillAlpha; uniform float strength; uniform float wall;
      varying vec2 vPlane;
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
        float minor = level( pixel, steps.x, 0.5 ) * mix( 0.36, 0.14, wall );
        float middle = level( pixel, steps.y, 0.5 ) * mix( 0.55, 0.2, wall );
        float major = level( pixel, steps.z, 0.6 ) * mix( 1.0, 0.36, wall );
        float lines = max( max( minor, middle ), max( major, border * mix( 1.0, 0.7, wall ) ) ) * lineAlpha;
        float ground = fillAlpha * mix( 1.0, 0.35, wall ) * step( max( beyond.x, beyond.y ), 0.0 );
        float alpha = ( lines + ground * ( 1.0 - lines ) ) * inside * strength;
        if ( alpha < 0.002 ) discard;
        gl_FragColor = vec4( mix( fill, line, lines / max( lines + ground * ( 1.0 - lines ), 1e-4 ) ), alpha );
      }`,
  });
}
