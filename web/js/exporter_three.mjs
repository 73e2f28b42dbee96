// What the exporter takes of three.js, as a module of its own: read from the exporter's own import, so that an
// update of three.js cannot leave a name out.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const EXPORTER = fileURLToPath(new URL("../node_modules/three/examples/jsm/exporters/GLTFExporter.js", import.meta.url));

/** @param {string} text of the exporter */
function importedNames(text) {
  const imports = [...text.matchAll(/^import \{([^}]*)\} from '([^']*)';$/gm)];
  if (imports.length !== 1 || imports[0][2] !== "three") {
    throw new Error(`exporter: three.js imports ${imports.map(([, , from]) => from).join(", ") || "nothing"} there, not three alone`);
  }
  return imports[0][1].split(",").map((name) => name.trim());
}

/** An esbuild plugin. */
export const exporterThree = {
  name: "exporter-three",
  /** @param {import("esbuild").PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /^exporter-three$/ }, ({ path, resolveDir }) => ({ path, namespace: "exporter-three", pluginData: resolveDir }));
    build.onLoad({ filter: /.*/, namespace: "exporter-three" }, async ({ pluginData: resolveDir }) => {
      const names = importedNames(await readFile(EXPORTER, "utf8"));
      return { contents: `export { ${names.join(", ")} } from "three";`, loader: "js", resolveDir };
    });
  },
};
