// The address of a room and of a message in it: /?room=NAME&at=SEQ. The main room needs
// no name. Pure.

import { MAIN, roomName } from "./rooms.js";

export function readAddress(search) {
  const params = new URLSearchParams(search);
  const at = Number(params.get("at"));
  return { room: roomName(params.get("room") ?? "") || MAIN, at: Number.isSafeInteger(at) && at > 0 ? at : null };
}

export function addressOf(base, room, at = null) {
  const params = new URLSearchParams();
  if (room !== MAIN || at) params.set("room", room);
  if (at) params.set("at", at);
  const query = params.toString();
  return `${base}/${query && "?"}${query}`;
}
