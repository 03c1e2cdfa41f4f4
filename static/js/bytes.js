// How many bytes a text takes in UTF-8, which is what the server's limits count.

const encoder = new TextEncoder();

export const utf8Length = (text) => encoder.encode(text).length;
