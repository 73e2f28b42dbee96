// Clicks and hovering on the canvas, told apart from drags that turn the camera.

/** A finger that rests for so long, in milliseconds, chooses one more: it has no Ctrl. */
const LONG_PRESS_MS = 500;
/** A press that moves further than this, in CSS pixels, is a drag. */
export const DRAG = Object.freeze({ mouse: 4, touch: 10, pen: 6 });

/** Turns pointer events into picks. */
export class PointerInput {
  /**
   * @param {HTMLElement} element
   * @param {object} on
   * @param {(x: number, y: number, additive: boolean, taken: boolean) => void} on.click x, y: -1..1 from left to right and bottom
   *   to top; taken: on what is drawn over the objects
   * @param {() => boolean} on.taken whether a press belongs to something else that is drawn over the objects
   * @param {(at: {x: number, y: number} | null) => void} on.hover at most once per frame; null when the pointer has left
   */
  constructor(element, on) {
    this.element = element;
    this.on = on;
    this.abort = new AbortController();
    /** @type {{id: number, x: number, y: number, taken: boolean} | null} */
    this.press = null;
    this.timer = 0;
    /** @type {{x: number, y: number} | null} */
    this.at = null;
    this.request = 0;
    const listen = (/** @type {string} */ type, /** @type {(event: PointerEvent) => void} */ handler) =>
      element.addEventListener(type, /** @type {EventListener} */ (handler), { signal: this.abort.signal });
    listen("pointerdown", (event) => this.#down(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#up(event));
    listen("pointercancel", () => (this.press = null));
    listen("pointerleave", () => this.#hover(null));
  }

  dispose() {
    this.abort.abort();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.request);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    // A second finger makes it a gesture.
    const first = event.isPrimary && event.button === 0 && !this.press;
    this.press = first ? { id: event.pointerId, x: event.clientX, y: event.clientY, taken: this.on.taken() } : null;
    clearTimeout(this.timer);
    if (this.press && !this.press.taken && event.pointerType === "touch") this.timer = setTimeout(() => this.#rest(event), LONG_PRESS_MS);
  }

  /**
   * A finger has rested where it went down.
   * @param {PointerEvent} event
   */
  #rest(event) {
    if (!this.press) return;
    this.press = null;
    navigator.vibrate?.(10);
    const { x, y } = this.#place(event);
    this.on.click(x, y, true, false);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { press } = this;
    if (press && event.pointerId === press.id) {
      const bound = DRAG[/** @type {keyof typeof DRAG} */ (event.pointerType)] ?? DRAG.mouse;
      if (Math.hypot(event.clientX - press.x, event.clientY - press.y) > bound) this.press = null;
    }
    if (event.pointerType !== "touch" && event.buttons === 0) this.#hover(this.#place(event));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const { press } = this;
    this.press = null;
    clearTimeout(this.timer);
    if (!press || event.pointerId !== press.id) return;
    this.click(event, press.taken);
  }

  /**
   * @param {PointerEvent} event one that is a click, though somebody else took its press
   * @param {boolean} [taken] whether that is drawn over the objects
   */
  click(event, taken = false) {
    const { x, y } = this.#place(event);
    this.on.click(x, y, event.ctrlKey || event.metaKey || event.shiftKey, taken);
  }

  /** @param {{x: number, y: number} | null} at */
  #hover(at) {
    this.at = at;
    this.request ||= requestAnimationFrame(() => {
      this.request = 0;
      this.on.hover(this.at);
    });
  }

  /** @param {PointerEvent} event */
  #place(event) {
    const box = this.element.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * 2 - 1, y: 1 - ((event.clientY - box.top) / box.height) * 2 };
  }
}
