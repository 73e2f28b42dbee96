// What differs between browsers and Node.js. Each entry of the package installs its own.
import type { InitInput } from "./wasm/vws.js";
import init, * as wasm from "./wasm/vws.js";

/** What a platform has to give. */
export interface Platform {
  /** The bytes or the address of the WebAssembly; nothing for the one beside the glue. */
  wasm(): Promise<InitInput | undefined>;
  /** The class of WebSockets. */
  socket(): Promise<typeof WebSocket>;
}

let platform: Platform | undefined;
let loaded: Promise<typeof wasm> | undefined;

/** Called once, by the entry. */
export function install(chosen: Platform): void {
  platform = chosen;
}

export function current(): Platform {
  if (platform === undefined) throw new Error("import @vws/client, not one of its files");
  return platform;
}

/** Loads the WebAssembly, once. A load that failed is tried again by the next. */
export function load(): Promise<typeof wasm> {
  loaded ??= current()
    .wasm()
    .then((source) => init(source === undefined ? undefined : { module_or_path: source }))
    .then(() => wasm)
    .catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
  return loaded;
}
