// The text of a message, drawn: what markdown.js understood becomes nodes, never through
// HTML, so nothing that somebody writes is ever read as markup. Mentions stand out, more
// so those that mean the reader; the words of a search are marked.

import { CodeBlock } from "./code-block.js";
import { computed, html } from "./html.js";
import { markPattern, splitMarks } from "./marks.js";
import { parse } from "./markdown.js";
import { mentionsPerson } from "./room-message.js";

export const RichText = {
  props: { text: String, mentions: Array, me: String, words: Array },
  setup(props) {
    const blocks = computed(() => parse(props.text ?? "", (props.mentions ?? []).map(({ name }) => name)));
    const pattern = computed(() => markPattern(props.words));

    const marked = (text) => (pattern.value
      ? splitMarks(text, pattern.value).map((part) => (part.marked ? html`<mark>${part.text}</mark>` : part.text))
      : text);

    const mention = ({ text, name }) => {
      const meant = (props.mentions ?? []).filter((one) => one.name.toLowerCase() === name.toLowerCase());
      return html`<span class=${["rich-mention", mentionsPerson(meant, props.me) && "is-me"]}><bdi>${marked(text)}</bdi></span>`;
    };

    const inline = (node) => {
      switch (node.type) {
        case "text": return marked(node.text);
        case "code": return html`<code>${marked(node.text)}</code>`;
        case "strong": return html`<strong>${node.children.map(inline)}</strong>`;
        case "em": return html`<em>${node.children.map(inline)}</em>`;
        case "mention": return mention(node);
        default: return link(node);
      }
    };
    // Where it leads is told before one goes there, if its words do not.
    const link = ({ href, address, children }) => html`
      <a href=${href} target="_blank" rel="noopener noreferrer"
        title=${children.length === 1 && children[0].text === address ? null : href}>${children.map(inline)}</a>`;

    const block = (one) => {
      switch (one.type) {
        case "paragraph": return html`<p dir="auto">${one.inlines.map(inline)}</p>`;
        case "code": return html`<${CodeBlock} text=${one.text} language=${one.language}>${{ default: () => marked(one.text) }}<//>`;
        case "quote": return html`<blockquote>${one.blocks.map(block)}</blockquote>`;
        default: return one.ordered
          ? html`<ol dir="auto">${one.items.map((item) => html`<li value=${item.number}>${item.blocks.map(block)}</li>`)}</ol>`
          : html`<ul dir="auto">${one.items.map((item) => html`<li>${item.blocks.map(block)}</li>`)}</ul>`;
      }
    };

    return () => html`<div class="rich">${blocks.value.map(block)}</div>`;
  },
};

// The text in one line without markers, for notifications, quotes and lists of hits.
export function plainText(text) {
  return textOf(parse(text)).replace(/\s+/g, " ").trim();
}

function textOf(blocks) {
  return blocks.map((block) => {
    switch (block.type) {
      case "paragraph": return inlineText(block.inlines);
      case "code": return block.text;
      case "quote": return textOf(block.blocks);
      default: return block.items.map((item) => `${item.number === null ? "" : `${item.number}. `}${textOf(item.blocks)}`).join(" ");
    }
  }).join(" ");
}

const inlineText = (nodes) => nodes.map((node) => (node.children ? inlineText(node.children) : node.text)).join("");
