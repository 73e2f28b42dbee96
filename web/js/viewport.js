/**
 * The VWS viewport: draws the objects of one session in 3D and says what the user points at. It holds no
 * state of the session: whoever embeds it decodes, reduces and hands over plain floats.
 *
 * Bundled to dist/viewport.js, one ES module, which Rust takes in by
 *
 *     #[wasm_bindgen(module = "/js/dist/viewport.js")]
 *     extern "C" {
 *         pub type Viewport;
 *         #[wasm_bindgen(constructor, catch)]
 *         fn new(container: &HtmlElement, callbacks: &JsValue, options: &JsValue) -> Result<Viewport, JsValue>;
 *         #[wasm_bindgen(method, catch)]
 *         fn apply(this: &Viewport, records: &Float32Array) -> Result<(), JsValue>;
 *         …
 *     }
 *
 * # Slots and records
 * An object is known here by its slot: a whole number in [0, 1,048,576) that the caller chooses, dense from
 * 0, free for another object once removed. `apply` takes records of STRIDE = 16 floats:
 *
 *   0  slot
 *   1  kind      -1 remove · 0 cube · 1 sphere · 2 cylinder · 3 cone · 4 plane · 5 torus · 6 light · 7 text ·
 *                8 model · 9 custom
 *   2  x, y, z   world units; right-handed, x right, y up, z towards the viewer
 *   5  rotation  x, y, z: Euler angles in degrees, XYZ order
 *   8  scale     x, y, z, each above 0
 *  11  colour    r, g, b: sRGB 0..1
 *  14  opacity   0..1; 0 is not drawn and cannot be picked
 *  15  visible   0 or 1
 *
 * A record of a present slot replaces it. Records take effect in order. A removal needs slot and kind only
 * and is ignored for an absent slot; it also forgets the slot's text, model and selection. The array is read
 * within the call and never kept, so it may be a view of wasm memory. A malformed batch throws RangeError
 * and changes nothing.
 *
 * # What is drawn
 * Shapes fit a unit box at scale 1; planes and tori lie flat, facing +y. A light is a glowing ball with a mark that
 * is seen from afar, and the four nearest to the camera shine. A text object faces the camera: scale y is its size, rotation z turns it
 * on screen. Any other object with a text carries it as a label above. A model keeps its own size and
 * colours; while it loads, and when it cannot, a wire box stands for it. Custom is an octahedron.
 *
 * Frames are drawn on demand: nothing runs while nothing changes.
 *
 * @module
 */

import { Matrix4, Vector3 } from "three";
import { boxed } from "./boxing.js";
import { CameraRig } from "./camera.js";
import { Captions } from "./captions.js";
import { eachCorner } from "./corners.js";
import { coveredOf } from "./covered.js";
import { Fly } from "./fly.js";
import { Gizmo } from "./gizmo.js";
import { encode } from "./gltf.js";
import { Grid } from "./grid.js";
import { HALF } from "./gridlines.js";
import { Handles } from "./handles.js";
import { Instances } from "./instances.js";
import { Lamps } from "./lamps.js";
import { Landing } from "./landing.js";
import { Marquee } from "./marquee.js";
import { Models } from "./models.js";
import { Outline } from "./outline.js";
import { Pace } from "./pace.js";
import { Picker } from "./picking.js";
import { Peers } from "./peers.js";
import { PointerInput } from "./pointer.js";
import { routePresses } from "./presses.js";
import { FIELD, KIND, MAX_SLOTS, STRIDE, checkRecords, isSlot } from "./records.js";
import { Selection } from "./selection.js";
import { Stage, WebGLUnavailableError } from "./stage.js";
import { Store } from "./store.js";
import { themeFor } from "./theme.js";

export { STRIDE, WebGLUnavailableError };

