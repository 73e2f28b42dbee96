// The scene as a glTF file: every object that is shown, under its own name, in the world's units.
//
// The exporter is a part of its own that is fetched at the first use: see part.js.

import { DoubleSide, FrontSide, Group, Mesh, MeshStandardMaterial, Object3D, PointLight, SRGBColorSpace, Scene } from "three";
import { shine } from "./lamps.js";
import { surfaceOf } from "./materials.js";
import { part } from "./part.js";
import { FIELD, KIND, STRIDE, readPose } from "./records.js";
import { hasShape, shape } from "./shapes.js";

/** Longest side of a texture in the file, in pixels. */
const MAX_TEXTURE = 4096;

/**
 * @typedef {object} Source
 * @property {import("./store.js").Store} store
 * @property {(slot: number) => string | undefined} textOf
 * @property {(slot: number) => string | undefined} urlOf
 * @property {(url: string) => import("./instances.js").Part[] | null} partsOf those of a loaded model
 */

/**
 * Encodes what is shown.
 * @param {Source} source
 * @param {(string | undefined)[]} names by slot; what has none is left out
 * @returns {Promise<Blob>} a .glb; rejected when the exporter cannot be loaded
 */
export async function encode(source, names) {
  // Before anything is awaited: the file is of one moment.
  const scene = sceneOf(source, names);
  const { GLTFExporter } = await part("exporter");
  const bytes = await new GLTFExporter().parseAsync(scene, { binary: true, trs: true, onlyVisible: false, maxTextureSize: MAX_TEXTURE });
  return new Blob([/** @type {ArrayBuffer} */ (bytes)], { type: "model/gltf-binary" });
}

/**
 * @param {Source} source
 * @param {(string | undefined)[]} names
 */
function sceneOf(source, names) {
  const { store } = source;
  const scene = new Scene();
  const surfaces = new Surfaces();
  for (let slot = 0; slot < store.end; slot++) {
    const name = names[slot];
    if (name === undefined || !store.has(slot) || !store.shown(slot)) continue;
    const node = nodeOf(source, slot, surfaces);
    node.name = name;
    readPose(store.records, slot * STRIDE, node);
    // What floats over an object, and what a text object says, is no geometry: it is told beside it.
    const text = source.textOf(slot);
    if (text !== undefined) node.userData.text = text;
    scene.add(node);
  }
  return scene;
}

/**
 * @param {Source} source
 * @param {number} slot
 * @param {Surfaces} surfaces
 * @returns {Object3D}
 */
function nodeOf({ store, urlOf, partsOf }, slot, surfaces) {
  const kind = store.kind[slot];
  const at = slot * STRIDE;
  if (kind === KIND.light) {
    const light = new PointLight();
    shine(light, store.records, at);
    return light;
  }
  if (kind === KIND.model) {
    const url = urlOf(slot) ?? "";
    const parts = partsOf(url);
    if (parts) return modelNode(parts, store.records[at + FIELD.opacity], surfaces);
    // It is not there to be written: its place is, and where it comes from.
    const place = new Object3D();
    if (url !== "") place.userData.url = url;
    return place;
  }
  if (!hasShape(kind)) return new Object3D();
  return new Mesh(shape(kind, 0), surfaces.shaped(kind, store.records, at));
}

/**
 * @param {import("./instances.js").Part[]} parts
 * @param {number} opacity
 * @param {Surfaces} surfaces
 */
function modelNode(parts, opacity, surfaces) {
  const meshes = parts.map(({ geometry, material }) => new Mesh(geometry, surfaces.faded(material, opacity)));
  return meshes.length === 1 ? meshes[0] : new Group().add(...meshes);
}

/** Materials, each made once: objects of one look share one in the file. */
class Surfaces {
  constructor() {
    /** @type {Map<string, import("three").Material>} */
    this.made = new Map();
  }

  /**
   * @param {number} kind
   * @param {Float32Array} r records
   * @param {number} at
   */
  shaped(kind, r, at) {
    const [red, green, blue, opacity] = r.subarray(at + FIELD.r, at + FIELD.opacity + 1);
    const side = kind === KIND.plane ? DoubleSide : FrontSide;
    return this.#once(`${side} ${red} ${green} ${blue} ${opacity}`, () => {
      const material = new MeshStandardMaterial({ ...surfaceOf(), side, opacity, transparent: opacity < 1 });
      material.color.setRGB(red, green, blue, SRGBColorSpace);
      return material;
    });
  }

  /**
   * @param {import("three").Material} material of a model
   * @param {number} opacity
   */
  faded(material, opacity) {
    if (opacity === 1) return material;
    return this.#once(`${material.uuid} ${opacity}`, () => {
      const faded = material.clone();
      faded.transparent = true;
      faded.opacity *= opacity;
      return faded;
    });
  }

  /**
   * @param {string} key
   * @param {() => import("three").Material} make
   */
  #once(key, make) {
    const material = this.made.get(key) ?? make();
    this.made.set(key, material);
    return material;
  }
}
