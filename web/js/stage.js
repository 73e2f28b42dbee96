// The renderer, the background and the light that every world has.

import {
  BackSide,
  BoxGeometry,
  BufferGeometry,
  Color,
  CustomToneMapping,
  DirectionalLight,
  Float32BufferAttribute,
  HemisphereLight,
  Mesh,
  MeshBasicMaterial,
  PCFShadowMap,
  PMREMGenerator,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  ShadowMaterial,
  WebGLRenderer,
} from "three";
import { HALF } from "./gridlines.js";

/** Beyond two physical pixels per CSS pixel only the cost grows. */
const MAX_PIXEL_RATIO = 2;
/** Pixels along an edge of the shadow map, where a graphics card draws and where software does. */
const SHADOW_MAP = Object.freeze({ high: 2048, low: 1024 });
const SUN = [7, 20, 10];

/** Draw order of what is blended or has no depth. */
export const ORDER = Object.freeze({ sky: -10, shadow: 1, grid: 2, transparent: 3, lines: 4, text: 5 });

/** Thrown by the constructor when the browser gives no WebGL 2; `code` is `webgl_unavailable`. */
export class WebGLUnavailableError extends Error {
  /** @param {string} detail */
  constructor(detail) {
    super(`3D view unavailable: ${detail}`);
    this.name = "WebGLUnavailableError";
    this.code = "webgl_unavailable";
  }
}

/**
 * @typedef {"auto" | "high" | "low"} Quality `low`: no anti-aliasing and no reflections, coarser shadows of
 *   fewer objects, one pixel per CSS pixel. `auto` takes `low` where WebGL runs in software, else `high`.
 */

