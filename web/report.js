// Copies the text of a fault: web/src/panic_overlay.rs shows it when the program has stopped, and then nothing of the
// program can do it.
document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copies]");
  const source = button && document.getElementById(button.dataset.copies);
  if (!source) return;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    // No clipboard for this page: the person copies what is selected.
    getSelection().selectAllChildren(source);
    button.textContent = "Selected: copy it";
  }
});