/**
 * @typedef {object} Callbacks every one may be absent
 * @property {(slot: number, additive: boolean) => void} [onSelect] a click on an object, or on nothing: -1;
 *   additive with Ctrl, Cmd or Shift. The viewport does not change its own selection: answer by `select`.
 * @property {(px: number, py: number, pz: number, tx: number, ty: number, tz: number, byUser: boolean) => void} [onCamera]
 *   the camera's position and target have changed; once per frame. `byUser`: by drag, wheel, touch, key or
 *   `frame`, not by `setCamera` or `follow`.
 * @property {(slot: number) => void} [onHover] the object under a mouse has changed; -1 = none
 * @property {(x: number, y: number, z: number) => void} [onPoint] what a mouse points at, on an object or on the
 *   floor; at most once per frame; NaN when it points at nothing of the world
 * @property {(id: string) => void} [onPeer] the name at somebody's camera was pressed
 * @property {(phase: "begin" | "move" | "end" | "cancel", changes: Float64Array) => void} [onTransform] the
 *   handles are dragged. `changes` holds ten numbers for each object: slot, x, y, z, rotation x, y, z, scale
 *   x, y, z. "begin" tells where they were; "move", at most once per frame, where they are drawn; then one
 *   "end", or one "cancel" with the values of the beginning. What the drag leaves alone stays what the record
 *   said. While it lasts a record of a dragged slot changes all but where it stands; after it, the next
 *   record does.
 * @property {(slots: Uint32Array, additive: boolean) => void} [onBox] what a rectangle covers that was drawn with Shift
 *   or after `armBox`; additive with Ctrl or Cmd. As for `onSelect`, answer by `select`.
 * @property {(armed: boolean) => void} [onBoxArmed] whether the next drag selects by a rectangle
 * @property {(speed: number) => void} [onFly] the user begins to fly, or at another speed, in world units a second;
 *   0 when it has ended
 * @property {(slot: number, message: string) => void} [onModelError] a model cannot be shown
 * @property {() => void} [onContextLost] the GPU took the drawing away; nothing is shown until
 * @property {() => void} [onContextRestored] it is drawn again, by the viewport itself
 */

/**
 * @typedef {object} Options
 * @property {boolean} [dark] theme to begin with, default true
 * @property {import("./stage.js").Quality} [quality] default "auto"
 * @property {string} [label] accessible name of the view
 * @property {boolean} [gizmo] the compass in the upper right corner, default true
 */

