// The outline of the selected objects and of the one under the pointer. Both are drawn into a mask, each
// object with a number of its own, and a pass over the screen draws where numbers meet: beside the objects, whose
// own colours stay what they are. It costs nothing while nothing is selected and works for every kind. What stands
// before them is drawn over the mask, so that the outline of what it hides is a faint one. What others have selected
// is in the same mask, by the number of their colour.

import {
  BufferGeometry,
  Color,
  CustomBlending,
  DataTexture,
  DepthTexture,
  DoubleSide,
  Float32BufferAttribute,
  InstancedMesh,
  Matrix4,
  Mesh,
  NearestFilter,
  OneFactor,
  OrthographicCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  Vector2,
  WebGLRenderTarget,
  ZeroFactor,
} from "three";

/** How far the outline reaches in CSS pixels: two pixels of it are whole, what is left softens its steps. */
const WIDTH = 2.6;
/** Numbers of colours that a mask can hold; 0 is none. */
const COLORS = 256;
/** How much is left of an outline behind something nearer. */
const HIDDEN = 0.3;

/** Draws outlines over a finished frame. */
export class Outline {
  constructor() {
    this.scene = new Scene();
    this.target = new WebGLRenderTarget(1, 1, { minFilter: NearestFilter, magFilter: NearestFilter, depthTexture: new DepthTexture(1, 1) });
    this.pieces = new Crowd(this.scene, maskMaterial(), 0);
    this.covers = new Crowd(this.scene, coverMaterial(), 1);
    this.flat = new PlaneGeometry(1, 1);
    this.uniforms = {
      mask: { value: this.target.texture },
      depths: { value: this.target.depthTexture },
      reach: { value: new Vector2() },
      accent: { value: [1, 1, 1] },
      hover: { value: [1, 1, 1] },
      colors: { value: new DataTexture(new Uint8Array(COLORS * 4), COLORS, 1) },
    };
    this.overlay = new Mesh(screenTriangle(), overlayMaterial(this.uniforms));
    this.overlay.frustumCulled = false;
    this.camera = new OrthographicCamera();
    this.empty = true;
    this.clear = new Color();
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.uniforms.accent.value = theme.accent;
    this.uniforms.hover.value = theme.hover;
  }

  /**
   * @param {number} width device pixels
   * @param {number} height
   * @param {number} ratio device pixels per CSS pixel
   */
  resize(width, height, ratio) {
    this.target.setSize(width, height);
    this.uniforms.reach.value.set((WIDTH * ratio) / width, (WIDTH * ratio) / height);
  }

  /**
   * The colours of others.
   * @param {number[][]} colors sRGB 0..1, by their numbers; holes are not used
   */
  setColors(colors) {
    const { value: texture } = this.uniforms.colors;
    colors.forEach((color, i) => texture.image.data?.set([...color.map((v) => Math.round(v * 255)), 255], i * 4));
    texture.needsUpdate = true;
  }

  /**
   * @typedef {object} Piece
   * @property {import("three").BufferGeometry} geometry
   * @property {Matrix4} matrix
   * @property {boolean} selected outlined as selected here
   * @property {boolean} hovered outlined as under the pointer
   * @property {number} theirs number of the colour of somebody else who has selected it; 0 = nobody
   */

  /**
   * Says what is outlined from now on.
   * @param {Piece[]} pieces
   */
  set(pieces) {
    this.empty = pieces.length === 0;
    // Neighbouring numbers are what tells two overlapping objects apart; 1 and 255 are seven apart here.
    let number = 0;
    this.pieces.set(pieces, (mesh, i, { selected, hovered, theirs }) => {
      const id = (1 + ((number++ * 7) % 255)) / 255;
      mesh.instanceColor?.setXYZ(i, selected ? id : 0, hovered ? 1 : 0, theirs / (COLORS - 1));
    });
  }

  /**
   * Says what may stand before that from now on.
   * @param {Place[]} places
   */
  setCovers(places) {
    this.covers.set(places);
  }

