// The world of the README's picture: a small harbour, in which every type of object has a use.
import { boat } from "./boat.mjs";

const object = (name, type, [x, y, z], scale, color, more = {}) => {
  const [width, height, depth] = Array.isArray(scale) ? scale : [scale, scale, scale];
  return { name, type, x, y, z, scale: { x: width, y: height, z: depth }, color, ...more };
};

const tree = (name, [x, y, z], size) => [
  object(`${name} trunk`, "cylinder", [x, y + 0.3 * size, z], [0.22 * size, 0.6 * size, 0.22 * size], "#7a5638"),
  object(name, "cone", [x, y + 1.4 * size, z], [1.3 * size, 1.9 * size, 1.3 * size], "#3f8f5f"),
];

const sailing = (name, [x, z], heading, hull, { scale = 1, text = name } = {}) =>
  object(name, "model", [x, 0.2, z], scale, hull, {
    text,
    rotation: { x: 0, y: heading, z: 0 },
    properties: { url: boat({ hull, sail: "#f6f1e4" }), berth: name.length, crewed: true },
  });

/** The pier's middle on the water, and how far it is turned from x towards z, in degrees. */
const PIER = { x: 1.9, z: -1.2, turn: 22 };

/** A place on the pier, by its own two directions. */
function onPier(along, across, y) {
  const turn = (PIER.turn * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return [PIER.x + along * cos - across * sin, y, PIER.z + along * sin + across * cos];
}

const LIGHTHOUSE = [-5.2, -4.6];
const [LX, LZ] = LIGHTHOUSE;

/** The object that the picture shows selected. */
export const SELECTED = "lighthouse";

/** What two people do in it, one key at a time: whose hand, at which object, and which key. */
export const STEPS = [
  [0, "crate 3", "ArrowLeft"],
  [1, "Petrel", "ArrowDown"],
  [0, "crate 3", "ArrowLeft"],
  [1, "Petrel", "ArrowLeft"],
  [1, "buoy", "ArrowLeft"],
  [1, "buoy ring", "ArrowLeft"],
  [0, "survey drone", "PageUp"],
  [1, "Petrel", "ArrowLeft"],
  [0, "survey drone", "PageUp"],
  [1, "Gull", "ArrowDown"],
  [0, "crate 1", "ArrowUp"],
  [1, "Gull", "ArrowRight"],
  [0, "survey drone", "ArrowRight"],
];

/** Every object of the harbour. */
export const OBJECTS = [
  object("sea", "plane", [0, 0.02, 0], [24, 1, 24], "#2f7fb8", { opacity: 0.72 }),
  object("island", "cylinder", [-4.6, 0.2, -4.4], [10.5, 0.5, 9], "#dcc79c"),
  object("meadow", "cylinder", [-4.8, 0.5, -4.8], [8.6, 0.4, 7], "#86b36a"),
  object("lighthouse", "cylinder", [LX, 3.2, LZ], [1.8, 5.2, 1.8], "#f5f1e8", {
    properties: { height_m: 31, automatic: true, period_s: 12.5 },
  }),
  object("lighthouse band low", "cylinder", [LX, 2.1, LZ], [1.84, 0.9, 1.84], "#d64545"),
  object("lighthouse band high", "cylinder", [LX, 4.2, LZ], [1.84, 0.9, 1.84], "#d64545"),
  object("gallery", "torus", [LX, 5.85, LZ], [2.3, 1, 2.3], "#3c4654"),
  object("lamp", "light", [LX, 6.5, LZ], 3, "#ffe7a3"),
  object("lighthouse roof", "cone", [LX, 7.5, LZ], [1.9, 1.1, 1.9], "#b83a3a", { text: "North light" }),
  object("keeper's house", "cube", [-2.4, 1.4, -5.2], [2.2, 1.5, 1.8], "#f0dcb8", { rotation: { x: 0, y: 20, z: 0 } }),
  object("keeper's roof", "cone", [-2.4, 2.75, -5.2], [3.6, 1.2, 3.2], "#b5583e", { rotation: { x: 0, y: 20, z: 0 } }),
  object("house lamp", "light", [-1.2, 1.5, -3.8], 0.8, "#ffb85c"),
  ...tree("pine 1", [-7.6, 0.7, -6.2], 1.25),
  ...tree("pine 2", [-6.9, 0.7, -7.4], 0.95),
  ...tree("pine 3", [-4.4, 0.7, -7.3], 1.05),
  ...tree("pine 4", [-8, 0.7, -3.4], 0.9),
  object("pier", "cube", onPier(0, 0, 0.75), [7, 0.22, 1.7], "#9a7350", { rotation: { x: 0, y: -PIER.turn, z: 0 } }),
  ...[[-1, -1], [-1, 1], [1, -1], [1, 1], [3, -1], [3, 1]].map(([along, across], i) =>
    object(`pier post ${i + 1}`, "cylinder", onPier(along, across * 0.75, 0.35), [0.3, 1.4, 0.3], "#6b4f36"),
  ),
  object("crate 1", "cube", onPier(1.4, 0, 1.26), 0.8, "#e0a458", { rotation: { x: 0, y: 12, z: 0 } }),
  object("crate 2", "cube", onPier(2.5, 0.15, 1.21), 0.7, "#5b8def", { rotation: { x: 0, y: -30, z: 0 } }),
  object("crate 3", "cube", onPier(1.4, 0.05, 1.96), 0.6, "#47b39d", { rotation: { x: 0, y: 40, z: 0 } }),
  sailing("Albatross", [3.2, 7.4], 190, "#c8463f", { scale: 1.2, text: "" }),
  sailing("Gull", [-4.4, 5], 25, "#2f5f9e"),
  sailing("Petrel", [7.4, -4.6], 215, "#2e8b74"),
  object("buoy", "sphere", [7.4, 0.35, 3.2], 0.95, "#f2c037"),
  object("buoy ring", "torus", [7.4, 0.22, 3.2], [1.7, 0.8, 1.7], "#e5484d"),
  object("channel mark", "sphere", [-9.2, 0.35, 1.4], 0.95, "#e5484d"),
  object("channel mark ring", "torus", [-9.2, 0.22, 1.4], [1.7, 0.8, 1.7], "#f5f1e8"),
  object("survey drone", "drone", [3.2, 6, -3.2], [1.5, 0.8, 1.5], "#a873f0", { text: "survey drone", rotation: { x: 0, y: 30, z: 8 } }),
  object("title", "text", [3.2, 9.6, -9], 1.7, "#ffd479", { text: "Port Ellen" }),
];

/** The camera that all of its visitors share. */
export const WORLD = {
  size: 25,
  transparency: 0.45,
  camera_x: 14.5,
  camera_y: 11,
  camera_z: 25,
  camera_target: { x: -0.1, y: 3.1, z: -0.6 },
  camera_fov: 38,
};