/** One 3D view inside one container element. */
export class Viewport {
  /**
   * @param {HTMLElement} container sized by the page; the viewport fills it and follows its size
   * @param {Callbacks | null} [callbacks]
   * @param {Options | null} [options]
   * @throws {WebGLUnavailableError} `code` "webgl_unavailable" and a message to show; nothing is left behind
   */
  constructor(container, callbacks, options) {
    const { dark = true, quality = "auto", label = "3D view of the world", gizmo = true } = options ?? {};
    this.#callbacks = callbacks ?? {};
    const on = this.#callbacks;
    this.#container = container;
    const canvas = makeCanvas(label);
    this.#canvas = canvas;
    this.#stage = new Stage(canvas, quality);
    this.#pace = new Pace(this.#stage.low);
    container.append(canvas);
    const invalidate = () => this.#invalidate();
    this.#rig = new CameraRig(canvas, invalidate, (p, byUser) => on.onCamera?.(p[0], p[1], p[2], p[3], p[4], p[5], byUser));
    this.#captions = new Captions(this.#store);
    this.#instances = new Instances(this.#store);
    this.#instances.urlOf = (slot) => this.#models.url(slot);
    this.#lamps = new Lamps(this.#store);
    this.#selection = new Selection(this.#store, this.#instances, this.#captions.layer);
    this.#picker = new Picker(this.#store, this.#instances, this.#captions.layer);
    const { scene } = this.#stage;
    this.#handles = new Handles(canvas, this.#rig.camera, this.#store, {
      invalidate,
      changed: (slot) => this.#place(slot),
      hold: (held) => (this.#rig.controls.enabled = !held),
      transform: (phase, changes) => on.onTransform?.(phase, changes),
    });
    scene.add(this.#handles.border.root, this.#landing.root, this.#instances.root, this.#grid.root, this.#lamps.root, this.#captions.layer.mesh, this.#selection.guides.mesh);
    this.#marquee = new Marquee(container, canvas, {
      box: (rect, additive) => on.onBox?.(this.#boxed(rect), additive),
      click: (event) => this.#pointer.click(event),
      armed: (armed) => on.onBoxArmed?.(armed),
    });
    this.#fly = new Fly(canvas, this.#rig, (speed) => on.onFly?.(speed));
    this.#pointer = new PointerInput(canvas, {
      click: (x, y, additive, taken) => {
        const slot = this.pick(x, y);
        // Through a handle one means what is behind it, never to let go of what it belongs to.
        if (!taken || (slot >= 0 && !this.#selection.slots.has(slot))) on.onSelect?.(slot, additive);
      },
      taken: () => this.#handles.engaged,
      hover: (at) => this.#hover(at),
    });
    if (getComputedStyle(container).position === "static") container.style.position = "relative";
    this.#peers = new Peers(container, this.#store, {
      invalidate,
      press: (id) => on.onPeer?.(id),
      selected: (theirs, colors) => {
        this.#outline.setColors(colors);
        this.#selection.setTheirs(theirs);
      },
    });
    scene.add(this.#peers.root);
    if (gizmo) this.#gizmo = new Gizmo(container, (from) => this.#rig.lookFrom(from));
    this.#listen();
    this.setTheme({ dark });
    this.setWorld({ size: 25, transparency: 0.2 });
    this.#resize();
  }

  /**
   * Takes a batch of records: see the top of this file. One call per frame is the intended use.
   * @param {Float32Array} records
   * @throws {RangeError}
   */
  apply(records) {
    checkRecords(records);
    for (let at = 0; at < records.length; at += STRIDE) {
      if (records[at + FIELD.kind] === KIND.remove) this.#remove(records[at + FIELD.slot]);
      else {
        const slot = this.#store.put(records, at);
        this.#handles.touch(slot);
        this.#place(slot);
      }
    }
    if (records.length > 0) this.#invalidate();
  }

  /**
   * The text of a slot: what a text object shows, or the label over any other. Kept until the slot is removed.
   * @param {number} slot
   * @param {string} text the empty string takes it away
   * @throws {RangeError}
   */
  setText(slot, text) {
    if (!isSlot(slot)) throw new RangeError(`slot ${slot} is not a whole number in [0, ${MAX_SLOTS})`);
    this.#captions.setText(slot, text);
    this.#selection.touch(slot);
    this.#invalidate();
  }

  /**
   * The glTF model (.glb, .gltf) of a slot of kind model. Kept until the slot is removed.
   * @param {number} slot
   * @param {string} url https, data, blob or of the page's own origin; the empty string takes it away
   * @throws {RangeError}
   */
  setModel(slot, url) {
    if (!isSlot(slot)) throw new RangeError(`slot ${slot} is not a whole number in [0, ${MAX_SLOTS})`);
    this.#models.set(slot, url);
    if (this.#store.has(slot)) this.#place(slot);
    this.#invalidate();
  }

  /** Removes every object, text and selection; the world, camera and theme stay. */
  clear() {
    this.#handles.cancel();
    this.#handles.set([]);
    this.#instances.clear();
    this.#store.clear();
    this.#captions.clear();
    this.#lamps.clear();
    this.#models.clear();
    this.#selection.clear();
    this.#invalidate();
  }

  /**
   * The world's grid.
   * @param {{size: number, transparency: number}} world size: positions per axis over [-12, +12], a whole
   *   number in 1..=1000; transparency of grid, bounds, axes and their labels: 0 = opaque, 1 = invisible
   * @throws {RangeError}
   */
  setWorld({ size, transparency }) {
    this.#grid.setWorld(size, transparency);
    this.#invalidate();
  }

  /**
   * Moves the local camera to the world's: in a flight of 0.4 s, or at once the first time and where the
   * user prefers reduced motion. Ends a `follow`.
   * @param {number} px position
   * @param {number} py
   * @param {number} pz
   * @param {number} tx target
   * @param {number} ty
   * @param {number} tz
   * @param {number} fov vertical field of view in degrees, 10..=120
   */
  setCamera(px, py, pz, tx, ty, tz, fov) {
    this.#rig.go([px, py, pz, tx, ty, tz], fov, this.#frames > 0);
  }

  /**
   * As `setCamera`, but as near along that direction as everything is in view with some of the world around it; where
   * there is nothing, exactly so.
   * @param {number} px position
   * @param {number} py
   * @param {number} pz
   * @param {number} tx target
   * @param {number} ty
   * @param {number} tz
   * @param {number} fov vertical field of view in degrees, 10..=120
   * @param {boolean} animate
   */
  setOverview(px, py, pz, tx, ty, tz, fov, animate) {
    if (this.#store.live === 0) this.setCamera(px, py, pz, tx, ty, tz, fov);
    else this.#frame([], { pose: [px, py, pz, tx, ty, tz], fov, animate });
  }

  /**
   * Takes the camera's pose from a function on every frame, as for the world's orbit or another user's view,
   * until the user moves the camera (`onCamera` with `byUser`), `setCamera` or `follow(null)`. Where the user
   * prefers reduced motion it is asked once.
   * @param {import("./camera.js").PoseSource | null} [source] given milliseconds since the Unix epoch;
   *   answers px, py, pz, tx, ty, tz
   */
  follow(source = null) {
    this.#rig.follow(source);
  }

  /**
   * Where the camera is now.
   * @returns {Float64Array} px, py, pz, tx, ty, tz
   */
  pose() {
    return Float64Array.from(this.#rig.pose());
  }

  /**
   * Somebody else in the world: their camera as a frustum with their name, and their pointer as a dot. Up to 200
   * are drawn. What changes moves there smoothly, a moment behind; a camera near to one's own is not seen.
   * @param {string} id
   * @param {import("./peers.js").PeerFace | null} face null when they have left
   */
  setPeer(id, face) {
    this.#peers.set(id, face);
  }

  /**
   * Outlines what somebody else has selected in their colour. Absent slots are kept for when they come.
   * @param {string} id of one who was given to `setPeer`
   * @param {ArrayLike<number> & Iterable<number>} slots
   */
  setPeerSelection(id, slots) {
    this.#peers.select(id, slots);
  }

  /**
   * Goes along with somebody's camera as `follow` does, beginning with a flight of 0.4 s. Where the user prefers
   * reduced motion it goes to where they rest, at once.
   * @param {string} id of one who was given to `setPeer`
   */
  followPeer(id) {
    this.#rig.follow(this.#peers.source(id, this.#rig.pose()), true);
  }

  /**
   * Flies to an object, else to the selection, else to everything, else to the ground of the world: to where that
   * fills the part of the view that the page has laid nothing over.
   * @param {number} [slot]
   */
  frame(slot) {
    this.#frame(slot === undefined ? this.#selection.slots : [slot]);
  }

  /** Flies to everything, whatever is selected; to the ground of the world when it is empty. */
  frameAll() {
    this.#frame([]);
  }

  /**
   * Highlights exactly these slots, the one that was selected last at the end. Absent ones are ignored.
   * @param {ArrayLike<number> & Iterable<number>} slots
   * @param {Iterable<number>} [movable] those of them that the handles move; all when left out
   */
  select(slots, movable = slots) {
    this.#selection.set(slots);
    this.#handles.set(movable);
    this.#invalidate();
  }

  /**
   * Lets presses, the pointer and rectangles go through exactly these slots, to what is behind them.
   * @param {ArrayLike<number> & Iterable<number>} slots
   */
  setLocked(slots) {
    this.#picker.locked = new Set(slots);
  }

  /**
   * What the pointer does to the selected objects. Another tool than "select" shows handles in their middle,
   * for up to 1,000 objects. Shift takes whole steps (0.5 units, 15 degrees, a tenth); Esc during a drag
   * puts everything back. No position leaves the world, whose border shows where one comes up against it.
   * @param {"select" | "translate" | "rotate" | "scale"} tool
   * @throws {RangeError}
   */
  setTool(tool) {
    this.#handles.setTool(tool);
  }

  /**
   * Whose axes the handles have: the world's, or those of the object that was selected last. Scaling is
   * always along the object's own.
   * @param {"world" | "local"} space
   * @throws {RangeError}
   */
  setSpace(space) {
    this.#handles.setSpace(space);
  }

  /**
   * The next drag selects by a rectangle, wherever it begins; Esc ends that. A drag with Shift does so anyway,
   * but on a handle.
   * @param {boolean} armed
   */
  armBox(armed) {
    this.#marquee.arm(armed);
  }

  /** Ends a drag of the handles as Esc does. */
  cancelTransform() {
    this.#handles.cancel();
  }

  /** @param {{dark: boolean}} theme */
  setTheme({ dark }) {
    const theme = themeFor(dark);
    for (const part of [this.#stage, this.#grid, this.#captions, this.#lamps, this.#selection, this.#outline, this.#handles, this.#marquee, this.#peers, this.#landing]) part.setTheme(theme);
    this.#gizmo?.setTheme(theme);
    this.#invalidate();
  }

  /**
   * The slot at a point of the view that is not locked, or -1.
   * @param {number} x -1..1 from left to right
   * @param {number} y -1..1 from bottom to top
   * @returns {number}
   */
  pick(x, y) {
    return this.#find(x, y).slot;
  }

  /**
   * Marks where what is dragged over the view would come to lie on the floor, until `endLanding`.
   * @param {number} x -1..1 from left to right
   * @param {number} y -1..1 from bottom to top
   * @returns {[number, number, number]} x, y, z, within the world
   */
  landing(x, y) {
    this.#rig.camera.updateMatrixWorld();
    this.#invalidate();
    return this.#landing.show(this.#rig.camera, x, y);
  }

  /** Takes the mark away. */
  endLanding() {
    if (this.#landing.hide()) this.#invalidate();
  }

  /**
   * Where a slot's middle is on screen.
   * @param {number} slot
   * @returns {{x: number, y: number} | null} CSS pixels from the container's top left; null when absent or
   *   behind the camera
   */
  screenPosition(slot) {
    if (!this.#store.has(slot)) return null;
    const at = slot * STRIDE + FIELD.x;
    this.#rig.camera.updateMatrixWorld();
    const p = new Vector3().fromArray(this.#store.records, at).project(this.#rig.camera);
    if (p.z > 1) return null;
    return { x: ((p.x + 1) / 2) * this.#stage.width, y: ((1 - p.y) / 2) * this.#stage.height };
  }

  /**
   * The view as it is now, without the page's controls: the objects alone.
   * @param {number} [times] as large as the view, in each direction
   * @param {boolean} [marks] whether with the grid, outlines and other marks of the view, as on screen but for the
   *   handles and the other people
   * @returns {Promise<Blob>} PNG; rejected while the WebGL context is lost, and where the graphics card draws
   *   nothing so large
   */
  screenshot(times = 1, marks = false) {
    if (this.#lost) return Promise.reject(new Error("the view is lost with its WebGL context"));
    if (!this.#stage.pixels(times)) return Promise.reject(new Error(`the graphics card draws no picture of ${times} times the view`));
    if (times !== 1) this.#resize(times);
    this.#draw(marks ? SHOWN.marks : SHOWN.objects);
    const picture = new Promise((resolve, reject) => {
      // Within the task that drew: the browser may clear the buffer after it.
      this.#canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the view could not be encoded"))), "image/png");
    });
    // The picture has been taken; what follows is not in it, and is there before the screen shows anything.
    if (times !== 1) this.#resize();
    else this.#draw();
    return picture;
  }

  /**
   * How large a picture of the view is.
   * @param {number} times as large as the view, in each direction
   * @returns {number[] | null} width and height in pixels; null where the graphics card draws nothing so large
   */
  pictureSize(times) {
    return this.#stage.pixels(times);
  }

  /**
   * What is shown as a glTF file: a node for each object, with its name, place, turn, size, colour and opacity;
   * lights as such (KHR_lights_punctual), models with what is loaded of them. A text is told as `extras.text` of
   * its node, the address of a model that is not loaded as `extras.url`.
   * @param {(string | undefined)[]} names by slot; objects without one are left out
   * @returns {Promise<Blob>} a .glb; rejected when the part of the page that writes it cannot be loaded
   */
  glb(names) {
    return encode(
      {
        store: this.#store,
        textOf: (slot) => this.#captions.text(slot),
        urlOf: (slot) => this.#models.url(slot),
        partsOf: (url) => this.#models.parts(url),
      },
      names,
    );
  }

  /**
   * What the viewport is doing, for tests and diagnostics.
   * @returns {{objects: number, drawCalls: number, triangles: number, frames: number, quality: string, shadows: boolean, lost: boolean}}
   *   present objects; draw calls and triangles of the last frame, those of shadows included when they were drawn anew; frames since construction
   */
  stats() {
    const { calls, triangles } = this.#drawn;
    const { low, sun } = this.#stage;
    const quality = low ? "low" : "high";
    return { objects: this.#store.live, drawCalls: calls, triangles, frames: this.#frames, quality, shadows: sun.castShadow, lost: this.#lost };
  }

  /** Gives everything back. No method may be called after it. */
  dispose() {
    this.#disposed = true;
    cancelAnimationFrame(this.#request);
    this.#abort.abort();
    this.#observer?.disconnect();
    for (const part of [this.#pointer, this.#marquee, this.#fly, this.#rig, this.#models, this.#instances, this.#captions, this.#lamps]) part.dispose();
    for (const part of [this.#grid, this.#selection, this.#outline, this.#handles, this.#peers, this.#landing]) part.dispose();
    this.#gizmo?.dispose();
    this.#stage.dispose();
    this.#canvas.remove();
  }

  #callbacks;
  #container;
  #canvas;
  #stage;
  #pace;
  #rig;
  #captions;
  #instances;
  #lamps;
  #selection;
  #picker;
  #pointer;
  #handles;
  #marquee;
  #fly;
  #peers;
  #store = new Store();
  #grid = new Grid();
  #landing = new Landing();
  #outline = new Outline();
  #models = new Models({
    ready: (url, slots, parts, bounds) => {
      this.#instances.addModel(url, parts, bounds);
      for (const slot of slots) if (this.#store.has(slot)) this.#place(slot);
      this.#invalidate();
    },
    error: (slot, message) => this.#callbacks.onModelError?.(slot, message),
    drop: (url) => this.#instances.removeModel(url),
  });
  #abort = new AbortController();
  /** @type {Gizmo | undefined} */
  #gizmo;
  /** @type {ResizeObserver | undefined} */
  #observer;
  #request = 0;
  #frames = 0;
  /** Whether the last frame has asked for the next one. */
  #goesOn = false;
  #drawn = { calls: 0, triangles: 0 };
  #hovered = -1;
  #lost = false;
  #disposed = false;
  #eye = new Vector3();
  /** From the world to what was seen of it in the last frame. */
  #seen = new Matrix4();

  /**
   * @param {number} x -1..1 from left to right
   * @param {number} y -1..1 from bottom to top
   */
  #find(x, y) {
    this.#settle();
    this.#rig.camera.updateMatrixWorld();
    return this.#picker.find(this.#rig.camera, x, y, this.#stage.height);
  }

  /** @param {number} slot a present slot whose record, model or batch may have changed */
  #place(slot) {
    this.#instances.place(slot);
    this.#captions.place(slot);
    if (this.#store.kind[slot] === KIND.light) this.#lamps.put(slot);
    else this.#lamps.drop(slot);
    this.#selection.touch(slot);
  }

  /** @param {number} slot */
  #remove(slot) {
    if (this.#store.has(slot)) {
      this.#instances.lift(slot);
      this.#store.drop(slot);
    }
    this.#captions.drop(slot);
    this.#lamps.drop(slot);
    this.#models.set(slot, "");
    this.#selection.drop(slot);
    this.#handles.drop(slot);
    if (this.#hovered === slot) {
      this.#hovered = -1;
      this.#peers.hover(-1);
    }
  }

  /**
   * @param {Iterable<number>} chosen what is flown to; when none of it is shown, everything
   * @param {{pose: number[], fov: number, animate: boolean} | null} [from] as CameraRig.frame takes it
   */
  #frame(chosen, from) {
    this.#settle();
    const { camera } = this.#rig;
    camera.updateMatrixWorld();
    let found = 0;
    const corners = (/** @type {(x: number, y: number, z: number) => void} */ add) => {
      const tell = (/** @type {Iterable<number>} */ slots) => {
        for (const slot of slots) {
          if (!this.#store.has(slot)) continue;
          eachCorner(slot, this.#instances, this.#captions.layer, camera, ({ x, y, z }) => {
            found++;
            add(x, y, z);
          });
        }
      };
      tell(chosen);
      if (found === 0) tell(this.#store.kind.subarray(0, this.#store.end).keys());
      if (found === 0) for (const x of [-HALF, HALF]) for (const z of [-HALF, HALF]) add(x, 0, z);
    };
    this.#rig.frame(corners, coveredOf(this.#container), from);
  }

  /** Brings bounds that are computed late up to date. */
  #settle() {
    this.#captions.sync();
  }

  #invalidate() {
    if (this.#disposed || this.#lost) return;
    this.#request ||= requestAnimationFrame((now) => {
      this.#request = 0;
      this.#pace.frame(now, this.#goesOn, this.#instances.total);
      const moves = this.#rig.step(now);
      this.#goesOn = this.#draw() || moves;
      if (this.#goesOn) this.#invalidate();
    });
  }

  /**
   * @param {number} [shown]
   * @returns {boolean} whether something goes on moving
   */
  #draw(shown = SHOWN.all) {
    if (this.#disposed || this.#lost || this.#container.clientWidth === 0 || this.#container.clientHeight === 0) return false;
    const { renderer, scene } = this.#stage;
    const { camera } = this.#rig;
    camera.updateMatrixWorld();
    this.#eye.copy(camera.position);
    const seen = new Matrix4().multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse);
    const moved = !this.#seen.equals(seen);
    this.#seen.copy(seen);
    this.#handles.sync();
    this.#settle();
    this.#grid.sync(this.#eye);
    this.#lamps.sync(this.#eye, moved);
    const changed = this.#instances.sync(this.#rig.direction());
    this.#stage.setShaded(this.#pace.affords(this.#instances.total));
    if (changed) this.#stage.shadowsChanged();
    const { width, height } = this.#stage;
    this.#selection.sync(this.#outline, camera, moved);
    const area = this.#selection.area(camera, width, height);
    this.#selection.cover(this.#outline, camera, width, height, area, changed || moved);
    this.#gizmo?.update(camera);
    const moving = this.#peers.sync(camera, width, height);
    const marks = shown === SHOWN.all ? [] : [this.#peers.root];
    if (shown === SHOWN.objects) marks.push(this.#grid.root, this.#selection.guides.mesh, this.#landing.root, this.#handles.border.root);
    this.#lamps.setMarked(shown !== SHOWN.objects);
    const hidden = marks.filter((mark) => mark.visible);
    for (const mark of hidden) mark.visible = false;
    renderer.info.reset();
    renderer.render(scene, camera);
    if (shown !== SHOWN.objects) this.#outline.render(renderer, camera, area);
    if (shown === SHOWN.all) this.#handles.render(renderer);
    for (const mark of hidden) mark.visible = true;
    this.#frames++;
    this.#drawn = { calls: renderer.info.render.calls, triangles: renderer.info.render.triangles };
    return moving;
  }

  /** @param {number} [times] more pixels in each direction than the screen has */
  #resize(times = 1) {
    const { clientWidth: width, clientHeight: height } = this.#container;
    if (width === 0 || height === 0) return;
    this.#stage.resize(width, height, devicePixelRatio, times);
    this.#rig.resize(width, height);
    this.#grid.resize(width, height);
    this.#captions.layer.resize(width, height);
    this.#selection.guides.resize(width, height);
    this.#lamps.resize(height);
    this.#peers.resize(width, height);
    this.#outline.resize(this.#canvas.width, this.#canvas.height, this.#stage.ratio);
    // In this very task: the new size has cleared the canvas.
    this.#draw();
  }

  #listen() {
    const { signal } = this.#abort;
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(this.#container);
    const takers = { handles: this.#handles, marquee: this.#marquee, fly: this.#fly, rig: this.#rig };
    routePresses(this.#container, this.#canvas, takers, signal);
    this.#canvas.addEventListener("webglcontextlost", (event) => this.#onLost(event), { signal });
    this.#canvas.addEventListener("webglcontextrestored", () => this.#onRestored(), { signal });
    this.#watchPixelRatio();
  }

  /** Follows a move to a screen of another density, which changes no element's size. */
  #watchPixelRatio() {
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    const changed = () => {
      this.#resize();
      this.#watchPixelRatio();
    };
    query.addEventListener("change", changed, { once: true, signal: this.#abort.signal });
  }

  /** @param {Event} event */
  #onLost(event) {
    // Asks the browser to give the context back.
    event.preventDefault();
    this.#lost = true;
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#callbacks.onContextLost?.();
  }

  #onRestored() {
    this.#lost = false;
    this.#stage.restore();
    this.#invalidate();
    this.#callbacks.onContextRestored?.();
  }

  /** @param {import("./boxing.js").Rect} rect */
  #boxed(rect) {
    this.#settle();
    const { camera } = this.#rig;
    camera.updateMatrixWorld();
    const view = { camera, width: this.#stage.width, height: this.#stage.height };
    const found = boxed(this.#store, this.#instances, this.#captions.layer, view, rect);
    return Uint32Array.from(found.filter((slot) => !this.#picker.locked.has(slot)));
  }

  /** @param {{x: number, y: number} | null} at */
  #hover(at) {
    const { engaged } = this.#handles;
    const { slot, point } = at && !engaged ? this.#find(at.x, at.y) : NOTHING;
    this.#canvas.style.cursor = this.#marquee.armed ? "crosshair" : engaged ? "grab" : slot >= 0 ? "pointer" : "";
    this.#callbacks.onPoint?.(point?.x ?? NaN, point?.y ?? NaN, point?.z ?? NaN);
    if (slot === this.#hovered) return;
    this.#hovered = slot;
    this.#peers.hover(slot);
    this.#peers.syncHover(this.#rig.camera, this.#stage.width, this.#stage.height);
    // Where drawing is slow, a frame for every object the pointer crosses would lag behind it.
    if (!this.#stage.low) {
      this.#selection.hover(slot);
      this.#invalidate();
    }
    this.#callbacks.onHover?.(slot);
  }
}

/** What is in a picture: the objects, the marks of the view beside them, and what a person can take hold of. */
const SHOWN = Object.freeze({ objects: 0, marks: 1, all: 2 });

const NOTHING = Object.freeze({ slot: -1, point: null });

/** @param {string} label */
function makeCanvas(label) {
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  // Not "img": it takes keys while it has the focus.
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", label);
  canvas.setAttribute("aria-description", "Arrow keys turn the view, plus and minus zoom. Hold the right button to look around and fly with W, A, S, D, E and Q.");
  const fill = { display: "block", width: "100%", height: "100%", outlineOffset: "-2px" };
  Object.assign(canvas.style, fill, { touchAction: "none" });
  return canvas;
}
