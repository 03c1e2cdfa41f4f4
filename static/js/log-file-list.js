// The list of files at the left: folders, size, how long ago each changed, and a dot for one
// that has just grown; rotated ones are folded under their file. A click shows a file alone;
// the switch at its end takes it into the view of several, where each has a colour. Its keys
// are those of log-file-keys.js.

import { html, onMounted, onUnmounted, onUpdated, ref } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { icon } from "./icons.js";
import { createFileKeys } from "./log-file-keys.js";
import { formatAge, formatSize } from "./log-words.js";

const ACTIVE_MS = 10_000;
const MANY = 12; // from so many files on there is a field to find one

const folderOf = (name) => (name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "");

// [{ folder, files }]: a folder of its own where at least two files are in it, all else together before them.
export function groupFiles(files) {
  const counts = new Map();
  for (const { name } of files) counts.set(folderOf(name), (counts.get(folderOf(name)) ?? 0) + 1);
  const groups = new Map([["", []]]);
  for (const file of files) {
    const folder = folderOf(file.name);
    const key = counts.get(folder) > 1 ? folder : "";
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(file);
  }
  return Array.from(groups, ([folder, members]) => ({ folder, files: members })).filter(({ files: members }) => members.length > 0);
}

// Those whose name has all the words, without regard to capital letters.
export function findFiles(files, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return files.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
}

// Without those that stand below their file, as rotated ones, unless they are open.
export function withoutSiblings(files, open) {
  const below = new Set(files.flatMap(({ siblings }) => (siblings ?? []).map(({ name }) => name)));
  return files.filter(({ name }) => !below.has(name) || open.includes(name));
}

export const FileList = {
  // machine: whose files they are, "" if there is one only; files: [{ name, size, modified, grewAt, siblings }] or null; open: names; colours: { name: 0..7 }; href(name).
  props: { files: Array, machine: String, open: Array, colours: Object, href: Function },
  emits: ["choose", "toggle", "sibling"],
  setup(props, { emit }) {
    const now = ref(Date.now());
    const wanted = ref("");
    const shut = ref(new Set());     // folders
    const unfolded = ref(new Set()); // files whose rotated ones are shown
    const list = ref(null);
    const keys = createFileKeys(list);
    let clock = null;
    onMounted(() => {
      clock = setInterval(() => { now.value = Date.now(); }, 1000);
      keys.settle();
    });
    onUpdated(keys.settle);
    onUnmounted(() => clearInterval(clock));

    const flip = (set, name) => {
      const next = new Set(set.value);
      if (!next.delete(name)) next.add(name);
      set.value = next;
    };
    // A click with a key held goes where the browser takes it: another tab.
    const pressed = (event, action) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      action();
    };

    const dot = ({ grewAt }) => {
      const isActive = grewAt !== null && grewAt !== undefined && now.value - grewAt < ACTIVE_MS;
      return html`<span class=${["log-dot", isActive && "is-active"]} title=${isActive ? t("logfiles.growing") : null}>
        ${isActive && html`<span class="visually-hidden">${t("logfiles.growing")}</span>`}</span>`;
    };
    // modified: ms, or as the server writes it; null: not known.
    const age = (modified) => {
      const ms = typeof modified === "string" ? Date.parse(modified) : modified ?? NaN;
      return Number.isNaN(ms) ? "" : formatAge(now.value - ms);
    };

    const mergeSwitch = (name, isOpen) => {
      const colour = props.colours?.[name];
      const isMerged = isOpen && props.open.length > 1;
      const words = t(isOpen ? "logfiles.takeOut" : "logfiles.takeIn", { file: name });
      return html`
        <button type="button" class=${["log-merge", isMerged && "is-on", colour !== undefined && `is-file-${colour}`]} aria-pressed=${String(isOpen)}
          disabled=${isOpen && props.open.length === 1} title=${words} aria-label=${words} onClick=${() => emit("toggle", name)}>${icon(isMerged ? "check" : "plus")}</button>`;
    };
    const item = (folder) => (file) => {
      const { name, size, modified, siblings } = file;
      const isOpen = props.open.includes(name);
      const label = folder === "" ? name : name.slice(folder.length + 1);
      return html`
        <li key=${name} class=${["log-file-row", isOpen && "is-open"]}>
          <a class="side-item log-file" href=${props.href(name)} aria-current=${isOpen ? "true" : null} title=${name}
            onClick=${(event) => pressed(event, () => emit("choose", name))}>
            ${dot(file)}
            <bdi class="log-file-name">${label}</bdi>
            <span class="log-file-size">${size === null ? t("logfiles.missing") : formatSize(size)}</span>
            <span class="log-file-age">${age(modified)}</span>
          </a>
          ${mergeSwitch(name, isOpen)}
          ${siblings?.length > 0 && older(file)}
        </li>`;
    };
    const older = ({ name, siblings }) => {
      const isShown = unfolded.value.has(name);
      return html`
        <button type="button" class="log-older" aria-expanded=${String(isShown)} onClick=${() => flip(unfolded, name)}>
          <span aria-hidden="true">${isShown ? "▾" : "▸"}</span> ${t("logfiles.older", { count: siblings.length })}</button>
        ${isShown && html`<ul class="log-siblings">${siblings.map((sibling) => html`
          <li key=${sibling.name}><button type="button" class="side-item log-sibling" title=${t("logfiles.openOlder", { name: sibling.name })} onClick=${() => emit("sibling", name, sibling)}>
            <bdi class="log-file-name">${sibling.name.slice(sibling.name.lastIndexOf("/") + 1)}</bdi>
            <span class="log-file-size">${formatSize(sibling.size ?? 0)}</span><span class="log-file-age">${age(sibling.modified)}</span></button></li>`)}</ul>`}`;
    };
    const group = ({ folder, files }) => {
      if (folder === "") return html`<ul key="" class="log-files" aria-label=${t("logfiles.files")}>${files.map(item(""))}</ul>`;
      const isShut = shut.value.has(folder);
      return html`
        <section key=${folder} class="log-folder">
          <h3><button type="button" class="log-folder-name" aria-expanded=${String(!isShut)} onClick=${() => flip(shut, folder)}>
            <span aria-hidden="true">${isShut ? "▸" : "▾"}</span><bdi>${folder}</bdi><span class="log-folder-count">${formatNumber(files.length)}</span></button></h3>
          ${!isShut && html`<ul class="log-files" aria-label=${folder}>${files.map(item(folder))}</ul>`}
        </section>`;
    };

    return () => {
      const all = props.files ?? [];
      const files = findFiles(wanted.value === "" ? withoutSiblings(all, props.open) : all, wanted.value);
      return html`
        <h2 class="side-title log-files-title">${props.machine ? t("logfiles.filesOn", { machine: props.machine }) : t("logfiles.files")}</h2>
        ${props.files?.length === 0 && html`<p class="log-no-files">${t("logfiles.none")}</p>`}
        ${all.length >= MANY && html`<div class="log-find-file"><input type="search" autocomplete="off" spellcheck="false" placeholder=${t("logfiles.find")} aria-label=${t("logfiles.find")}
          value=${wanted.value} onInput=${(event) => { wanted.value = event.target.value; }} /></div>`}
        <div ref=${list} onKeydown=${keys.keyed} onFocusin=${keys.focused}>${groupFiles(files).map(group)}</div>
        ${all.length > 0 && files.length === 0 && html`<p class="log-no-files" role="status">${t("logfiles.noneFound")}</p>`}`;
    };
  },
};
