// The cameras of others, as frusta of lines and glass: two draw calls for all of them.

import {
  BufferGeometry,
  DoubleSide,
  DynamicDrawUsage,
  Float32BufferAttribute,
  Group,
  IcosahedronGeometry,
  InstancedBufferAttribute,
  InstancedMesh,
  ShaderMaterial,
  Vector2,
} from "three";
import { ORDER } from "./stage.js";

/** Width of a frustum to its height: about that of a view between two panels. */
export const ASPECT = 1.5;
/** Half the width of its lines in CSS pixels, the halo left out. */
const WIDTH = 0.7;
const HALO = 1;
/** How opaque the sides and the far end are. */
const GLASS = Object.freeze({ side: 0.1, end: 0.12 });
/** Radius of the ball at the tip, for a frustum of length 1. */
const BALL = 0.13;

// A frustum of length 1 that looks along −z, half its far end's width and height being 1: instances scale it.
const CORNERS = [
  [-1, -1, -1],
  [1, -1, -1],
  [1, 1, -1],
  [-1, 1, -1],
];
/** The triangle above the far end, which says where up is. */
const UP = [
  [-0.4, 1.15, -1],
  [0.4, 1.15, -1],
  [0, 1.7, -1],
];

/** A bounded number of frusta. */
export class Frusta {
  /** @param {number} capacity the most that are ever drawn */
  constructor(capacity) {
    this.capacity = capacity;
    this.root = new Group();
    this.ink = new InstancedBufferAttribute(new Float32Array(capacity * 4), 4).setUsage(DynamicDrawUsage);
    this.uniforms = { view: { value: new Vector2(1, 1) }, halo: { value: [0, 0, 0] } };
    this.glass = new InstancedMesh(glassGeometry(), glassMaterial(), capacity);
    this.lines = new InstancedMesh(lineGeometry(), lineMaterial(this.uniforms), capacity);
    // One set of places and colours for both.
    this.lines.instanceMatrix = this.glass.instanceMatrix.setUsage(DynamicDrawUsage);
    for (const mesh of [this.glass, this.lines]) {
      mesh.geometry.setAttribute("ink", this.ink);
      mesh.frustumCulled = false;
      mesh.renderOrder = ORDER.lines;
      this.root.add(mesh);
    }
    this.end();
  }

  /** Begins anew. */
  begin() {
    this.count = 0;
  }

  /**
   * @param {import("three").Matrix4} matrix
   * @param {number[]} color sRGB 0..1
   * @param {number} opacity
   */
  add(matrix, color, opacity) {
    if (this.count === this.capacity) return;
    this.glass.setMatrixAt(this.count, matrix);
    this.ink.setXYZW(this.count, color[0], color[1], color[2], opacity);
    this.count++;
  }

  /** Hands what was added to the GPU's side. */
  end() {
    this.count ??= 0;
    this.glass.count = this.count;
    this.lines.count = this.count;
    this.root.visible = this.count > 0;
    this.glass.instanceMatrix.needsUpdate = true;
    this.ink.needsUpdate = true;
  }

  /**
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   */
  resize(width, height) {
    this.uniforms.view.value.set(width, height);
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.uniforms.halo.value = theme.halo;
  }

  dispose() {
    for (const mesh of [this.glass, this.lines]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
      mesh.dispose();
    }
  }
}

function glassGeometry() {
  const tip = [0, 0, 0];
  /** @type {number[]} */
  const points = [];
  /** @type {number[]} */
  const weights = [];
  const face = (/** @type {number[][]} */ corners, /** @type {number} */ weight) => {
    points.push(...corners.flat());
    weights.push(...corners.map(() => weight));
  };
  for (let i = 0; i < 4; i++) face([tip, CORNERS[i], CORNERS[(i + 1) % 4]], GLASS.side);
  face([CORNERS[0], CORNERS[1], CORNERS[2]], GLASS.end);
  face([CORNERS[0], CORNERS[2], CORNERS[3]], GLASS.end);
  face(UP, 1);
  const ball = new IcosahedronGeometry(BALL, 2);
  const sharp = weights.length;
  points.push(...ball.getAttribute("position").array);
  while (weights.length < points.length / 3) weights.push(1);
  ball.dispose();
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(points, 3));
  geometry.setAttribute("weight", new Float32BufferAttribute(weights, 1));
  geometry.setAttribute("ball", new Float32BufferAttribute(weights.map((_, i) => (i < sharp ? 0 : 1)), 1));
  return geometry;
}

