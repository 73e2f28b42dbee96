// The entry for browsers, bundlers and everything that is like them: Deno, Bun, workers.
import { install } from "./platform.js";

install({
  // The glue finds it by `new URL("vws_bg.wasm", import.meta.url)`, which bundlers know.
  wasm: async () => undefined,
  socket: async () => WebSocket,
});

export * from "./api.js";
