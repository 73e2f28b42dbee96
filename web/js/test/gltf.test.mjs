// The scene as a file: written by the built viewport, read back by three.js' own loader.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { start } from "./browser.mjs";
import { greenQuad } from "./glb.mjs";

/** Runs in the page: what a loader finds in a file. */
const READER = `
  import { TextureLoader } from "three";
  import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
  const round = (values) => [...values].map((v) => Math.round(v * 1e5) / 1e5 + 0);
  window.readBack = async (blob) => {
    // Images as elements: the policy of the page lets no script fetch from blob: addresses.
    const images = (parser) => ((parser.textureLoader = new TextureLoader()), { name: "images" });
    const { scene, parser } = await new GLTFLoader().register(images).parseAsync(await blob.arrayBuffer(), "");
    const nodes = scene.children.map((node) => {
      const mesh = node.isMesh ? node : node.children.find((child) => child.isMesh);
      mesh?.geometry.computeBoundingBox();
      const { material } = mesh ?? {};
      return {
        name: node.userData.name,
        kind: node.isLight ? "light" : node.children[0]?.isLight ? "light" : mesh ? "mesh" : "empty",
        position: round(node.position),
        rotation: round(node.rotation.toArray().slice(0, 3).map((v) => (v * 180) / Math.PI)),
        scale: round(node.scale),
        box: mesh && round([...mesh.geometry.boundingBox.min, ...mesh.geometry.boundingBox.max]),
        color: material && "#" + material.color.getHexString(),
        opacity: material && [material.opacity, material.transparent],
        texture: material?.map ? [material.map.image.width, material.map.image.height] : undefined,
        power: node.isLight ? node.intensity : node.children[0]?.intensity,
        extras: Object.fromEntries(Object.entries(node.userData).filter(([key]) => key !== "name")),
      };
    });
    return { nodes, json: parser.json };
  };
`;

let browser;
before(async () => {
  const { outputFiles } = await build({
    stdin: { contents: READER, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    format: "esm",
    write: false,
  });
  browser = await start({
    "/reader.js": ["text/javascript", outputFiles[0].text],
    "/quad.glb": ["model/gltf-binary", greenQuad()],
  });
});
after(() => browser?.stop());

async function openPage() {
  const page = await browser.page();
  await page.evaluate(() => import("/reader.js"));
  return page;
}

test("WEB42: the scene is a glTF file that three.js reads back", async () => {
  const page = await openPage();
  const { nodes, json, type, fetched } = await page.evaluate(async () => {
    put(
      rec(0, "cube", [1, 2, 3], { rotation: [10, 20, 30], scale: [1, 2, 0.5], color: [1, 0.4, 0] }),
      rec(1, "sphere", [0, 0, 0], { opacity: 0.5 }),
      rec(2, "light", [0, 5, 0], { color: [1, 1, 0], scale: [2, 2, 2] }),
      rec(3, "text", [4, 0, 0]),
      rec(4, "model", [-3, 0, 0], { scale: [2, 2, 2] }),
      rec(5, "model", [-5, 0, 0]),
      rec(6, "cube", [6, 0, 0], { visible: 0 }),
      rec(7, "cube", [7, 0, 0], { opacity: 0 }),
      rec(8, "cube", [8, 0, 0]),
      rec(9, "plane", [9, 0, 0]),
    );
    vp.setText(0, "a label");
    vp.setText(3, "words");
    vp.setModel(4, "/quad.glb");
    vp.setModel(5, "/missing.glb");
    const loaded = (name) => new Promise((done) => {
      const look = () => (calls.some(([n]) => n === name) ? done() : setTimeout(look, 10));
      look();
    });
    await loaded("onModelError");
    const names = ["crate [1]", "ball/ä", "lamp", "sign", "quad", "lost", "hidden", "clear", undefined, "floor"];
    // The quad lies in front of the box that stands for it until it is there.
    vp.setCamera(-3, 0, 6, -3, 0, 0, 60);
    while ((await shot()).at(160, 120)[1] < 100) await idle();
    const blob = await vp.glb(names);
    const fetched = performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname).filter((path) => path.startsWith("/lazy/"));
    return { ...(await readBack(blob)), type: blob.type, fetched };
  });
  assert.equal(type, "model/gltf-binary");
  const parts = fetched.map((path) => /^\/lazy\/(\w+)-[0-9a-f]{16}\.js$/.exec(path)?.[1]);
  assert.deepEqual(parts.sort(), ["exporter", "loader"]);
  const plain = { rotation: [0, 0, 0], scale: [1, 1, 1], extras: {} };
  const unit = [-0.5, -0.5, -0.5, 0.5, 0.5, 0.5];
  const clean = (node) => Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined && value !== null));
  const by = Object.fromEntries(nodes.map((node) => [node.name, clean(node)]));
  assert.deepEqual(Object.keys(by), ["crate [1]", "ball/ä", "lamp", "sign", "quad", "lost", "floor"]);
  assert.deepEqual(by["crate [1]"], {
    name: "crate [1]", kind: "mesh", position: [1, 2, 3], rotation: [10, 20, 30], scale: [1, 2, 0.5],
    box: unit, color: "#ff6600", opacity: [1, false], extras: { text: "a label" },
  });
  assert.deepEqual(by["ball/ä"], { ...plain, name: "ball/ä", kind: "mesh", position: [0, 0, 0], box: unit, color: "#ff0000", opacity: [0.5, true] });
  assert.deepEqual([by.lamp.kind, by.lamp.position, by.lamp.power], ["light", [0, 5, 0], 6 * Math.SQRT2]);
  assert.deepEqual(json.extensionsUsed, ["KHR_lights_punctual"]);
  assert.deepEqual(json.extensions.KHR_lights_punctual.lights.map(({ type, color }) => [type, color]), [["point", [1, 1, 0]]]);
  assert.deepEqual([by.sign.kind, by.sign.extras], ["empty", { text: "words" }]);
  assert.deepEqual([by.quad.kind, by.quad.scale, by.quad.texture, by.quad.box], ["mesh", [2, 2, 2], [2, 2], [-1, -1, 0.5, 1, 1, 0.5]]);
  assert.deepEqual([by.lost.kind, by.lost.extras], ["empty", { url: "/missing.glb" }]);
  assert.equal(by.floor.kind, "mesh");
  // The model that is not there is the only thing that went wrong.
  assert.deepEqual(page.errors.filter((error) => !error.includes("404")), []);
  await page.close();
});

