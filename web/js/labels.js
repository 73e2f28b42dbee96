// Texts that face the camera: text objects, labels over other objects, letters and numbers of the axes.

import {
  CustomBlending,
  DynamicDrawUsage,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Float32BufferAttribute,
  Mesh,
  OneFactor,
  OneMinusSrcAlphaFactor,
  ShaderMaterial,
  Vector2,
} from "three";
import { Atlas } from "./atlas.js";
import { ORDER } from "./stage.js";

/**
 * @typedef {object} Label
 * @property {string} text
 * @property {number} x anchor, world units
 * @property {number} y
 * @property {number} z
 * @property {number} size height of a line: world units, or CSS pixels when `pixels`
 * @property {boolean} pixels whether `size` and `lift` are CSS pixels at any distance
 * @property {number} lift how far above the anchor the label's middle stands
 * @property {number} roll turn in the plane of the screen, radians
 * @property {number[]} color sRGB 0..1
 * @property {number} opacity 0..1
 */

// Floats per label. place: lift, pixels, roll; box: the text's rectangle in the atlas; ink: colour and opacity.
const COLUMNS = Object.freeze({ anchor: 3, size: 2, place: 3, box: 4, ink: 4 });

/** One draw call for any number of labels. */
export class LabelLayer {
  constructor() {
    this.atlas = new Atlas();
    /** @type {Map<number | string, Label>} by slot or by a name of the caller's */
    this.labels = new Map();
    this.dirty = false;
    this.capacity = 0;
    this.uniforms = {
      map: { value: this.atlas.texture },
      halo: { value: [0, 0, 0] },
      view: { value: new Vector2(1, 1) },
      strength: { value: 1 },
    };
    this.mesh = new Mesh(quad(), labelMaterial(this.uniforms));
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = ORDER.text;
    this.mesh.visible = false;
  }

  /**
   * @param {number | string} key
   * @param {Label | null} label null removes it
   */
  set(key, label) {
    if (label && label.text !== "") this.labels.set(key, label);
    else if (!this.labels.delete(key)) return;
    this.dirty = true;
  }

  clear() {
    this.dirty ||= this.labels.size > 0;
    this.labels.clear();
  }

  /**
   * The label's extent in its own units, for picking.
   * @param {number | string} key
   * @returns {{label: Label, width: number, height: number} | null}
   */
  extent(key) {
    const label = this.labels.get(key);
    if (!label) return null;
    if (this.dirty) this.sync();
    const region = this.atlas.region(label.text);
    return { label, width: region.width * label.size, height: region.height * label.size };
  }

  /**
   * @param {number} width of the view in CSS pixels
   * @param {number} height
   */
  resize(width, height) {
    this.uniforms.view.value.set(width, height);
  }

  /** Brings the GPU's side up to date; cheap when nothing changed. */
  sync() {
    if (!this.dirty) return;
    this.dirty = false;
    this.mesh.visible = this.labels.size > 0;
    if (this.labels.size === 0) return;
    this.atlas.ensure(new Set([...this.labels.values()].map((label) => label.text)));
    this.uniforms.map.value = this.atlas.texture;
    this.#reserve(this.labels.size);
    const geometry = /** @type {InstancedBufferGeometry} */ (this.mesh.geometry);
    const column = (/** @type {string} */ name) => /** @type {Float32Array} */ (geometry.getAttribute(name).array);
    const [anchor, size, place, box, ink] = Object.keys(COLUMNS).map(column);
    let i = 0;
    for (const label of this.labels.values()) {
      const region = this.atlas.region(label.text);
      anchor.set([label.x, label.y, label.z], i * 3);
      size.set([region.width * label.size, region.height * label.size], i * 2);
      place.set([label.lift, label.pixels ? 1 : 0, label.roll], i * 3);
      box.set(region.uv, i * 4);
      ink.set(label.color, i * 4);
      ink[i * 4 + 3] = label.opacity;
      i++;
    }
    geometry.instanceCount = i;
    for (const name of Object.keys(COLUMNS)) geometry.getAttribute(name).needsUpdate = true;
  }

