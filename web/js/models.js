// glTF models by URL: fetched once each, bounded in number, bytes and triangles. Never a reason to fail: a
// model that cannot be shown leaves its placeholder and one report per object.

import { Texture } from "three";
import { part } from "./part.js";

/** Different URLs at once; more stay placeholders. */
export const MAX_MODELS = 64;
/** Loaded models that nobody shows, kept for when they come back. */
const MAX_IDLE = 8;
/** Bytes of the file that the URL names. */
export const MAX_MODEL_BYTES = 32 * 1024 * 1024;

/**
 * @typedef {object} Entry
 * @property {"loading" | "ready" | "failed"} state
 * @property {string} message why it failed
 * @property {Set<number>} slots that show it
 * @property {import("./instances.js").Part[]} parts
 * @property {AbortController} abort
 */

/** The models in use, and the slots that use them. */
export class Models {
  /**
   * @param {object} on
   * @param {(url: string, slots: Set<number>, parts: import("./instances.js").Part[], bounds: {center: import("three").Vector3, radius: number}) => void} on.ready
   * @param {(slot: number, message: string) => void} on.error
   * @param {(url: string) => void} on.drop the model is about to be disposed of; no slot uses it
   */
  constructor(on) {
    this.on = on;
    /** @type {Map<string, Entry>} in order of last use */
    this.entries = new Map();
    /** @type {Map<number, string>} */
    this.urls = new Map();
  }

  /**
   * @param {number} slot
   * @param {string} url the empty string takes the model away
   */
  set(slot, url) {
    const old = this.urls.get(slot);
    if (old === url) return;
    if (old !== undefined) this.#release(slot, old);
    if (url === "") return;
    this.urls.set(slot, url);
    let entry = this.entries.get(url);
    if (!entry) {
      entry = { state: "loading", message: "", slots: new Set(), parts: [], abort: new AbortController() };
      this.entries.set(url, entry);
      this.#load(url, entry);
    }
    entry.slots.add(slot);
    if (entry.state === "failed") this.on.error(slot, entry.message);
  }

  /** @param {number} slot */
  url(slot) {
    return this.urls.get(slot);
  }

  /**
   * @param {string} url
   * @returns {import("./instances.js").Part[] | null} what is drawn of a model, once it is loaded
   */
  parts(url) {
    const entry = this.entries.get(url);
    return entry?.state === "ready" ? entry.parts : null;
  }

  /** Forgets every slot; loaded models stay as idle ones. */
  clear() {
    for (const [slot, url] of [...this.urls]) this.#release(slot, url);
  }

  dispose() {
    this.urls.clear();
    for (const [url, entry] of [...this.entries]) this.#drop(url, entry);
  }

  /**
   * @param {number} slot
   * @param {string} url
   */
  #release(slot, url) {
    this.urls.delete(slot);
    const entry = this.entries.get(url);
    entry?.slots.delete(slot);
    if (!entry || entry.slots.size > 0) return;
    // Last in the order of use; a failed one is tried anew next time.
    this.entries.delete(url);
    if (entry.state !== "ready") {
      entry.abort.abort();
      return;
    }
    this.entries.set(url, entry);
    this.#trim(MAX_IDLE);
  }

  /** @param {number} keep idle models that may stay */
  #trim(keep) {
    const idle = [...this.entries].filter(([, entry]) => entry.slots.size === 0 && entry.state === "ready");
    for (const [url, entry] of idle.slice(0, Math.max(0, idle.length - keep))) this.#drop(url, entry);
  }

  /**
   * @param {string} url
   * @param {Entry} entry
   */
  #drop(url, entry) {
    this.entries.delete(url);
    entry.abort.abort();
    if (entry.state !== "ready") return;
    this.on.drop(url);
    for (const { geometry, material } of entry.parts) {
      geometry.dispose();
      for (const value of Object.values(material)) if (value instanceof Texture) value.dispose();
      material.dispose();
    }
  }

  /**
   * @param {string} url
   * @param {Entry} entry
   */
  async #load(url, entry) {
    try {
      if (this.entries.size > MAX_MODELS) this.#trim(0);
      if (this.entries.size > MAX_MODELS) throw new Error(`more than ${MAX_MODELS} different models`);
      // Both are on their way at once; which of them fails first is told.
      const [data, { read }] = await Promise.all([download(url, entry.abort.signal), part("loader")]);
      const { parts, bounds } = await read(data, new URL(".", absolute(url)).href);
      if (entry.abort.signal.aborted) return;
      entry.parts = parts;
      entry.state = "ready";
      this.on.ready(url, entry.slots, parts, bounds);
    } catch (error) {
      if (entry.abort.signal.aborted) return;
      entry.state = "failed";
      entry.message = `model ${shorten(url)}: ${error instanceof Error ? error.message : String(error)}`;
      for (const slot of entry.slots) this.on.error(slot, entry.message);
    }
  }
}

/** @param {string} url */
function absolute(url) {
  const full = new URL(url, location.href);
  return full.protocol === "data:" || full.protocol === "blob:" ? new URL(location.href) : full;
}

/**
 * What lets this page in (src/token.rs) is shown to its own server, and to no other.
 * @param {URL} url
 * @returns {Record<string, string>}
 */
function shown(url) {
  if (url.origin !== location.origin) return {};
  try {
    const token = sessionStorage.getItem("vws.token");
    return token === null ? {} : { authorization: `Bearer ${token}` };
  } catch {
    // A browser that keeps nothing for tabs.
    return {};
  }
}

/**
 * Fetches a model of bounded size.
 * @param {string} url https, data, blob or of the page's own origin
 * @param {AbortSignal} signal
 * @returns {Promise<ArrayBuffer>}
 */
async function download(url, signal) {
  const full = new URL(url, location.href);
  const allowed = ["https:", "data:", "blob:"].includes(full.protocol) || full.origin === location.origin;
  if (!allowed) throw new Error(`${full.protocol} addresses are not loaded, only https, data, blob and this origin`);
  const response = await fetch(full, { signal, credentials: "omit", headers: shown(full) });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const reader = response.body?.getReader();
  if (!reader) return new ArrayBuffer(0);
  /** @type {Uint8Array[]} */
  const chunks = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > MAX_MODEL_BYTES) {
      await reader.cancel();
      throw new Error(`larger than ${MAX_MODEL_BYTES} bytes`);
    }
    chunks.push(next.value);
  }
  return new Blob(/** @type {BlobPart[]} */ (chunks)).arrayBuffer();
}

/** @param {string} url */
function shorten(url) {
  return url.length > 80 ? `${url.slice(0, 77)}…` : url;
}
