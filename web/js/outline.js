// The outline of the selected objects and of the one under the pointer. Both are drawn into a mask, each
// object with a number of its own, and a pass over the screen draws where numbers meet. It costs nothing
// while nothing is selected, works for every kind, and shows a selected object behind others too. What others
// have selected is in the same mask, by the number of their colour.

import {
  BufferGeometry,
  Color,
  DataTexture,
  DoubleSide,
  Float32BufferAttribute,
  InstancedMesh,
  Matrix4,
  Mesh,
  NearestFilter,
  OrthographicCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  Vector2,
  WebGLRenderTarget,
} from "three";

/** Width of the outline in CSS pixels. */
const WIDTH = 2;
/** Numbers of colours that a mask can hold; 0 is none. */
const COLORS = 256;

/** Draws outlines over a finished frame. */
export class Outline {
  constructor() {
    this.scene = new Scene();
    this.target = new WebGLRenderTarget(1, 1, { minFilter: NearestFilter, magFilter: NearestFilter });
    this.material = maskMaterial();
    this.flat = new PlaneGeometry(1, 1);
    /** @type {Map<import("three").BufferGeometry, InstancedMesh>} */
    this.meshes = new Map();
    this.uniforms = {
      mask: { value: this.target.texture },
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
    /** @type {Map<import("three").BufferGeometry, typeof pieces>} */
    const groups = new Map();
    for (const piece of pieces) {
      const group = groups.get(piece.geometry);
      if (group) group.push(piece);
      else groups.set(piece.geometry, [piece]);
    }
    for (const [geometry, mesh] of this.meshes) if (!groups.has(geometry)) this.#drop(geometry, mesh);
    // Neighbouring numbers are what tells two overlapping objects apart; 1 and 255 are seven apart here.
    let number = 0;
    for (const [geometry, group] of groups) {
      const mesh = this.#meshFor(geometry, group.length);
      for (const [i, { matrix, selected, hovered, theirs }] of group.entries()) {
        const id = (1 + ((number++ * 7) % 255)) / 255;
        mesh.setMatrixAt(i, matrix);
        mesh.instanceColor?.setXYZ(i, selected ? id : 0, hovered ? 1 : 0, theirs / (COLORS - 1));
      }
      mesh.count = group.length;
      mesh.instanceMatrix.needsUpdate = true;
      if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
    }
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
    for (const [geometry, mesh] of this.meshes) this.#drop(geometry, mesh);
    this.target.dispose();
    this.material.dispose();
    this.flat.dispose();
    this.overlay.geometry.dispose();
    this.overlay.material.dispose();
    this.uniforms.colors.value.dispose();
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

function screenTriangle() {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute([-1, -1, 0, 3, -1, 0, -1, 3, 0], 3));
  return geometry;
}

function maskMaterial() {
  return new ShaderMaterial({
    side: DoubleSide,
    vertexShader: `
      varying vec3 vId;
      void main() {
        vId = instanceColor;
        gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4( position, 1.0 );
      }`,
    fragmentShader: "varying vec3 vId; void main() { gl_FragColor = vec4( vId, 1.0 ); }",
  });
}

/** @param {Record<string, import("three").IUniform>} uniforms */
function overlayMaterial(uniforms) {
  return new ShaderMaterial({
    uniforms,
    transparent: true,
    depthTest: false,
    depthWrite: false,
    vertexShader: "varying vec2 vUv; void main() { vUv = position.xy * 0.5 + 0.5; gl_Position = vec4( position.xy, 0.0, 1.0 ); }",
    fragmentShader: `
      uniform sampler2D mask; uniform sampler2D colors; uniform vec2 reach; uniform vec3 accent; uniform vec3 hover;
      varying vec2 vUv;
      const int TAPS = 12;
      void main() {
        vec3 own = texture2D( mask, vUv ).rgb;
        float near = 0.0, over = 0.0, differ = 0.0, theirs = 0.0, theirsDiffer = 0.0, who = own.b;
        for ( int i = 0; i < TAPS; i++ ) {
          float turn = 6.2831853 * float( i ) / float( TAPS );
          vec3 id = texture2D( mask, vUv + vec2( cos( turn ), sin( turn ) ) * reach * ( i % 2 == 0 ? 1.0 : 0.55 ) ).rgb;
          near += step( 0.001, id.r );
          over += step( 0.001, id.g );
          differ += step( 0.001, abs( id.r - own.r ) );
          theirs += step( 0.001, id.b );
          theirsDiffer += step( 0.001, abs( id.b - own.b ) );
          if ( own.b < 0.001 ) who = max( who, id.b );
        }
        near /= float( TAPS ); over /= float( TAPS ); differ /= float( TAPS );
        theirs /= float( TAPS ); theirsDiffer /= float( TAPS );
        float inSelected = step( 0.001, own.r );
        float inHover = step( 0.001, own.g );
        float edge = inSelected > 0.5 ? smoothstep( 0.0, 0.4, differ ) * 0.9 : smoothstep( 0.0, 0.35, near );
        float glow = ( 1.0 - inSelected ) * ( 1.0 - inHover ) * smoothstep( 0.0, 0.35, over ) * 0.8;
        float alpha = max( max( edge, inSelected * 0.12 ), max( glow, inHover * 0.06 ) );
        vec3 color = mix( hover, accent, step( glow, max( edge, inSelected * 0.12 ) ) * ( 1.0 - inHover ) );
        float inTheirs = step( 0.001, own.b );
        float others = inTheirs > 0.5 ? max( smoothstep( 0.0, 0.4, theirsDiffer ) * 0.9, 0.1 ) : smoothstep( 0.0, 0.35, theirs ) * 0.9;
        // One's own outline goes before that of others, and theirs before what is only pointed at.
        others *= ( 1.0 - inSelected ) * ( 1.0 - edge );
        if ( others > alpha ) { color = texture2D( colors, vec2( ( who * 255.0 + 0.5 ) / 256.0, 0.5 ) ).rgb; alpha = others; }
        if ( alpha < 0.01 ) discard;
        gl_FragColor = vec4( color, alpha );
      }`,
  });
}
