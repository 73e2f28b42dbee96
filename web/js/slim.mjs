// Leaves out of three.js what the viewport never runs, and out of its shaders what no compiler reads. three.js is
// taken by its sources, one class a file, so that what only a part needs is in that part alone (parts.mjs). It is
// pinned, and anything that is not found as expected fails the build, so that an update cannot pass unseen.

import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { minifyShader, withoutNever } from "./shader.mjs";

/** The folder of three.js' sources. */
export const THREE = fileURLToPath(new URL("../node_modules/three/src", import.meta.url));

/** Materials that neither the viewport nor GLTFLoader gives to a mesh that is drawn. */
const UNUSED_MATERIALS = [
  "backgroundCube",
  "distance",
  "equirect",
  "linedashed",
  "meshlambert",
  "meshmatcap",
  "meshnormal",
  "meshphong",
  "meshtoon",
  "points",
  "sprite",
];

const UNUSED_CHUNKS = [
  "lightprobes_pars_fragment",
  "lights_lambert_fragment",
  "lights_lambert_pars_fragment",
  "lights_phong_fragment",
  "lights_phong_pars_fragment",
  "lights_toon_fragment",
  "lights_toon_pars_fragment",
  "gradientmap_pars_fragment",
  "map_particle_fragment",
  "map_particle_pars_fragment",
];

/** What no material here defines, and lights and planes of which there is none: neither we nor GLTFLoader make any. */
const NEVER = new Set([
  "DECODE_VIDEO_TEXTURE",
  "DECODE_VIDEO_TEXTURE_EMISSIVE",
  "DITHERING",
  "NUM_CLIPPING_PLANES",
  "NUM_LIGHT_PROBE_GRIDS",
  "NUM_POINT_LIGHT_SHADOWS",
  "NUM_RECT_AREA_LIGHTS",
  "NUM_SPOT_LIGHTS",
  "NUM_SPOT_LIGHT_COORDS",
  "NUM_SPOT_LIGHT_MAPS",
  "NUM_SPOT_LIGHT_SHADOWS",
  "NUM_SUN_LIGHTS",
  "NUM_SUN_LIGHT_SHADOWS",
  "SHADOWMAP_TYPE_BASIC",
  "SHADOWMAP_TYPE_VSM",
  "USE_ALPHAHASH",
  "USE_ALPHAMAP",
  "USE_BATCHING",
  "USE_BATCHING_COLOR",
  "USE_DISPLACEMENTMAP",
  "USE_FOG",
  "USE_GRADIENTMAP",
  "USE_INSTANCING_MORPH",
  "USE_LIGHTMAP",
  "USE_LIGHT_PROBES",
  "USE_LOGARITHMIC_DEPTH_BUFFER",
  "USE_MORPHCOLORS",
  "USE_MORPHNORMALS",
  "USE_MORPHTARGETS",
  "USE_NORMALMAP_OBJECTSPACE",
  "USE_POINTS_UV",
  "USE_RETROREFLECTION",
  "USE_REVERSED_DEPTH_BUFFER",
  "USE_SKINNING",
  "USE_SPECULARMAP",
]);

/** What is left of WebXRManager: an object that never presents. */
const NO_XR = `import { EventDispatcher } from "../../core/EventDispatcher.js";
export class WebXRManager extends EventDispatcher {
  constructor() { super(); this.enabled = this.isPresenting = false; }
  getEnvironmentBlendMode() {}
  setAnimationLoop() {}
  dispose() {}
}`;

/**
 * The one tone mapping: up to 0.8 every colour is what the light makes of it, above that all three parts shrink alike
 * and only what is far too bright turns paler. three.js' own of this form takes 0.04 away first, which leaves dark
 * colours too saturated.
 */
const TONE = minifyShader(`
#ifndef saturate
#define saturate( a ) clamp( a, 0.0, 1.0 )
#endif
uniform float toneMappingExposure;
vec3 CustomToneMapping( vec3 color ) {
  color *= toneMappingExposure;
  float peak = max( color.r, max( color.g, color.b ) );
  if ( peak < 0.8 ) return color;
  float most = 1.0 - 0.04 / ( peak - 0.6 );
  return mix( vec3( most ), color * most / peak, 1.0 / ( 0.08 * ( peak - most ) + 1.0 ) );
}`);

