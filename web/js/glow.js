// The soft halo around a light's marker: a lit lamp looks lit even where nothing is near it.

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
    this.uniforms = { additive: { value: 1 } };
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
      attribute vec4 disc; attribute vec4 ink; varying vec2 vAt; varying vec4 vInk;
      void main() {
        vAt = position.xy;
        vInk = ink;
        vec4 at = modelViewMatrix * vec4( disc.xyz, 1.0 );
        at.xy += position.xy * disc.w;
        gl_Position = projectionMatrix * at;
      }`,
    fragmentShader: `
      uniform float additive; varying vec2 vAt; varying vec4 vInk;
      void main() {
        float fade = max( 0.0, 1.0 - length( vAt ) );
        float alpha = fade * fade * vInk.a * mix( 0.9, 0.55, additive );
        gl_FragColor = vec4( vInk.rgb * alpha, alpha * ( 1.0 - additive ) );
      }`,
  });
}
