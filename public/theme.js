// Before the first paint: the reader's own choice of theme, if there is one. "auto" is the absence of a choice.
let theme = null;
try {
  theme = localStorage.getItem("theme");
} catch {
  // Storage is switched off: the system decides.
}
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