/** A lamp's light does not grow without end where it is near: [what, by what it is replaced] in a shader. */
const SOFTER = ["max(pow(lightDistance,decayExponent),0.01)", "(2.0+pow(lightDistance,decayExponent))"];

/** File in three.js' sources to what takes its place. */
const INSTEAD = new Map([
  ["renderers/webxr/WebXRManager.js", NO_XR],
  ...UNUSED_MATERIALS.map((name) => [`renderers/shaders/ShaderLib/${name}.glsl.js`, 'export const vertex = "", fragment = "";']),
  ["renderers/shaders/ShaderChunk/tonemapping_pars_fragment.glsl.js", `export default ${JSON.stringify(TONE)};`],
  ...UNUSED_CHUNKS.map((name) => [`renderers/shaders/ShaderChunk/${name}.glsl.js`, 'export default "";']),
]);

for (const path of INSTEAD.keys()) {
  if (!existsSync(join(THREE, path))) throw new Error(`slim: three.js no longer has ${path}`);
}

/**
 * Which file has each name that `path` exports, by way of others or itself.
 * @param {string} path
 * @param {Map<string, string>} [files]
 */
function exportsOf(path, files = new Map()) {
  const text = readFileSync(path, "utf8");
  const from = (/** @type {string} */ other) => resolve(path, "..", other);
  for (const [, other] of text.matchAll(/^export \* from '([^']+)';$/gm)) exportsOf(from(other), files);
  const imported = new Map([...text.matchAll(/^import \{ (\w+) \} from '([^']+)';$/gm)].map(([, name, other]) => [name, from(other)]));
  for (const [, list, , other] of text.matchAll(/^export \{([^}]*)\}( from '([^']+)')?;?$/gm)) {
    for (const name of list.split(",").map((name) => name.trim()).filter(Boolean)) {
      files.set(name, other ? from(other) : (imported.get(name) ?? path));
    }
  }
  for (const [, name] of text.matchAll(/^export (?:class|function|const|let) (\w+)/gm)) files.set(name, path);
  return files;
}

/** three.js as a module that names the file of each thing: none of it runs unless something of it is used. */
const ALL = [...exportsOf(join(THREE, "Three.js"))].map(([name, path]) => `export { ${name} } from ${JSON.stringify(path)};`).join("\n");

/** @param {string} path of a file of three.js */
const nameOf = (path) => path.slice(THREE.length + 1).replaceAll("\\", "/");

/** @param {string} path of a file of three.js whose place something else takes */
export const isReplaced = (path) => INSTEAD.has(nameOf(path));

/** The shaders in a module of three.js, each a template without anything to fill in. */
function slimShaders(text, path) {
  let found = 0;
  const slim = text.replace(/\/\* glsl \*\/\s*`([^`]*)`/g, (_, shader) => {
    if (shader.includes("${")) throw new Error(`slim: ${path} is put together`);
    found += 1;
    return JSON.stringify(soften(withoutNever(minifyShader(shader), NEVER), path));
  });
  if (found === 0) throw new Error(`slim: ${path} has no shader`);
  return slim;
}

/** @param {string} shader @param {string} path its file */
function soften(shader, path) {
  if (!path.endsWith("/lights_pars_begin.glsl.js")) return shader;
  if (!shader.includes(SOFTER[0])) throw new Error(`slim: ${path} has no ${SOFTER[0]}`);
  return shader.replace(...SOFTER);
}

/** An esbuild plugin. */
export const slim = {
  name: "slim",
  /** @param {import("esbuild").PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /^three$/ }, () => ({ path: "three", namespace: "three", sideEffects: false }));
    build.onLoad({ filter: /.*/, namespace: "three" }, () => ({ contents: ALL, resolveDir: THREE }));
    build.onLoad({ filter: /[\\/]three[\\/]src[\\/].*\.js$/ }, async ({ path }) => {
      const name = nameOf(path);
      const contents = INSTEAD.get(name) ?? (await readFile(path, "utf8"));
      return { contents: path.endsWith(".glsl.js") && !INSTEAD.has(name) ? slimShaders(contents, name) : contents };
    });
  },
};