/** Owns the WebGL context, the scene and its lights. */
export class Stage {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Quality} quality
   * @throws {WebGLUnavailableError}
   */
  constructor(canvas, quality) {
    this.canvas = canvas;
    this.low = quality === "low" || (quality === "auto" && isSoftware());
    const gl = openContext(canvas, !this.low);
    this.renderer = new WebGLRenderer({ canvas, context: gl, antialias: !this.low });
    this.renderer.toneMapping = CustomToneMapping;
    this.renderer.info.autoReset = false;
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.shadowMap.autoUpdate = false;
    this.scene = new Scene();
    this.sky = makeSky();
    this.scene.add(this.sky);
    this.sun = makeSun(this.low ? SHADOW_MAP.low : SHADOW_MAP.high);
    this.fill = new HemisphereLight(0xffffff, 0x9aa3b4, 1);
    this.shadowFloor = new Mesh(new PlaneGeometry(2 * HALF, 2 * HALF).rotateX(-Math.PI / 2), new ShadowMaterial());
    this.shadowFloor.position.y = -0.004;
    this.shadowFloor.receiveShadow = true;
    this.shadowFloor.renderOrder = ORDER.shadow;
    this.shadowFloor.material.depthWrite = false;
    this.scene.add(this.sun, this.sun.target, this.fill, this.shadowFloor);
    this.width = 1;
    this.height = 1;
    this.ratio = 1;
    /** Device pixels per CSS pixel on the screen. */
    this.density = 1;
    if (!this.low) this.#makeEnvironment();
  }

  /** What the GPU forgot with its context and three.js cannot upload again by itself. */
  restore() {
    this.shadowsChanged();
    if (!this.low) this.#makeEnvironment();
  }

  /**
   * Draws shadows from now on, or none.
   * @param {boolean} shaded
   */
  setShaded(shaded) {
    if (this.sun.castShadow === shaded) return;
    this.sun.castShadow = shaded;
    this.shadowFloor.visible = shaded;
    this.shadowsChanged();
  }

  /** Asks for the shadows to be drawn anew with the next frame. */
  shadowsChanged() {
    this.renderer.shadowMap.needsUpdate = true;
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    const { top, bottom } = this.sky.material.uniforms;
    top.value = theme.skyTop;
    bottom.value = theme.skyBottom;
    this.sun.intensity = theme.key;
    this.scene.environmentIntensity = theme.environment;
    this.fill.intensity = this.low ? theme.fill : theme.fill * 0.25;
    this.shadowFloor.material.opacity = theme.shadow;
  }

  /**
   * @param {number} width CSS pixels
   * @param {number} height CSS pixels
   * @param {number} ratio device pixels per CSS pixel, before the cap
   * @param {number} [times] what that is multiplied with, for a picture
   */
  resize(width, height, ratio, times = 1) {
    this.width = Math.max(1, Math.floor(width));
    this.height = Math.max(1, Math.floor(height));
    this.density = this.low ? 1 : Math.min(ratio || 1, MAX_PIXEL_RATIO);
    this.ratio = this.density * times;
    this.renderer.setPixelRatio(this.ratio);
    this.renderer.setSize(this.width, this.height, false);
  }

  /**
   * @param {number} times
   * @returns {number[] | null} width and height in pixels of a picture of so many times the view; null where the
   *   graphics card draws nothing so large
   */
  pixels(times) {
    const size = [this.width, this.height].map((side) => Math.floor(side * this.density * times));
    const gl = this.renderer.getContext();
    const most = Math.min(gl.getParameter(gl.MAX_RENDERBUFFER_SIZE), ...gl.getParameter(gl.MAX_VIEWPORT_DIMS));
    return Math.max(...size) <= most ? size : null;
  }

  dispose() {
    this.scene.environment?.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  #makeEnvironment() {
    this.scene.environment?.dispose();
    const pmrem = new PMREMGenerator(this.renderer);
    const room = makeRoom();
    this.scene.environment = pmrem.fromScene(room, 0.03, 0.1, 50, { size: 128 }).texture;
    room.traverse((o) => {
      if (o instanceof Mesh) {
        o.geometry.dispose();
        o.material.dispose();
      }
    });
    pmrem.dispose();
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {boolean} antialias
 * @returns {WebGL2RenderingContext}
 */
function openContext(canvas, antialias) {
  if (typeof WebGL2RenderingContext === "undefined") {
    throw new WebGLUnavailableError("this browser has no WebGL 2");
  }
  let reason = "";
  const note = (/** @type {Event} */ event) => {
    reason = /** @type {WebGLContextEvent} */ (event).statusMessage;
  };
  canvas.addEventListener("webglcontextcreationerror", note, { once: true });
  const gl = canvas.getContext("webgl2", {
    antialias,
    alpha: false,
    stencil: false,
    powerPreference: "high-performance",
  });
  canvas.removeEventListener("webglcontextcreationerror", note);
  if (!gl) throw new WebGLUnavailableError(reason || "the browser could not start WebGL 2");
  return gl;
}

/** @type {boolean | undefined} */
let software;

/** Whether WebGL runs on the CPU here. Asked once, of a context of its own that is given back at once. */
function isSoftware() {
  if (software === undefined) {
    const gl = document.createElement("canvas").getContext("webgl2");
    if (!gl) return false;
    const debug = gl.getExtension("WEBGL_debug_renderer_info");
    const name = String(gl.getParameter(debug ? debug.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    software = /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
    gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return software;
}

function makeSky() {
  const triangle = new BufferGeometry();
  triangle.setAttribute("position", new Float32BufferAttribute([-1, -1, 0, 3, -1, 0, -1, 3, 0], 3));
  const material = new ShaderMaterial({
    depthTest: false,
    depthWrite: false,
    uniforms: { top: { value: [0, 0, 0] }, bottom: { value: [0, 0, 0] } },
    vertexShader: `
      varying vec2 vAt;
      void main() { vAt = position.xy * 0.5 + 0.5; gl_Position = vec4( position.xy, 1.0, 1.0 ); }`,
    // The noise of one step in 255 hides the bands of a slow gradient.
    fragmentShader: `
      uniform vec3 top; uniform vec3 bottom; varying vec2 vAt;
      void main() {
        float noise = fract( sin( dot( gl_FragCoord.xy, vec2( 12.9898, 78.233 ) ) ) * 43758.5453 ) - 0.5;
        float around = smoothstep( 0.25, 0.95, length( vAt - vec2( 0.5, 0.55 ) ) );
        vec3 c = mix( bottom, top, smoothstep( 0.0, 1.0, vAt.y ) ) * ( 1.0 - 0.06 * around );
        gl_FragColor = vec4( c + noise / 255.0, 1.0 );
      }`,
  });
  const sky = new Mesh(triangle, material);
  sky.frustumCulled = false;
  sky.renderOrder = ORDER.sky;
  return sky;
}

/** @param {number} size of the shadow map */
function makeSun(size) {
  const sun = new DirectionalLight(0xfffaf3, 1);
  sun.position.set(SUN[0], SUN[1], SUN[2]).normalize().multiplyScalar(40);
  sun.castShadow = true;
  sun.shadow.mapSize.set(size, size);
  const reach = HALF * Math.sqrt(3);
  Object.assign(sun.shadow.camera, { left: -reach, right: reach, top: reach, bottom: -reach, near: 10, far: 70 });
  sun.shadow.radius = 3;
  // A pixel of a coarser map is wider, and reaches further up or down a slope.
  const coarse = SHADOW_MAP.high / size;
  sun.shadow.bias = -0.0004 * coarse * coarse;
  sun.shadow.normalBias = 0.03 * coarse;
  return sun;
}

/** A grey room with soft boxes of light: what surfaces reflect. */
function makeRoom() {
  const room = new Scene();
  const box = (/** @type {number} */ level, /** @type {number[]} */ size, /** @type {number[]} */ at) => {
    const material = new MeshBasicMaterial({ side: BackSide, color: new Color().setScalar(level) });
    const mesh = new Mesh(new BoxGeometry(...size), material);
    mesh.position.set(at[0], at[1], at[2]);
    if (at.some((v) => v !== 0)) mesh.material.side = 0;
    room.add(mesh);
  };
  box(0.55, [20, 20, 20], [0, 0, 0]);
  box(5.5, [8, 0.2, 8], [0, 9.5, 0]);
  box(5, [0.2, 6, 10], [9.5, 3, 2]);
  box(3, [10, 5, 0.2], [-2, 3, 9.5]);
  box(1.6, [0.2, 8, 8], [-9.5, 1, -2]);
  box(0.3, [20, 0.2, 20], [0, -9.8, 0]);
  return room;
}
