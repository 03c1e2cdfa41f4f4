// What a notice of the server means: for the track of its file (log-track.js), and whether
// it is worth a row in the stream. The rows' words are log-words.js's.

// The kind of the row; null: none. Ask before the notice is applied.
export function rowKind(track, { kind }) {
  switch (kind) {
    case "opened": return ["gone", "denied"].includes(track.phase) ? "back" : null; // the reader was told that it could not be read
    case "waiting": case "gone": case "denied": return track.phase === kind ? null : kind;
    case "binary": return track.binary ? null : kind;
    case "rotated": case "truncated": case "replaced": case "gap": case "dropped": return kind;
    default: return "other"; // a kind that this page does not know: the server's sentence
  }
}

// at: now, ms; frontCuts: the store's.
export function apply(track, message, at, frontCuts) {
  track.told = true;
  switch (message.kind) {
    case "opened": opened(track, message, at, frontCuts); break;
    case "rotated": case "truncated": case "replaced": begun(track, message, at); break;
    case "waiting": case "gone": case "denied":
      Object.assign(track, { phase: message.kind, since: null });
      if (message.kind === "waiting") track.position = null;
      break;
    case "gap": track.lost = true; break; // if this answers an opening, it says next where the lines begin
    case "dropped": skipped(track, message); break;
    case "binary": track.binary = true; break;
  }
}

function opened(track, { generation, offset, size, how, encoding }, at, frontCuts) {
  Object.assign(track, { phase: "opened", since: track.since ?? at, how: how ?? "", encoding: encoding ?? "", problem: null });
  // The answer to an earlier opening of this file may have come first; what it brought is not taken again.
  const isResumed = track.position?.generation === generation && !track.lost;
  const had = isResumed ? track.position.next : 0;
  Object.assign(track, { position: { generation, next: Math.max(offset, had) }, size, liveFrom: size, freshFrom: isResumed ? had : size, lost: false });
  if (track.first === null) Object.assign(track, { first: { generation, offset }, cuts: frontCuts, start: offset === 0 });
}

// Another generation, from its beginning.
function begun(track, { generation, offset }, at) {
  const next = offset ?? 0;
  Object.assign(track, { phase: "opened", since: track.since ?? at, position: { generation, next }, size: null, liveFrom: 0, freshFrom: 0 });
  track.first ??= { generation, offset: next };
}

function skipped({ position }, { generation, to }) {
  if (position?.generation === generation) position.next = Math.max(position.next, to);
}
