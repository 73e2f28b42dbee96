// A long press of a finger on a row of a tree is what a click with Ctrl is: one more is selected, or one less.
// The 3D view has its own: web/js/pointer.js.

/** How long, in milliseconds. */
const LONG_MS = 500;
/** A finger that moves further than this, in CSS pixels, scrolls. */
const STILL = 10;

let press = null;
/** The click that the finger makes when it is lifted is not one. */
let swallow = false;

function end() {
  clearTimeout(press?.timer);
  press = null;
}

function choose(row, { clientX, clientY }) {
  press = null;
  swallow = true;
  navigator.vibrate?.(10);
  row.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, composed: true, ctrlKey: true, clientX, clientY }));
}

document.addEventListener("pointerdown", (event) => {
  end();
  swallow = false;
  const row = event.target.closest?.("[role=treeitem]");
  if (event.pointerType !== "touch" || !event.isPrimary || !row) return;
  press = { x: event.clientX, y: event.clientY, timer: setTimeout(() => choose(row, event), LONG_MS) };
});

document.addEventListener("pointermove", ({ clientX, clientY }) => {
  if (press && Math.hypot(clientX - press.x, clientY - press.y) > STILL) end();
});

for (const type of ["pointerup", "pointercancel"]) document.addEventListener(type, end);

document.addEventListener(
  "click",
  (event) => {
    if (!swallow || !event.isTrusted) return;
    swallow = false;
    event.preventDefault();
    event.stopPropagation();
  },
  { capture: true },
);

document.addEventListener("contextmenu", (event) => {
  if (press || swallow) event.preventDefault();
});
