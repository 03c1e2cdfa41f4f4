// Ids of requests: 16 random bytes as hexadecimal digits. crypto.randomUUID exists only
// on https and localhost; a server at home has neither.

export function makeId(random = (bytes) => crypto.getRandomValues(bytes)) {
  return Array.from(random(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
