// What is loaded only when somebody exports the scene: see build.mjs.
export { GLTFExporter } from "three/addons/exporters/GLTFExporter.js";
