// The entry for Node.js.
import { readFile } from "node:fs/promises";
import { install } from "./platform.js";

install({
  wasm: async () => new Uint8Array(await readFile(new URL("./wasm/vws_bg.wasm", import.meta.url))),
  socket: async () => globalThis.WebSocket ?? (await ofPackage()),
});

/** Node.js has a WebSocket of its own from version 22 on. */
async function ofPackage(): Promise<typeof WebSocket> {
  try {
    const { WebSocket } = await import("ws");
    // Of the same interface as far as it is used here.
    return WebSocket as unknown as typeof globalThis.WebSocket;
  } catch (cause) {
    throw new Error("this Node.js has no WebSocket: install the package ws, or Node.js 22 or newer", { cause });
  }
}

export * from "./api.js";
