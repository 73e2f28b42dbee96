// A rectangle that is drawn with the pointer to select what is in it.

import { DRAG } from "./pointer.js";

/** @typedef {import("./boxing.js").Rect} Rect */

/** The rectangle, from the press to the release. */
export class Marquee {
  /**
   * @param {HTMLElement} container positioned
   * @param {HTMLElement} element what takes the pointer
   * @param {object} on
   * @param {(rect: Rect, additive: boolean) => void} on.box
   * @param {(event: PointerEvent) => void} on.click a press with Shift that was no drag
   * @param {(armed: boolean) => void} on.armed whether the next drag is a rectangle
   */
  constructor(container, element, on) {
    this.element = element;
    this.on = on;
    this.armed = false;
    /** @type {{id: number, x: number, y: number, at: {x: number, y: number}, drawn: boolean, armed: boolean, type: string} | null} */
    this.drag = null;
    this.frame = document.createElement("div");
    Object.assign(this.frame.style, { position: "absolute", display: "none", pointerEvents: "none", border: "1px solid", borderRadius: "2px", boxSizing: "border-box" });
    this.frame.dataset.marquee = "";
    container.append(this.frame);
    this.abort = new AbortController();
    const { signal } = this.abort;
    element.addEventListener("pointermove", (event) => this.#move(event), { signal });
    element.addEventListener("pointerup", (event) => this.#up(event), { signal });
    element.addEventListener("pointercancel", () => this.#end(), { signal });
    element.addEventListener("lostpointercapture", () => this.#end(), { signal });
    // Before anything else hears of it: Esc of the page is not meant.
    const escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || (!this.drag && !this.armed)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.arm(false);
      this.#end();
    };
    addEventListener("keydown", escape, { signal, capture: true });
  }

  /** @param {boolean} armed whether the next drag is a rectangle, wherever it begins */
  arm(armed) {
    if (armed === this.armed) return;
    this.armed = armed;
    this.element.style.cursor = armed ? "crosshair" : "";
    this.on.armed(armed);
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    const [r, g, b] = theme.accent.map((v) => Math.round(v * 255));
    this.frame.style.borderColor = `rgb(${r} ${g} ${b})`;
    this.frame.style.background = `rgb(${r} ${g} ${b} / 14%)`;
  }

  /**
   * A pointer has come down that nothing else takes.
   * @param {PointerEvent} event
   * @returns {boolean} whether this takes it
   */
  press(event) {
    if (this.drag) {
      // A second finger makes it a gesture of the camera's, which it was not meant to be.
      this.#end();
      return true;
    }
    if (event.button !== 0 || (!this.armed && !event.shiftKey)) return false;
    const at = this.#place(event);
    this.drag = { id: event.pointerId, x: event.clientX, y: event.clientY, at, drawn: false, armed: this.armed, type: event.pointerType };
    this.element.setPointerCapture(event.pointerId);
    return true;
  }

  dispose() {
    this.abort.abort();
    this.frame.remove();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { drag } = this;
    if (!drag || event.pointerId !== drag.id) return;
    const bound = DRAG[/** @type {keyof typeof DRAG} */ (drag.type)] ?? DRAG.mouse;
    drag.drawn ||= Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > bound;
    if (!drag.drawn) return;
    const { x0, y0, x1, y1 } = this.#rect(event);
    Object.assign(this.frame.style, { display: "block", left: `${x0}px`, top: `${y0}px`, width: `${x1 - x0}px`, height: `${y1 - y0}px` });
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const { drag } = this;
    if (!drag || event.pointerId !== drag.id) return;
    const rect = this.#rect(event);
    this.#end();
    this.arm(false);
    if (drag.drawn) this.on.box(rect, event.ctrlKey || event.metaKey);
    else if (!drag.armed) this.on.click(event);
  }

  #end() {
    this.drag = null;
    this.frame.style.display = "none";
  }

  /**
   * @param {PointerEvent} event
   * @returns {Rect}
   */
  #rect(event) {
    const from = /** @type {NonNullable<typeof this.drag>} */ (this.drag).at;
    const to = this.#place(event);
    return { x0: Math.min(from.x, to.x), y0: Math.min(from.y, to.y), x1: Math.max(from.x, to.x), y1: Math.max(from.y, to.y) };
  }

  /** @param {PointerEvent} event */
  #place(event) {
    const box = this.element.getBoundingClientRect();
    const within = (/** @type {number} */ v, /** @type {number} */ most) => Math.min(Math.max(v, 0), most);
    return { x: within(event.clientX - box.left, box.width), y: within(event.clientY - box.top, box.height) };
  }
}
