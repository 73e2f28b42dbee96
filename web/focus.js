// The focus is never lost. What has it may go away or be disabled: a row that is deleted, a button that has done all
// that there was to do. Browsers then give it to nobody, and who works with the keyboard begins anew at the top of the
// page. Here the nearest place around it takes it, so that the next Tab goes on from there.

/** Places that a person knows by name; one of them around what is gone takes the focus. */
const PLACES = "dialog, main, header, footer, nav, section, form, [role=dialog], [tabindex]";

/** What had the focus last, and what it was in, from the inside out. */
let trail = [];
/** The same of before a dialog took it: what is gone with a closed dialog leads there. */
let outside = [];

function around(element) {
  const all = [];
  for (let at = element; at instanceof Element; at = at.parentElement) all.push(at);
  return all;
}

/** Whether an element can have the focus no more. */
const isGone = (element) => !element.isConnected || element.matches(":disabled") || !element.checkVisibility();

function mend() {
  if (trail.some((element) => element.matches("dialog") && isGone(element))) {
    trail = outside;
    outside = [];
  }
  const [had, ...places] = trail;
  const holder = document.activeElement;
  const isHeld = holder !== null && holder !== document.body && !holder.matches(":disabled");
  if (had === undefined || isHeld || !isGone(had)) return;
  const isFree = (place) => place.matches(PLACES) && !isGone(place) && place.closest("[inert]") === null;
  const place = places.find(isFree) ?? document.querySelector("main");
  if (!place) return;
  if (place.tabIndex < 0) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

document.addEventListener("focusin", ({ target }) => {
  const dialog = target.closest("dialog");
  if (dialog && !trail.includes(dialog)) outside = trail;
  trail = around(target);
});

// Who leaves it by themselves has not lost it. Whether it is gone is known only afterwards.
document.addEventListener("focusout", ({ target, relatedTarget }) => {
  if (relatedTarget !== null) return;
  setTimeout(() => {
    if (trail[0] === target && !isGone(target)) trail = [];
  });
});

new MutationObserver(() => {
  mend();
  // What is disabled keeps the focus until the next picture.
  requestAnimationFrame(() => setTimeout(mend));
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled", "hidden"] });
