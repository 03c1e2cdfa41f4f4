// One file that is open on the page: how it is, up to where it was received, and which
// part of it the page has. LogSession moves the live end, Past the rest.

export const COLOURS = 8;

export function freshTrack(file, colour) {
  return {
    file,
    colour,
    phase: "asked",   // "asked" | "opened" | "waiting" | "gone" | "denied" | "refused"
    since: null,      // following since, ms
    how: "",          // "inotify" | "polling"
    encoding: "",     // of the file, as the server reads it
    size: null,       // of this generation, bytes, as last heard
    problem: null,    // { code, message } of a refusal
    binary: false,
    lost: false,      // the place to go on from is gone
    told: false,      // the server has answered to our open; what came before was for an earlier one
    liveFrom: 0,      // lines that begin before this were in the file already: not counted as arriving now
    freshFrom: 0,     // lines that begin before this were there when the reader looked first: not new to them
    position: null,   // { generation, next } of the live end
    first: null,      // { generation, offset } where the page's part begins
    older: undefined, // what was rotated away before that generation: { name, generation }; null: nothing; undefined: nobody asked
    cuts: 0,          // of the store, when `first` was right
    start: false,     // there is nothing before it in its generation
    wasRead: false,   // the past was read: the reader is told where it begins
    last: null,       // in the past: { generation, next } where the page's part ends
    end: false,       // in the past: there is nothing behind it yet
  };
}

// As after it was opened anew.
export function forget(track) {
  const { file, colour } = track;
  Object.assign(track, freshTrack(file, colour));
}

// Whether the server will say nothing more of the file's past.
export const isSettled = ({ phase, told, position, liveFrom }) => (
  ["waiting", "gone", "denied", "refused"].includes(phase) || (told && position !== null && position.next >= liveFrom));
