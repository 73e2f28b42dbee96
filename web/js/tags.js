// Names of others over the view: at their cameras, at their pointers, at what they have selected. Plain DOM, so
// that they are sharp, can be pressed, and are absent from screenshots. Each element is kept for its peer.

/** Names at cameras that are shown at once; those further away are counted with their neighbours or left out. */
const MOST_NAMES = 24;
/** Names closer to each other on screen than this, in CSS pixels, become one that says how many more there are. */
const APART = Object.freeze({ x: 96, y: 18 });
/** Names that are listed at one object. */
const MOST_SELECTING = 3;

const FONT = "600 11px/1.3 ui-sans-serif, system-ui, sans-serif";

/**
 * @typedef {object} Face
 * @property {string} id
 * @property {string} name
 * @property {number[]} color sRGB 0..1
 */

/**
 * @typedef {object} Spot
 * @property {Face} face
 * @property {number} x CSS pixels from the left; of what the name belongs to
 * @property {number} y CSS pixels from the top
 * @property {number} lift CSS pixels that the name stands above it
 * @property {number} depth distance from the camera
 * @property {number} opacity
 */

/**
 * Which names are shown where: nearest first, names that would cover each other as one. Pure.
 * @param {Spot[]} spots
 * @returns {{spot: Spot, more: number}[]} `more`: the others that it stands for
 */
export function arrange(spots) {
  /** @type {{spot: Spot, more: number}[]} */
  const shown = [];
  for (const spot of [...spots].sort((a, b) => a.depth - b.depth)) {
    const y = spot.y - spot.lift;
    const near = shown.find(({ spot: other }) => Math.abs(other.x - spot.x) < APART.x && Math.abs(other.y - other.lift - y) < APART.y);
    if (near) near.more++;
    else if (shown.length < MOST_NAMES) shown.push({ spot, more: 0 });
  }
  return shown;
}

/**
 * Whether dark text is read better than light on a colour, by relative luminance (WCAG 2.2). Pure.
 * @param {number[]} color sRGB 0..1
 */
export function takesDarkText(color) {
  const [r, g, b] = color.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179;
}

/** The layer of names. */
export class Tags {
  /**
   * @param {HTMLElement} container of the view; positioned
   * @param {(id: string) => void} press a name at a camera was pressed
   */
  constructor(container, press) {
    this.press = press;
    this.root = document.createElement("div");
    Object.assign(this.root.style, { position: "absolute", inset: "0", overflow: "hidden", pointerEvents: "none", font: FONT });
    this.root.dataset.testid = "peer-tags";
    /** @type {Map<string, HTMLButtonElement>} */
    this.names = new Map();
    /** @type {Map<string, HTMLElement>} */
    this.dots = new Map();
    this.selecting = document.createElement("div");
    Object.assign(this.selecting.style, { position: "absolute", left: "0", top: "0", display: "none", gap: "3px", whiteSpace: "nowrap" });
    this.selecting.dataset.testid = "peer-selecting";
    this.root.append(this.selecting);
    /** What `selecting` says, so that it is made anew only when that changes. */
    this.said = "";
    container.append(this.root);
  }

  /** @param {Spot[]} spots of the cameras in view */
  setNames(spots) {
    const shown = arrange(spots);
    const ids = new Set(shown.map(({ spot }) => spot.face.id));
    for (const [id, element] of this.names) if (!ids.has(id)) hide(element);
    for (const { spot, more } of shown) {
      let element = this.names.get(spot.face.id);
      if (!element) {
        element = this.#makeName(spot.face.id);
        this.names.set(spot.face.id, element);
      }
      paint(element, spot.face);
      setText(element, more > 0 ? `${spot.face.name} +${more}` : spot.face.name);
      const label = `Follow ${spot.face.name}`;
      if (element.title !== label) {
        element.title = label;
        element.setAttribute("aria-label", label);
      }
      show(element, `translate(${spot.x.toFixed(1)}px, ${(spot.y - spot.lift).toFixed(1)}px) translate(-50%, -100%)`, spot.opacity);
    }
  }

