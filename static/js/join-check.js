// What is wrong with a name and an e-mail, as keys of the catalogue. Pure.

export function problems({ username, email }, longest) {
  const found = {};
  if (!email) found.email = { key: "join.noEmail" };
  if (!username) found.username = { key: "join.noUsername" };
  else if (Array.from(username).length > longest) {
    found.username = { key: "join.longUsername", params: { limit: longest } };
  }
  return found;
}
