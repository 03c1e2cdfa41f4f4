// Runs before the first paint (a plain script in the head, not a module), so a
// chosen theme does not flash in the other one. theme.js is the switch.

(function () {
  try {
    var theme = JSON.parse(localStorage.getItem("chatapp.theme"));
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) { /* storage is forbidden: the system's theme it is */ }
})();
