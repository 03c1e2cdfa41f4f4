// Two ways not to do a thing too often.

// At most once in so many ms, and once after the last call.
export function throttled(ms, run, timers = globalThis) {
  let timer = null;
  return () => {
    timer ??= timers.setTimeout(() => {
      timer = null;
      run();
    }, ms);
  };
}

// When it was not called for so many ms; the second function does it now if it was to be done.
export function later(ms, run, timers = globalThis) {
  let timer = null;
  const now = () => {
    timers.clearTimeout(timer);
    timer = null;
    run();
  };
  const soon = () => {
    timers.clearTimeout(timer);
    timer = timers.setTimeout(now, ms);
  };
  return [soon, now];
}
