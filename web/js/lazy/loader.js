// What is loaded only when an object shows a model: see parts.mjs.

import { Box3, DoubleSide, Mesh, Sphere, TextureLoader } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

const MAX_TRIANGLES = 2_000_000;
const MAX_PARTS = 256;

/**
 * Reads a glTF file.
 * @param {ArrayBuffer} data
 * @param {string} base the address that other files in it are relative to
 * @returns {Promise<ReturnType<typeof flatten>>}
 */
export async function read(data, base) {
  const { scene } = await makeLoader().parseAsync(data, base);
  return flatten(scene);
}

function makeLoader() {
  return new GLTFLoader().register((parser) => {
    // By default images inside the file are fetched from blob: addresses, which a strict connect-src refuses;
    // as image elements they come under img-src.
    parser.textureLoader = new TextureLoader(parser.options.manager);
    return { name: "VWS_images" };
  });
}

/**
 * A scene as a flat list of geometries in the model's own space, one per mesh.
 * @param {import("three").Object3D} scene
 */
function flatten(scene) {
  scene.updateMatrixWorld(true);
  /** @type {import("./instances.js").Part[]} */
  const parts = [];
  const box = new Box3();
  let triangles = 0;
  scene.traverse((object) => {
    if (!(object instanceof Mesh)) return;
    const geometry = object.geometry.clone().applyMatrix4(object.matrixWorld);
    geometry.morphAttributes = {};
    geometry.computeBoundingBox();
    box.union(geometry.boundingBox);
    triangles += (geometry.index ?? geometry.getAttribute("position")).count / 3;
    const material = Array.isArray(object.material) ? object.material[0] : object.material;
    // A mirrored mesh shows its inside.
    if (object.matrixWorld.determinant() < 0) material.side = DoubleSide;
    parts.push({ geometry, material });
  });
  if (parts.length === 0) throw new Error("it holds no mesh");
  if (parts.length > MAX_PARTS) throw new Error(`it has ${parts.length} meshes, more than ${MAX_PARTS}`);
  if (triangles > MAX_TRIANGLES) throw new Error(`it has ${Math.round(triangles)} triangles, more than ${MAX_TRIANGLES}`);
  const { center, radius } = box.getBoundingSphere(new Sphere());
  return { parts, bounds: { center, radius } };
}