  /** @param {Spot[]} spots of the pointers in view */
  setPointers(spots) {
    const ids = new Set(spots.map(({ face }) => face.id));
    for (const [id, element] of this.dots) if (!ids.has(id)) hide(element);
    const named = new Set(arrange(spots.map((spot) => ({ ...spot, x: spot.x + 24 }))).map(({ spot }) => spot.face.id));
    for (const { face, x, y, opacity } of spots) {
      let element = this.dots.get(face.id);
      if (!element) {
        element = this.#makeDot(face.id);
        this.dots.set(face.id, element);
      }
      const [dot, name] = /** @type {HTMLCollectionOf<HTMLElement>} */ (element.children);
      dot.style.background = css(face.color);
      paint(name, face);
      setText(name, face.name);
      name.style.display = named.has(face.id) ? "" : "none";
      show(element, `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`, opacity);
    }
  }

  /**
   * The people who have selected the object under the pointer.
   * @param {Face[]} faces none: nothing is shown
   * @param {{x: number, y: number} | null} at the object's upper end
   */
  setSelecting(faces, at) {
    if (faces.length === 0 || !at) return hide(this.selecting);
    const text = JSON.stringify(faces.map(({ name, color }) => [name, color]));
    if (text !== this.said) {
      this.said = text;
      const chips = faces.slice(0, MOST_SELECTING).map((face) => {
        const chip = makeChip("span");
        paint(chip, face);
        setText(chip, face.name);
        return chip;
      });
      if (faces.length > MOST_SELECTING) {
        const chip = makeChip("span");
        Object.assign(chip.style, { background: "rgb(60 68 80)", color: "#fff" });
        setText(chip, `+${faces.length - MOST_SELECTING}`);
        chips.push(chip);
      }
      this.selecting.replaceChildren(...chips);
    }
    this.selecting.style.display = "flex";
    this.selecting.style.transform = `translate(${at.x.toFixed(1)}px, ${(at.y - 8).toFixed(1)}px) translate(-50%, -100%)`;
  }

  /** @param {string} id one that has left */
  drop(id) {
    this.names.get(id)?.remove();
    this.names.delete(id);
    this.dots.get(id)?.remove();
    this.dots.delete(id);
  }

  dispose() {
    this.root.remove();
  }

  /** @param {string} id */
  #makeName(id) {
    const element = /** @type {HTMLButtonElement} */ (makeChip("button"));
    element.type = "button";
    // The list of people has the same for the keyboard; a name that moves is no place to stop at.
    element.tabIndex = -1;
    element.dataset.testid = "peer-tag";
    element.dataset.peer = id;
    Object.assign(element.style, { position: "absolute", left: "0", top: "0", pointerEvents: "auto", cursor: "pointer" });
    element.addEventListener("click", () => this.press(id));
    this.root.append(element);
    return element;
  }

  /** @param {string} id */
  #makeDot(id) {
    const element = document.createElement("div");
    element.dataset.testid = "peer-pointer";
    element.dataset.peer = id;
    Object.assign(element.style, { position: "absolute", left: "0", top: "0" });
    const dot = document.createElement("span");
    const round = { position: "absolute", left: "-6px", top: "-6px", width: "8px", height: "8px", borderRadius: "50%" };
    Object.assign(dot.style, round, { border: "2px solid #fff", boxShadow: "0 0 0 1px rgb(0 0 0 / 40%), 0 1px 4px rgb(0 0 0 / 40%)" });
    const name = makeChip("span");
    Object.assign(name.style, { position: "absolute", left: "10px", top: "4px" });
    element.append(dot, name);
    this.root.append(element);
    return element;
  }
}

/** @param {"button" | "span"} tag */
function makeChip(tag) {
  const chip = document.createElement(tag);
  const box = { display: "block", padding: "1px 7px", border: "0", borderRadius: "9px", font: FONT, maxWidth: "160px" };
  const text = { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "pre" };
  Object.assign(chip.style, box, text, { boxShadow: "0 0 0 1px rgb(0 0 0 / 25%), 0 1px 4px rgb(0 0 0 / 30%)" });
  return chip;
}

/** @param {number[]} color */
const css = (color) => `rgb(${color.map((v) => Math.round(v * 255)).join(" ")})`;

/**
 * @param {HTMLElement} element
 * @param {Face} face
 */
function paint(element, { color }) {
  const background = css(color);
  if (element.dataset.paint === background) return;
  element.dataset.paint = background;
  element.style.background = background;
  element.style.color = takesDarkText(color) ? "#161b23" : "#fff";
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {HTMLElement} element
 * @param {string} transform
 * @param {number} opacity
 */
function show(element, transform, opacity) {
  element.style.display = "";
  element.style.transform = transform;
  element.style.opacity = opacity.toFixed(2);
}

/**
 * @param {HTMLElement} element
 */
function hide(element) {
  element.style.display = "none";
}
