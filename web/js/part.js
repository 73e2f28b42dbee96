// Parts of the viewport that few visitors need, each a file that is fetched at its first use: see parts.mjs.

import * as handed from "handed";

/** The addresses of the parts on the page's own server; build.mjs writes them here. */
const ADDRESSES = /** @type {Record<string, string>} */ (/** @type {unknown} */ (VWS_PARTS));

/** @type {Map<string, Promise<any>>} */
const loaded = new Map();
/** @type {Map<string, number>} how often each could not be loaded */
const failures = new Map();

/**
 * @param {"exporter" | "loader"} name
 * @returns {Promise<any>} what the part exports; rejected when it cannot be loaded, and then the next call tries again
 */
export function part(name) {
  let promise = loaded.get(name);
  if (!promise) {
    promise = load(name);
    loaded.set(name, promise);
  }
  return promise;
}

/** @param {string} name */
async function load(name) {
  const failed = failures.get(name) ?? 0;
  try {
    // Browsers may remember under which address a module could not be had.
    const { default: make } = await import(failed === 0 ? ADDRESSES[name] : `${ADDRESSES[name]}?${failed}`);
    return make(handed);
  } catch (error) {
    loaded.delete(name);
    failures.set(name, failed + 1);
    throw new Error(`the ${name} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
}
