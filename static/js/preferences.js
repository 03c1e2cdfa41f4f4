// What the reader has set for being told of messages, kept in the browser and shared by its
// tabs. Refs, read by notify.js, title.js and whoever draws them; theme and language have
// files of their own.

import { ref } from "./html.js";
import { onChangeElsewhere, recall, remember } from "./storage.js";

const isBoolean = (value) => typeof value === "boolean";

function preference(name, otherwise, isValid) {
  const read = (value) => (isValid(value) ? value : otherwise);
  const value = ref(read(recall(name)));
  onChangeElsewhere(name, (changed) => { value.value = read(changed); });
  return value;
}

// Wanted at all; the browser has to allow it too.
export const notifications = preference("notify.on", true, isBoolean);
export const sound = preference("notify.sound", false, isBoolean);
// Nothing is read out but what mentions one.
export const quiet = preference("notify.quiet", false, isBoolean);
// Room to "all", "mentions" or "muted", where it was chosen.
const rooms = preference("notify.rooms", {}, (value) => value !== null && typeof value === "object" && !Array.isArray(value));

const names = new Map([[notifications, "notify.on"], [sound, "notify.sound"], [quiet, "notify.quiet"]]);

export function prefer(preferred, value) {
  preferred.value = value;
  remember(names.get(preferred), value);
}

export const ROOM_SETTINGS = ["all", "mentions", "muted"];

// kind: of the room, "room" or "direct"; what somebody writes to one alone is meant for one.
export function roomSetting(room, kind = "room") {
  const chosen = Object.hasOwn(rooms.value, room) ? rooms.value[room] : null;
  return ROOM_SETTINGS.includes(chosen) ? chosen : kind === "direct" ? "all" : "mentions";
}

export function setRoomSetting(room, setting) {
  rooms.value = { ...rooms.value, [room]: setting };
  remember("notify.rooms", rooms.value);
}
