// Runs before anything is drawn, so that a page whose user has chosen a theme never flashes in another.
// The program takes over from here: web/src/theme.rs has the same key and values.
try {
  document.documentElement.dataset.theme = localStorage.getItem("vws.theme") ?? "system";
} catch {
  // Nothing may be stored here: the theme is the system's.
}
