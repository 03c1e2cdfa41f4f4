// Whether a text has anything to see: not only spaces, controls, and characters that
// show nothing, such as the zero-width space. The server asks the same of names and
// messages.

const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

export const isVisible = (text) => VISIBLE.test(text);
