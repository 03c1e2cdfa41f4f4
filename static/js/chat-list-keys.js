// The arrow keys in the list of messages: from one to the next, also from a link or a button
// in one. Enter goes to what can be done with it, where the Tab key leads too.

export function stepRow(event, view) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const row = event.target.closest(".message");
  if (event.key === "Enter" && event.target === row) {
    const action = row.querySelector(".actions [tabindex='0']");
    if (!action) return;
    event.preventDefault();
    action.focus();
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const next = row ? neighbour(view, row, event.key === "ArrowDown" ? 1 : -1) : lastInView(view);
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
}

function neighbour(view, row, step) {
  const rows = Array.from(view.querySelectorAll(".message"));
  return rows[rows.indexOf(row) + step];
}

function lastInView(view) {
  const { bottom } = view.getBoundingClientRect();
  return Array.from(view.querySelectorAll(".message")).findLast((row) => row.getBoundingClientRect().top < bottom);
}
