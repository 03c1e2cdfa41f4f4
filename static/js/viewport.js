// The height that is left over a phone's keyboard. Where the browser makes the page
// smaller itself (interactive-widget in the page's head) there is nothing to do; Safari
// lays the keyboard over the page and moves that up, so that the head is out of sight. Told
// to the style sheet as --view-height.

const KEYBOARD = 120; // px: less is a browser's own bar

export function followKeyboard(viewport = globalThis.visualViewport) {
  if (!viewport) return;
  const follow = () => {
    const covered = innerHeight - viewport.height * viewport.scale;
    const { style } = document.documentElement;
    if (covered < KEYBOARD || viewport.scale !== 1) style.removeProperty("--view-height");
    else {
      style.setProperty("--view-height", `${viewport.height}px`);
      scrollTo(0, 0);
    }
  };
  viewport.addEventListener("resize", follow);
}
