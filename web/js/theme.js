// The two palettes. Values are sRGB hex, handed raw to shaders that write straight to the screen.

/**
 * @typedef {object} Theme
 * @property {boolean} dark
 * @property {number[]} skyTop background at the top edge
 * @property {number[]} skyBottom background at the bottom edge
 * @property {number[]} grid lines of the floor and the walls
 * @property {number[]} floor tint of the floor's plane
 * @property {number} floorAlpha
 * @property {number[]} label text of axes and ticks
 * @property {number[]} halo around text
 * @property {number[]} accent outline of the selection
 * @property {number[]} hover outline under the pointer
 * @property {[number[], number[], number[]]} axes x, y, z
 * @property {number} lineAlpha strength of major lines
 * @property {number} shadow darkness of shadows on the floor, 0..1
 * @property {number} environment light from around
 * @property {number} key light of the sun
 * @property {number} fill light of the sky where there is no environment map
 */

/**
 * `#rrggbb` as three floats, 0..1 sRGB.
 * @param {string} hex
 * @returns {number[]}
 */
export function rgb(hex) {
  const n = Number.parseInt(hex.slice(1), 16);
  return [(n >> 16) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
}

/** @type {Theme} */
const DARK = {
  dark: true,
  skyTop: rgb("#232a38"),
  skyBottom: rgb("#10141c"),
  grid: rgb("#9fb3d1"),
  floor: rgb("#a9bddb"),
  floorAlpha: 0.06,
  label: rgb("#b7c4d8"),
  halo: rgb("#10141c"),
  accent: rgb("#ffb224"),
  hover: rgb("#e8eefc"),
  axes: [rgb("#ff5c70"), rgb("#5ad08a"), rgb("#5b9bff")],
  lineAlpha: 0.55,
  shadow: 0.45,
  environment: 0.3,
  key: 1.95,
  fill: 1.9,
};

/** @type {Theme} */
const LIGHT = {
  dark: false,
  skyTop: rgb("#fbfcfe"),
  skyBottom: rgb("#dde4ee"),
  grid: rgb("#3d4f6b"),
  floor: rgb("#ffffff"),
  floorAlpha: 0.5,
  label: rgb("#3f4d63"),
  halo: rgb("#f4f7fb"),
  accent: rgb("#e8590c"),
  hover: rgb("#334155"),
  axes: [rgb("#d92d4a"), rgb("#1f9d55"), rgb("#2563eb")],
  lineAlpha: 0.46,
  shadow: 0.22,
  environment: 0.34,
  key: 1.8,
  fill: 2.1,
};

/**
 * @param {boolean} dark
 * @returns {Theme}
 */
export function themeFor(dark) {
  return dark ? DARK : LIGHT;
}
