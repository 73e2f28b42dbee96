// The materials that instances are drawn with.

import { DoubleSide, FrontSide, MeshBasicMaterial, MeshStandardMaterial, ShaderMaterial } from "three";
import { KIND } from "./records.js";

/**
 * Makes a material read the opacity that pool.js packs beside red in the instance colour.
 * @template {import("three").Material} M
 * @param {M} material
 * @returns {M}
 */
export function withInstanceOpacity(material) {
  material.transparent = true;
  material.depthWrite = false;
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace("void main() {", "varying float vOpacity;\nvoid main() {")
      .replace(
        "#include <color_vertex>",
        `#include <color_vertex>
        #ifdef USE_INSTANCING_COLOR
          float opacitySteps = floor( instanceColor.r * 0.5 );
          vOpacity = opacitySteps / 255.0;
          vColor.r = instanceColor.r - 2.0 * opacitySteps;
        #else
          vOpacity = 1.0;
        #endif`,
      );
    shader.fragmentShader = shader.fragmentShader
      .replace("void main() {", "varying float vOpacity;\nvoid main() {")
      .replace("#include <alphatest_fragment>", "diffuseColor.a *= vOpacity;\n#include <alphatest_fragment>");
  };
  material.customProgramCacheKey = () => "instance-opacity";
  return material;
}

/** How every shape's surface takes the light. */
export function surfaceOf() {
  return { roughness: 0.48, metalness: 0.02 };
}

/**
 * @param {number} kind
 * @param {boolean} transparent whether instances carry an opacity
 * @returns {import("three").Material}
 */
export function materialFor(kind, transparent) {
  if (kind === KIND.model) return placeholderMaterial();
  const material =
    kind === KIND.light
      ? new MeshBasicMaterial({ color: 0xffffff, toneMapped: false })
      : new MeshStandardMaterial({
          ...surfaceOf(),
          side: kind === KIND.plane ? DoubleSide : FrontSide,
          flatShading: kind === KIND.custom,
        });
  return transparent ? withInstanceOpacity(material) : material;
}

/** A box of glowing edges with a cross on each face: a model that is loading or cannot be shown. */
function placeholderMaterial() {
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    side: DoubleSide,
    vertexShader: `
      varying vec2 vUv; varying vec3 vTint;
      void main() {
        vUv = uv;
        vTint = instanceColor;
        gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4( position, 1.0 );
      }`,
    fragmentShader: `
      varying vec2 vUv; varying vec3 vTint;
      float line( float d, float px ) { return 1.0 - smoothstep( px * 0.5, px * 0.5 + 1.0, d / fwidth( d ) ); }
      void main() {
        float steps = floor( vTint.r * 0.5 );
        vec3 tint = vec3( vTint.r - 2.0 * steps, vTint.gb );
        vec2 e = min( vUv, 1.0 - vUv );
        float edge = line( min( e.x, e.y ), 2.0 );
        float cross = max( line( abs( vUv.x - vUv.y ), 0.6 ), line( abs( vUv.x + vUv.y - 1.0 ), 0.6 ) );
        float alpha = max( edge * 0.95, max( cross * 0.4, 0.06 ) );
        gl_FragColor = vec4( tint, alpha * steps / 255.0 );
        #include <colorspace_fragment>
      }`,
  });
}
