// Straight lines of constant width on screen: axes and guides. WebGL's own lines are one pixel wide.

import {
  DynamicDrawUsage,
  Float32BufferAttribute,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  ShaderMaterial,
  Vector2,
} from "three";
import { ORDER } from "./stage.js";

/**
 * @typedef {object} Line
 * @property {number[]} from world units
 * @property {number[]} to world units
 * @property {number[]} color sRGB 0..1
 * @property {number} alpha 0..1
 * @property {number} [dash] length of a dash in world units; 0 or absent = solid
 */

const COLUMNS = Object.freeze({ from: 3, to: 3, ink: 4, dash: 1 });

/** A bounded set of lines, drawn in one call. */
export class LineSet {
  /**
   * @param {number} capacity the most lines it ever holds; more are not drawn
   * @param {number} width CSS pixels
   */
  constructor(capacity, width) {
    this.capacity = capacity;
    const geometry = new InstancedBufferGeometry();
    geometry.setAttribute("position", new Float32BufferAttribute([0, -1, 0, 1, -1, 0, 1, 1, 0, 0, 1, 0], 3));
    geometry.setIndex([0, 1, 2, 0, 2, 3]);
    for (const [name, items] of Object.entries(COLUMNS)) {
      const attribute = new InstancedBufferAttribute(new Float32Array(capacity * items), items);
      geometry.setAttribute(name, attribute.setUsage(DynamicDrawUsage));
    }
    this.uniforms = { view: { value: new Vector2(1, 1) }, width: { value: width }, strength: { value: 1 }, near: { value: 0.05 }, push: { value: 0 } };
    this.mesh = new Mesh(geometry, lineMaterial(this.uniforms));
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = ORDER.lines;
    this.set([]);
  }

  /** @param {Line[]} lines */
  set(lines) {
    const { geometry } = this.mesh;
    const count = Math.min(lines.length, this.capacity);
    const column = (/** @type {string} */ name) => /** @type {InstancedBufferAttribute} */ (geometry.getAttribute(name));
    for (let i = 0; i < count; i++) {
      const { from, to, color, alpha, dash } = lines[i];
      column("from").array.set(from, i * 3);
      column("to").array.set(to, i * 3);
      column("ink").array.set([...color, alpha], i * 4);
      column("dash").array[i] = dash ?? 0;
    }
    for (const name of Object.keys(COLUMNS)) column(name).needsUpdate = true;
    geometry.instanceCount = count;
    this.mesh.visible = count > 0;
  }

  /**
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   */
  resize(width, height) {
    this.uniforms.view.value.set(width, height);
  }

  dispose() {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}

/** @param {Record<string, import("three").IUniform>} uniforms */
function lineMaterial(uniforms) {
  return new ShaderMaterial({
    uniforms,
    transparent: true,
    depthWrite: false,
    vertexShader: `
      attribute vec3 from; attribute vec3 to; attribute vec4 ink; attribute float dash;
      uniform vec2 view; uniform float width; uniform float near; uniform float push;
      varying vec4 vInk; varying float vSide; varying float vAlong; varying float vDash;
      void main() {
        vec4 a = modelViewMatrix * vec4( from, 1.0 );
        vec4 b = modelViewMatrix * vec4( to, 1.0 );
        float t0 = 0.0, t1 = 1.0;
        if ( a.z > -near && b.z < -near ) { t0 = ( -near - a.z ) / ( b.z - a.z ); }
        else if ( b.z > -near && a.z < -near ) { t1 = ( -near - a.z ) / ( b.z - a.z ); }
        vec4 p = projectionMatrix * mix( a, b, t0 );
        vec4 q = projectionMatrix * mix( a, b, t1 );
        vec2 along = ( q.xy / q.w - p.xy / p.w ) * view;
        along = length( along ) > 1e-5 ? normalize( along ) : vec2( 1.0, 0.0 );
        gl_Position = mix( p, q, position.x );
        gl_Position.xy += vec2( -along.y, along.x ) * position.y * ( width + 1.0 ) / view * gl_Position.w;
        gl_Position.z += push * gl_Position.w;
        vInk = ink;
        vSide = position.y * ( width + 1.0 );
        vAlong = mix( t0, t1, position.x ) * length( to - from );
        vDash = dash;
      }`,
    fragmentShader: `
      uniform float width; uniform float strength;
      varying vec4 vInk; varying float vSide; varying float vAlong; varying float vDash;
      void main() {
        if ( vDash > 0.0 && fract( vAlong / vDash * 0.5 ) > 0.5 ) discard;
        float alpha = vInk.a * strength * ( 1.0 - smoothstep( width - 1.0, width + 1.0, abs( vSide ) ) );
        if ( alpha < 0.004 ) discard;
        gl_FragColor = vec4( vInk.rgb, alpha );
      }`,
  });
}
