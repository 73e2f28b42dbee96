// The press that gives a one-line field the focus selects all that it says, as Tab does: what is typed next takes its
// place. A further press puts the caret where it is; a drag selects what it goes over.

let fresh;

document.addEventListener("pointerdown", ({ target }) => {
  const field = target.closest("label")?.control ?? target;
  fresh = field !== document.activeElement && field.matches("input.input[type=text]") && field;
});

document.addEventListener("click", ({ target }) => {
  if (target !== fresh) return;
  fresh = null;
  if (target.selectionStart === target.selectionEnd) target.select();
});
