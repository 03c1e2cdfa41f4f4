// The one door to the vendored packages: Vue's runtime (no template compiler, so
// no eval and a strict content policy) and htm, which turns tagged templates into
// Vue's h() calls. Everything else imports from here, never from vendor/.

import {
  createApp, reactive, shallowReactive, ref, shallowRef, triggerRef, computed, watch,
  onMounted, onUnmounted, onUpdated, nextTick, h,
} from "../vendor/vue-3.5.45.runtime.esm-browser.prod.js";
import htm from "../vendor/htm-3.1.1.module.js";

// h() prints a lone `false` child as the word "false"; a list of children does
// not, so `condition && html`...`` may stand anywhere. A lone plain object is a
// set of slots for a component and goes through as it is.
function element(type, props, ...children) {
  if (children.length === 0) return h(type, props);
  const [only] = children;
  const isSlots = children.length === 1 && typeof type !== "string"
    && only !== null && typeof only === "object" && !Array.isArray(only) && !only.__v_isVNode;
  return h(type, props, isSlots ? only : children);
}

export const html = htm.bind(element);
export {
  createApp, reactive, shallowReactive, ref, shallowRef, triggerRef, computed, watch,
  onMounted, onUnmounted, onUpdated, nextTick,
};
