// The keys of the list of files. All of it is one stop of the Tab key, as there may be hundreds of files: up and down
// go from row to row, right from a file to its switch, left back. Home and End are the stream's, also from here.

// list: a ref to the element that holds the list. Answers { keyed, focused, settle }: settle() after each drawing.
export function createFileKeys(list) {
  let last = null; // the control that had the focus last
  const controls = () => Array.from(list.value.querySelectorAll("a, button:not(:disabled)"));
  const isSwitch = (control) => control.matches(".log-merge");

  const settle = () => {
    const all = controls();
    const stop = all.find((one) => one === last) ?? all.find((one) => one.hasAttribute("aria-current")) ?? all[0];
    for (const one of all) one.tabIndex = one === stop ? 0 : -1;
  };
  const focused = ({ target }) => {
    last = target;
    settle();
  };
  const besides = (control, step) => {
    const rows = controls().filter((one) => !isSwitch(one));
    return rows[rows.indexOf(isSwitch(control) ? control.previousElementSibling : control) + step];
  };
  const aim = (key, control) => {
    switch (key) {
      case "ArrowUp": return besides(control, -1);
      case "ArrowDown": return besides(control, 1);
      case "ArrowLeft": return isSwitch(control) ? control.previousElementSibling : null;
      case "ArrowRight": return control.nextElementSibling?.matches(".log-merge:not(:disabled)") ? control.nextElementSibling : null;
      default: return null;
    }
  };
  const keyed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const next = aim(event.key, event.target);
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return { keyed, focused, settle };
}
