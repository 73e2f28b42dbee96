// Whom a press on the view belongs to: the handles, a rectangle, a flight, or the camera's own controls.

import { MOUSE } from "three";

/**
 * Listens before the camera's controls do, which take what is left.
 * @param {HTMLElement} container
 * @param {HTMLCanvasElement} canvas inside it
 * @param {object} takers
 * @param {import("./handles.js").Handles} takers.handles
 * @param {import("./marquee.js").Marquee} takers.marquee
 * @param {import("./fly.js").Fly} takers.fly
 * @param {import("./camera.js").CameraRig} takers.rig
 * @param {AbortSignal} signal
 */
export function routePresses(container, canvas, { handles, marquee, fly, rig }, signal) {
  const press = (/** @type {PointerEvent} */ event) => {
    if (event.target !== canvas) return;
    rig.controls.mouseButtons = buttons(event);
    const free = !handles.drag && !fly.flight;
    const boxes = free && (marquee.armed || marquee.drag || !handles.meets(event));
    if ((boxes && marquee.press(event)) || (free && !event.shiftKey && fly.press(event))) {
      event.stopPropagation();
    } else handles.press(event);
  };
  container.addEventListener("pointerdown", press, { signal, capture: true });
  // Chromium scrolls with the middle button otherwise.
  canvas.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault(), { signal });
}

/**
 * What the camera's controls do with the buttons: the left one turns, the middle one and Shift with the right one
 * move. To them a modifier makes turning of moving and the other way round.
 * @param {PointerEvent} event
 */
function buttons({ shiftKey, ctrlKey, metaKey }) {
  const moves = shiftKey || ctrlKey || metaKey ? MOUSE.ROTATE : MOUSE.PAN;
  return { LEFT: MOUSE.ROTATE, MIDDLE: moves, RIGHT: shiftKey ? moves : null };
}
