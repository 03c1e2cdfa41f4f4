// A window over the page on the browser's own <dialog>: it keeps the focus inside, closes
// with Escape and with a press beside it, and gives the focus back. In the middle; with an
// `anchor` (an element) beside that, or along the bottom of a phone.
//
//   html`<${Dialog} label="Settings" onClose=${...}>${{ default: () => ... }}<//>`
//
// `heading`: the label stands on top with a button that closes. Mount it to open it. What
// it leads to should be done after dismiss(): only then the page below can take the focus.

import { html, onMounted, onUnmounted, ref } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { placeBeside } from "./placing.js";

let opened = 0;

export const Dialog = {
  props: { label: String, heading: Boolean, anchor: Object },
  emits: ["close"],
  setup(props, { emit, slots, expose }) {
    const box = ref(null);
    const opener = document.activeElement;

    const place = () => {
      if (!props.anchor?.isConnected) return;
      const { offsetWidth: width, offsetHeight: height } = box.value;
      const { left, top } = placeBeside(props.anchor.getBoundingClientRect(), { width, height }, { width: innerWidth, height: innerHeight });
      Object.assign(box.value.style, { left: `${left}px`, top: `${top}px` });
    };

    // The message it belongs to stays marked, also when another window takes its place. It takes
    // the focus if the button that was pressed is gone by then: a message has its buttons only
    // while it is pointed at or focused.
    const row = (props.anchor ?? opener)?.closest(".message");
    const mark = String(opened += 1);
    onMounted(() => {
      box.value.showModal();
      place();
      row?.setAttribute("data-acting", mark);
      addEventListener("resize", place);
    });
    onUnmounted(() => {
      if (row?.getAttribute("data-acting") === mark) row.removeAttribute("data-acting");
      removeEventListener("resize", place);
      // Taken out of the page without being closed: the browser does not give the focus back then.
      const back = opener?.isConnected ? opener : row;
      if (document.activeElement === document.body) back?.focus?.({ preventScroll: true });
    });

    // Told at once: the browser's own event comes later, when it may be open again already.
    let isClosed = false;
    const dismiss = () => {
      if (isClosed) return;
      isClosed = true;
      box.value?.close();
      emit("close");
    };
    const cancelled = (event) => {
      event.preventDefault();
      dismiss();
    };
    // Beside it both pressed and let go: who marks a text may let go outside, and a finger's
    // press must not close it before the rest of the tap, which would go to what lies below.
    let isBeside = false;
    const besides = ({ target, clientX: x, clientY: y }) => {
      const { left, right, top, bottom } = box.value.getBoundingClientRect();
      return target === box.value && (x < left || x > right || y < top || y > bottom);
    };
    const pressed = (event) => { isBeside = besides(event); };
    const clicked = (event) => { if (isBeside && besides(event)) dismiss(); };
    expose({ dismiss });

    // The keys of the page are not meant while a window is open.
    return () => html`
      <dialog ref=${box} class=${["dialog", props.anchor && "is-anchored"]} aria-label=${props.label}
        onCancel=${cancelled} onClose=${dismiss} onPointerdown=${pressed} onClick=${clicked} onKeydown=${(event) => event.stopPropagation()}>
        ${props.heading && html`
          <header class="dialog-head">
            <h2>${props.label}</h2>
            <button type="button" class="icon-button" title=${t("dialog.close")} aria-label=${t("dialog.close")} onClick=${dismiss}>${icon("close")}</button>
          </header>`}
        ${slots.default?.({ dismiss })}
      </dialog>`;
  },
};