function lineGeometry() {
  const tip = [0, 0, 0];
  /** @type {number[][][]} */
  const edges = [];
  for (let i = 0; i < 4; i++) edges.push([tip, CORNERS[i]], [CORNERS[i], CORNERS[(i + 1) % 4]]);
  const column = (/** @type {(edge: number[][]) => number[]} */ of) => new Float32BufferAttribute(edges.flatMap((edge) => [of(edge), of(edge), of(edge), of(edge)]).flat(), 3);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(edges.flatMap(() => [0, -1, 0, 1, -1, 0, 1, 1, 0, 0, 1, 0]), 3));
  geometry.setAttribute("from", column((edge) => edge[0]));
  geometry.setAttribute("to", column((edge) => edge[1]));
  geometry.setIndex(edges.flatMap((_, i) => [0, 1, 2, 0, 2, 3].map((v) => i * 4 + v)));
  return geometry;
}

function glassMaterial() {
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    side: DoubleSide,
    vertexShader: `
      attribute vec4 ink; attribute float weight; attribute float ball;
      varying vec4 vInk;
      void main() {
        mat4 place = modelViewMatrix * instanceMatrix;
        // The ball keeps its shape, however wide the frustum is.
        vec4 at = ball > 0.5 ? vec4( place[3].xyz + position * length( place[2].xyz ), 1.0 ) : place * vec4( position, 1.0 );
        float shade = ball > 0.5 ? 0.86 + 0.14 * normalize( position ).y : 1.0;
        vInk = vec4( ink.rgb * shade, ink.a * weight );
        gl_Position = projectionMatrix * at;
      }`,
    fragmentShader: "varying vec4 vInk; void main() { if ( vInk.a < 0.004 ) discard; gl_FragColor = vInk; }",
  });
}

/** @param {Record<string, import("three").IUniform>} uniforms */
function lineMaterial(uniforms) {
  return new ShaderMaterial({
    uniforms,
    transparent: true,
    depthWrite: false,
    defines: { WIDTH: WIDTH.toFixed(2), HALO: HALO.toFixed(2) },
    vertexShader: `
      attribute vec3 from; attribute vec3 to; attribute vec4 ink;
      uniform vec2 view;
      varying vec4 vInk; varying float vSide;
      void main() {
        mat4 place = modelViewMatrix * instanceMatrix;
        vec4 a = place * vec4( from, 1.0 );
        vec4 b = place * vec4( to, 1.0 );
        const float NEAR = 0.05;
        float t0 = 0.0, t1 = 1.0;
        if ( a.z > -NEAR && b.z < -NEAR ) { t0 = ( -NEAR - a.z ) / ( b.z - a.z ); }
        else if ( b.z > -NEAR && a.z < -NEAR ) { t1 = ( -NEAR - a.z ) / ( b.z - a.z ); }
        vec4 p = projectionMatrix * mix( a, b, t0 );
        vec4 q = projectionMatrix * mix( a, b, t1 );
        vec2 along = ( q.xy / q.w - p.xy / p.w ) * view;
        along = length( along ) > 1e-5 ? normalize( along ) : vec2( 1.0, 0.0 );
        float reach = WIDTH + HALO + 1.0;
        gl_Position = mix( p, q, position.x );
        gl_Position.xy += vec2( -along.y, along.x ) * position.y * reach * 2.0 / view * gl_Position.w;
        vInk = ink;
        vSide = position.y * reach;
      }`,
    // The halo keeps a line readable whose colour is that of what is behind it.
    fragmentShader: `
      uniform vec3 halo; varying vec4 vInk; varying float vSide;
      void main() {
        float side = abs( vSide );
        float core = 1.0 - smoothstep( WIDTH - 0.5, WIDTH + 0.5, side );
        float around = 0.55 * ( 1.0 - smoothstep( WIDTH, WIDTH + HALO + 0.5, side ) );
        float alpha = max( core, around ) * vInk.a;
        if ( alpha < 0.004 ) discard;
        gl_FragColor = vec4( mix( halo, vInk.rgb, core ), alpha );
      }`,
  });
}
