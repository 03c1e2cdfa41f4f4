// Where a small window goes beside what it belongs to. Pure.

const GAP = 6;
const MARGIN = 8;

// anchor: a rectangle as getBoundingClientRect() gives it; size: { width, height } of the
// window; view: { width, height } of the page. Below if there is room, else above, else
// where more room is; its right edge at the anchor's, moved to where all of it can be seen.
export function placeBeside(anchor, size, view) {
  const below = view.height - MARGIN - (anchor.bottom + GAP);
  const above = anchor.top - GAP - MARGIN;
  const goesBelow = size.height <= below || (size.height > above && below >= above);
  const top = goesBelow ? anchor.bottom + GAP : anchor.top - GAP - size.height;
  const left = anchor.left + size.width <= view.width - MARGIN && anchor.left < view.width / 2 ? anchor.left : anchor.right - size.width;
  return {
    left: within(left, MARGIN, view.width - MARGIN - size.width),
    top: within(top, MARGIN, view.height - MARGIN - size.height),
  };
}

const within = (value, least, most) => Math.max(least, Math.min(value, most));
