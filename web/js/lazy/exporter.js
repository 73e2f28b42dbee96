// What is loaded only when somebody exports the scene: see parts.mjs.
export { GLTFExporter } from "three/addons/exporters/GLTFExporter.js";