test("WEB42: thousands of objects share their geometry in the file", async () => {
  const page = await openPage();
  const { nodes, meshes, bytes } = await page.evaluate(async () => {
    const n = 5_000;
    put(...Array.from({ length: n }, (_, i) => rec(i, ["cube", "cone"][i % 2], [(i % 24) - 12, 0, i / 250 - 12], { color: [(i % 3) / 2, 0, 0] })));
    const blob = await vp.glb(Array.from({ length: n }, (_, i) => `object ${i}`));
    const { nodes, json } = await readBack(blob);
    return { nodes: nodes.length, meshes: json.meshes.length, bytes: blob.size };
  });
  assert.deepEqual([nodes, meshes], [5_000, 6]);
  assert.ok(bytes < 1_500_000, `${bytes} bytes`);
  await page.close();
});

test("WEB42: an exporter that cannot be loaded is told, and tried again", async () => {
  const page = await openPage();
  await page.route("**/lazy/*", (route) => route.abort());
  const why = await page.evaluate(() => vp.glb([]).catch((error) => error.message));
  assert.match(why, /^the exporter cannot be loaded: /);
  await page.unroute("**/lazy/*");
  assert.equal(await page.evaluate(async () => (await vp.glb([])).type), "model/gltf-binary");
  await page.close();
});

test("WEB58: what reads models comes with the first of them; one that cannot be loaded is told, and tried again", async () => {
  const page = await openPage();
  const parts = () => performance.getEntriesByType("resource").filter(({ name }) => name.includes("/lazy/")).length;
  await page.evaluate(async () => {
    put(rec(0, "cube", [0, 0, 0]), rec(1, "model", [2, 0, 0]));
    await shot();
  });
  assert.equal(await page.evaluate(parts), 0);
  await page.route("**/lazy/*", (route) => route.abort());
  const told = (count) => page.waitForFunction((n) => calls.filter(([name]) => name === "onModelError").length === n, count);
  await page.evaluate(() => vp.setModel(1, "/quad.glb"));
  await told(1);
  const [, slot, message] = await page.evaluate(() => calls.find(([name]) => name === "onModelError"));
  assert.equal(slot, 1);
  assert.match(message, /^model \/quad\.glb: the loader cannot be loaded: /);
  await page.unroute("**/lazy/*");
  const green = await page.evaluate(async () => {
    vp.setModel(1, "");
    vp.setModel(1, "/quad.glb");
    vp.setCamera(2, 0, 6, 2, 0, 0, 60);
    while ((await shot()).at(160, 120)[1] < 100) await idle();
    return calls.filter(([name]) => name === "onModelError").length;
  });
  assert.equal(green, 1, "nothing else went wrong");
  await page.close();
});
