// Trunk's pre_build hook: makes the JavaScript that the wasm_bindgen macros of `web` read, the bundled
// viewport. It has to be there before cargo compiles the page.
import { fileURLToPath } from "node:url";
import { install, npm } from "./install.mjs";

const web = fileURLToPath(new URL("..", import.meta.url));
install(web);
npm(web, "run", "--silent", "build");