  /**
   * @param {import("three").WebGLRenderer} renderer with a finished frame on the screen
   * @param {import("three").Camera} camera
   * @param {{x: number, y: number, width: number, height: number} | null} area what holds everything outlined:
   *   CSS pixels from the lower left; null = the whole view
   */
  render(renderer, camera, area) {
    if (this.empty) return;
    renderer.getClearColor(this.clear);
    const alpha = renderer.getClearAlpha();
    renderer.setRenderTarget(this.target);
    renderer.setClearColor(0x000000, 0);
    renderer.clear();
    renderer.render(this.scene, camera);
    renderer.setRenderTarget(null);
    renderer.setClearColor(this.clear, alpha);
    renderer.autoClear = false;
    // The overlay reads the mask thirteen times for each pixel that it covers.
    if (area) renderer.setScissor(area.x - WIDTH, area.y - WIDTH, area.width + 2 * WIDTH, area.height + 2 * WIDTH);
    renderer.setScissorTest(area !== null);
    renderer.render(this.overlay, this.camera);
    renderer.setScissorTest(false);
    renderer.autoClear = true;
  }

  dispose() {
    this.pieces.dispose();
    this.covers.dispose();
    this.target.depthTexture?.dispose();
    this.target.dispose();
    this.flat.dispose();
    this.overlay.geometry.dispose();
    this.overlay.material.dispose();
    this.uniforms.colors.value.dispose();
  }
}

/** Shapes of one material, instanced by their geometry. */
class Crowd {
  /**
   * @param {Scene} scene
   * @param {ShaderMaterial} material
   * @param {number} order of drawing
   */
  constructor(scene, material, order) {
    this.scene = scene;
    this.material = material;
    this.order = order;
    /** @type {Map<import("three").BufferGeometry, InstancedMesh>} */
    this.meshes = new Map();
  }

  /**
   * @template {Place} P
   * @param {P[]} places
   * @param {(mesh: InstancedMesh, i: number, place: P) => void} [paint] gives an instance its colour
   */
  set(places, paint) {
    /** @type {Map<import("three").BufferGeometry, P[]>} */
    const groups = new Map();
    for (const place of places) {
      const group = groups.get(place.geometry);
      if (group) group.push(place);
      else groups.set(place.geometry, [place]);
    }
    for (const [geometry, mesh] of this.meshes) if (!groups.has(geometry)) this.#drop(geometry, mesh);
    for (const [geometry, group] of groups) {
      const mesh = this.#meshFor(geometry, group.length);
      for (const [i, place] of group.entries()) {
        mesh.setMatrixAt(i, place.matrix);
        paint?.(mesh, i, place);
      }
      mesh.count = group.length;
      mesh.instanceMatrix.needsUpdate = true;
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    }
  }

  dispose() {
    for (const [geometry, mesh] of this.meshes) this.#drop(geometry, mesh);
    this.material.dispose();
  }

  /**
   * @param {import("three").BufferGeometry} geometry
   * @param {number} count
   */
  #meshFor(geometry, count) {
    const old = this.meshes.get(geometry);
    if (old && old.instanceMatrix.count >= count) return old;
    if (old) this.#drop(geometry, old);
    const mesh = new InstancedMesh(geometry, this.material, Math.max(16, 2 ** Math.ceil(Math.log2(count))));
    mesh.setColorAt(0, new Color());
    mesh.frustumCulled = false;
    mesh.renderOrder = this.order;
    this.scene.add(mesh);
    this.meshes.set(geometry, mesh);
    return mesh;
  }

  /**
   * @param {import("three").BufferGeometry} geometry
   * @param {InstancedMesh} mesh
   */
  #drop(geometry, mesh) {
    this.scene.remove(mesh);
    mesh.dispose();
    this.meshes.delete(geometry);
  }
}

/**
 * @typedef {object} Place
 * @property {import("three").BufferGeometry} geometry
 * @property {Matrix4} matrix
 */

/**
 * @typedef {object} Outlined
 * @property {boolean} selected outlined as selected here
 * @property {boolean} hovered outlined as under the pointer
 * @property {number} theirs number of the colour of somebody else who has selected it; 0 = nobody
 */

/** @typedef {Place & Outlined} Piece */