  dispose() {
    this.atlas.dispose();
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }

  /** @param {number} count */
  #reserve(count) {
    if (count <= this.capacity) return;
    this.capacity = Math.max(64, this.capacity);
    while (this.capacity < count) this.capacity *= 2;
    this.mesh.geometry.dispose();
    const geometry = quad();
    for (const [name, items] of Object.entries(COLUMNS)) {
      const attribute = new InstancedBufferAttribute(new Float32Array(this.capacity * items), items);
      geometry.setAttribute(name, attribute.setUsage(DynamicDrawUsage));
    }
    this.mesh.geometry = geometry;
  }
}

function quad() {
  const geometry = new InstancedBufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute([-0.5, -0.5, 0, 0.5, -0.5, 0, 0.5, 0.5, 0, -0.5, 0.5, 0], 3));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  return geometry;
}

/** @param {Record<string, import("three").IUniform>} uniforms */
function labelMaterial(uniforms) {
  return new ShaderMaterial({
    uniforms,
    transparent: true,
    depthWrite: false,
    blending: CustomBlending,
    blendSrc: OneFactor,
    blendDst: OneMinusSrcAlphaFactor,
    vertexShader: `
      attribute vec3 anchor; attribute vec2 size; attribute vec3 place; attribute vec4 box; attribute vec4 ink;
      uniform vec2 view;
      varying vec2 vUv; varying vec4 vColor;
      void main() {
        vUv = mix( box.xy, box.zw, position.xy + 0.5 );
        vColor = ink;
        vec4 at = modelViewMatrix * vec4( anchor, 1.0 );
        float c = cos( place.z ), s = sin( place.z );
        vec2 corner = mat2( c, s, -s, c ) * ( position.xy * size ) + vec2( 0.0, place.x );
        if ( place.y > 0.5 ) {
          gl_Position = projectionMatrix * at;
          gl_Position.xy += corner * 2.0 / view * gl_Position.w;
          // What the upper or lower edge would cut is moved to where it is whole.
          float middle = projectionMatrix[ 1 ][ 1 ] * at.y, most = ( 1.0 - size.y / view.y ) * gl_Position.w;
          if ( abs( middle ) < 1.08 * gl_Position.w ) gl_Position.y += clamp( middle, -most, most ) - middle;
        } else {
          at.xy += corner;
          gl_Position = projectionMatrix * at;
        }
      }`,
    // The fill is white and the halo black, so brightness says which is which. What has a hue of its own
    // (emoji) keeps it.
    fragmentShader: `
      uniform sampler2D map; uniform vec3 halo; uniform float strength;
      varying vec2 vUv; varying vec4 vColor;
      void main() {
        vec4 t = texture2D( map, vUv );
        if ( t.a < 0.02 ) discard;
        vec3 c = t.rgb / t.a;
        float top = max( c.r, max( c.g, c.b ) );
        float hue = smoothstep( 0.1, 0.3, top - min( c.r, min( c.g, c.b ) ) );
        // A halo as bright as its text would swallow it: then the other extreme.
        const vec3 LUMA = vec3( 0.3, 0.59, 0.11 );
        float apart = abs( dot( vColor.rgb, LUMA ) - dot( halo, LUMA ) );
        vec3 around = apart > 0.3 ? halo : ( dot( halo, LUMA ) > 0.5 ? vec3( 0.13, 0.16, 0.22 ) : vec3( 0.93 ) );
        vec3 paint = mix( mix( around, vColor.rgb, top ), c, hue );
        float alpha = t.a * mix( 0.7, 1.0, top ) * vColor.a * strength;
        gl_FragColor = vec4( paint * alpha, alpha );
      }`,
  });
}
