// Leaves out of three.js what the viewport never runs: shaders of materials that neither it nor GLTFLoader
// gives to a mesh, and WebXR. three.js is pinned, and anything that is not found as expected fails the
// build, so that an update cannot pass unseen.

import { readFile } from "node:fs/promises";

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

/** What is left of WebXRManager: an object that never presents. */
const NO_XR = `class WebXRManager extends EventDispatcher {
  constructor() { super(); this.enabled = this.isPresenting = false; }
  getEnvironmentBlendMode() {}
  setAnimationLoop() {}
  dispose() {}
}`;

/**
 * Replaces one match of `pattern`, or fails.
 * @param {string} text
 * @param {RegExp} pattern
 * @param {string} replacement
 */
function replaceOnce(text, pattern, replacement) {
  if (!pattern.test(text)) throw new Error(`slim: three.js no longer has ${pattern}`);
  return text.replace(pattern, () => replacement);
}

/** @param {string} text of three.module.js */
function slimmed(text) {
  for (const name of UNUSED_MATERIALS) {
    text = replaceOnce(text, new RegExp(`^\\t${name}_vert: vertex\\$\\w+,$`, "m"), `\t${name}_vert: "",`);
    text = replaceOnce(text, new RegExp(`^\\t${name}_frag: fragment\\$\\w+,?$`, "m"), `\t${name}_frag: "",`);
  }
  for (const name of UNUSED_CHUNKS) {
    text = replaceOnce(text, new RegExp(`^\\t${name}: ${name},$`, "m"), `\t${name}: "",`);
  }
  // A class at the top level ends at the first brace that stands alone at the line's beginning.
  return replaceOnce(text, /^class WebXRManager extends EventDispatcher \{\n[\s\S]*?^\}$/m, NO_XR);
}

/** An esbuild plugin. */
export const slim = {
  name: "slim",
  /** @param {import("esbuild").PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /three[\\/]build[\\/]three\.module\.js$/ }, async ({ path }) => ({
      contents: slimmed(await readFile(path, "utf8")),
      loader: "js",
    }));
  },
};