function screenTriangle() {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute([-1, -1, 0, 3, -1, 0, -1, 3, 0], 3));
  return geometry;
}

const MASK_VERTEX = `
  varying vec3 vId;
  void main() {
    vId = instanceColor;
    gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4( position, 1.0 );
  }`;

function maskMaterial() {
  return new ShaderMaterial({
    side: DoubleSide,
    vertexShader: MASK_VERTEX,
    fragmentShader: "varying vec3 vId; void main() { gl_FragColor = vec4( vId, 1.0 ); }",
  });
}

/** Takes the alpha away where it stands before something, and leaves the numbers. */
function coverMaterial() {
  return new ShaderMaterial({
    side: DoubleSide,
    blending: CustomBlending,
    blendSrc: ZeroFactor,
    blendDst: OneFactor,
    blendSrcAlpha: ZeroFactor,
    blendDstAlpha: ZeroFactor,
    vertexShader: MASK_VERTEX,
    fragmentShader: "void main() { gl_FragColor = vec4( 0.0 ); }",
  });
}

/** @param {Record<string, import("three").IUniform>} uniforms */
function overlayMaterial(uniforms) {
  return new ShaderMaterial({
    uniforms,
    transparent: true,
    depthTest: false,
    depthWrite: false,
    defines: { HIDDEN: HIDDEN.toFixed(2) },
    vertexShader: "varying vec2 vUv; void main() { vUv = position.xy * 0.5 + 0.5; gl_Position = vec4( position.xy, 0.0, 1.0 ); }",
    // Of two neighbours that are both outlined the nearer one has the line between them, on the other. Where they touch
    // each has its own, on itself; of two that are selected here it is the one with the higher number.
    fragmentShader: `
      uniform sampler2D mask; uniform sampler2D depths; uniform sampler2D colors; uniform vec2 reach; uniform vec3 accent; uniform vec3 hover;
      varying vec2 vUv;
      const int TAPS = 12;
      float line( float hits ) { return smoothstep( 0.0, 0.16, hits / float( TAPS ) ); }
      void main() {
        vec4 own = texture2D( mask, vUv );
        vec3 inside = step( 0.001, own.rgb );
        vec2 near = vec2( 0.0 );
        float apart = 0.0, theirs = 0.0, most = 0.0, who = own.b, seen = own.a, deep = 1.0 - texture2D( depths, vUv ).r;
        for ( int i = 0; i < TAPS; i++ ) {
          float turn = 6.2831853 * float( i ) / float( TAPS );
          vec2 at = vUv + vec2( cos( turn ), sin( turn ) ) * reach * ( i % 2 == 0 ? 1.0 : 0.55 );
          vec4 id = texture2D( mask, at );
          vec3 there = step( 0.001, id.rgb );
          // The reciprocal of the distance, by which 1 % is as much anywhere.
          float z = 1.0 - texture2D( depths, at ).r;
          bool ahead = z > 1.01 * deep || inside.r + inside.b < 0.5;
          near += there.rg * vec2( ahead || z > 0.99 * deep, 1.0 );
          apart += there.r * step( 0.001, own.r - id.r );
          seen = max( seen, id.a );
          if ( there.b < 0.5 || id.b == own.b ) continue;
          if ( ahead ) { theirs++; if ( z > most ) { most = z; who = id.b; } }
          else if ( inside.b > 0.5 && z > 0.99 * deep ) theirs++;
        }
        float edge = line( inside.r > 0.5 ? apart : near.r );
        float under = line( near.g ) * ( 1.0 - inside.r ) * ( 1.0 - inside.g ) * 0.8;
        // One's own outline goes before that of others, and theirs before what is only pointed at.
        float others = line( theirs ) * ( 1.0 - edge );
        float alpha = max( edge, under );
        vec3 color = edge >= under ? accent : hover;
        if ( others > alpha ) { color = texture2D( colors, vec2( ( who * 255.0 + 0.5 ) / 256.0, 0.5 ) ).rgb; alpha = others; }
        alpha *= mix( HIDDEN, 1.0, seen );
        if ( alpha < 0.01 ) discard;
        gl_FragColor = vec4( color, alpha );
      }`,
  });
}
