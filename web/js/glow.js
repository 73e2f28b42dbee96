// What shows a light: a soft halo, so that a lit lamp looks lit even where nothing is near it, and a mark, so that it is
// seen on any ground and from afar: a disc in its colour with a ring and rays.

import {
  CustomBlending,
  DynamicDrawUsage,
  Float32BufferAttribute,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  OneFactor,
  OneMinusSrcAlphaFactor,
  ShaderMaterial,
} from "three";
import { ORDER } from "./stage.js";

/** Halos drawn at once; further lights keep their plain marker. */
export const MAX_GLOWS = 256;

/** Half the width of a disc in CSS pixels at least; the mark takes half of it. */
const LEAST = 24;

/** A mark fades as its disc becomes so much larger than the least one: what is large is seen without it. */
const LARGE = Object.freeze({ from: 3, to: 6, left: 0.5 });

/** Discs that face the camera and fade towards their rim, in one draw call. */
export class Glow {
  constructor() {
    const geometry = new InstancedBufferGeometry();
    geometry.setAttribute("position", new Float32BufferAttribute([-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0], 3));
    geometry.setIndex([0, 1, 2, 0, 2, 3]);
    this.discs = new InstancedBufferAttribute(new Float32Array(MAX_GLOWS * 4), 4).setUsage(DynamicDrawUsage);
    this.inks = new InstancedBufferAttribute(new Float32Array(MAX_GLOWS * 4), 4).setUsage(DynamicDrawUsage);
    geometry.setAttribute("disc", this.discs);
    geometry.setAttribute("ink", this.inks);
    this.uniforms = { additive: { value: 1 }, line: { value: [1, 1, 1] }, marks: { value: 1 }, least: { value: 0 } };
    this.mesh = new Mesh(geometry, glowMaterial(this.uniforms));
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = ORDER.transparent;
    this.mesh.visible = false;
  }

  /** @param {{x: number, y: number, z: number, radius: number, color: number[], strength: number}[]} glows sRGB */
  set(glows) {
    const count = Math.min(glows.length, MAX_GLOWS);
    for (let i = 0; i < count; i++) {
      const { x, y, z, radius, color, strength } = glows[i];
      this.discs.setXYZW(i, x, y, z, radius);
      this.inks.setXYZW(i, color[0], color[1], color[2], strength);
    }
    this.discs.needsUpdate = true;
    this.inks.needsUpdate = true;
    this.mesh.geometry.instanceCount = count;
    this.mesh.visible = count > 0;
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    // Light adds to a dark background; on a light one it can only tint.
    this.uniforms.additive.value = theme.dark ? 1 : 0;
    this.uniforms.line.value = theme.label;
  }

  /** @param {number} height of the view in CSS pixels */
  resize(height) {
    this.uniforms.least.value = (2 * LEAST) / height;
  }

  dispose() {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}

/** @param {Record<string, import("three").IUniform>} uniforms */
function glowMaterial(uniforms) {
  return new ShaderMaterial({
    uniforms,
    transparent: true,
    depthWrite: false,
    blending: CustomBlending,
    blendSrc: OneFactor,
    blendDst: OneMinusSrcAlphaFactor,
    vertexShader: `
      uniform float least; attribute vec4 disc; attribute vec4 ink; varying vec2 vAt; varying vec4 vInk; varying float vMark;
      void main() {
        vAt = position.xy;
        vInk = ink;
        vec4 at = modelViewMatrix * vec4( disc.xyz, 1.0 );
        float small = -at.z * least / projectionMatrix[ 1 ][ 1 ];
        at.xy += position.xy * max( disc.w, small );
        vMark = mix( 1.0, ${LARGE.left}, smoothstep( ${LARGE.from.toFixed(1)}, ${LARGE.to.toFixed(1)}, disc.w / small ) );
        gl_Position = projectionMatrix * at;
      }`,
    fragmentShader: `
      uniform float additive; uniform float marks; uniform vec3 line; varying vec2 vAt; varying vec4 vInk; varying float vMark;
      void main() {
        float far = length( vAt );
        float pixel = fwidth( far );
        float fade = max( 0.0, 1.0 - far );
        float alpha = fade * fade * vInk.a * mix( 0.9, 0.55, additive );
        vec4 halo = vec4( vInk.rgb * alpha, alpha * ( 1.0 - additive ) );
        float disc = 1.0 - smoothstep( 0.2 - pixel, 0.2 + pixel, far );
        float ring = 1.0 - smoothstep( 0.4, 1.4, abs( far - 0.29 ) / pixel );
        const float TURN = 6.2831853;
        float beside = abs( far * sin( ( fract( atan( vAt.y, vAt.x ) / TURN * 8.0 ) - 0.5 ) * TURN / 8.0 ) );
        float rays = ( 1.0 - smoothstep( 0.4, 1.4, beside / pixel ) ) * step( 0.35, far ) * step( far, 0.45 );
        float drawn = max( ring, rays ) * 0.85 * vMark;
        vec4 mark = mix( vec4( vInk.rgb, 1.0 ), vec4( mix( line, vInk.rgb, 0.25 * additive ), 1.0 ), step( 0.24, far ) );
        gl_FragColor = mix( halo, mark, max( disc, drawn ) * marks );
      }`,
  });
}
