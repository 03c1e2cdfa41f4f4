// The Markdown of messages: what becomes what, what stays text, that nothing is lost
// and nothing takes long whatever somebody sends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../static/js/markdown.js";

// A short notation of what was understood: B(bold) I(italic) ‹code› L(words→address) @(name).
const inline = (nodes) => nodes.map((node) => {
  switch (node.type) {
    case "text": return node.text;
    case "code": return `‹${node.text}›`;
    case "strong": return `B(${inline(node.children)})`;
    case "em": return `I(${inline(node.children)})`;
    case "link": return `L(${inline(node.children)}→${node.address})`;
    default: return `@(${node.name})`;
  }
}).join("");
const block = (one) => {
  switch (one.type) {
    case "paragraph": return inline(one.inlines);
    case "code": return `CODE ${one.language}[${one.text}]`;
    case "quote": return `Q{${blocks(one.blocks)}}`;
    default: return one.items.map((item) => `${one.ordered ? item.number : "-"}{${blocks(item.blocks)}}`).join("");
  }
};
const blocks = (list) => list.map(block).join("|");
const read = (text, names) => blocks(parse(text, names));

const becomes = (table) => { for (const [text, expected] of Object.entries(table)) assert.equal(read(text), expected, text); };
const stays = (texts) => { for (const text of texts) assert.equal(read(text), text, text); };

test("bold, italic, code", () => becomes({
  "**bold** and *it*, _it_ and `c*o*de`": "B(bold) and I(it), I(it) and ‹c*o*de›",
  "***both*** **bold *both*** *it **both***": "B(I(both)) B(bold I(both)) I(it B(both))",
  "(*yes*) “*no*” *a*. -*b*-": "(I(yes)) “I(no)” I(a). -I(b)-",
  "*a* b* *c": "I(a) b* *c",
  "**a\nb**": "B(a\nb)",
  "👍*nice*🎉 **🎉**": "👍I(nice)🎉 B(🎉)",
  "`` `a` `` ```b```": "‹`a`› ‹b›",
  "**see `**` there**": "B(see ‹**› there)",
}));

test("bold beside scripts without spaces", () => becomes({
  "**重要**：请看": "B(重要)：请看",
  "**重要：**请看这里": "B(重要：)请看这里",
  "这是**重要**的，用**API**调用": "这是B(重要)的，用B(API)调用",
  "他说**“好”**吧**。**": "他说B(“好”)吧B(。)",
  "これは**大事**です。이것은 **중요**합니다": "これはB(大事)です。이것은 B(중요)합니다",
  "𠮷**𠮷**𠮷": "𠮷B(𠮷)𠮷",
}));

test("what only looks like a marker stays", () => stays([
  "snake_case_words and __init__", "2*3*4", "2 * 3 * 4", "2**3**4", "x**-1 + y**-2", "*", "**", "_", "****", "* * *", "---",
  ":) ;) :*", "*:)", "¯\\_(ツ)_/¯", ">_<", "-_- and -_-", "*_* *_*", "T_T o_o ^_^", "@_@",
  "*.js and *.css", "*.js,*.css", "src/**/*.js lib/**/*.css", "rm dist/* build/*", "/*comment*/", "/** doc */",
  "int *p = a*b; f(*args, **kwargs), *q", "(*p)(*q)", "*(int*)y", "f*** you, s***", "p*ss and f*ck",
  "长*宽*高", "报告_2024_最终版.docx", "don`t and can`t", "a [b] c [d", "[]() [ ](x)", "![", "`", "```",
  "*a\nb*", "`a\nb`", "a\\*b\\*c", "&amp; &lt;b&gt; <b>x</b>", "# main", "#1 and # 2", "1、第一", "2024. What a year", "007. x", "-5", "- ", "1.", ">3 years", ">>> import this",
]));

test("line breaks and spaces are kept", () => stays(["a\nb", "a\n\n\nb", "  a  b", "a\tb", "你好\n世界"]));

test("links", () => becomes({
  "[doc](https://a.org/x_(y)), [`c`](http://a.org) **[b](http://b.org)**": "L(doc→https://a.org/x_(y)), L(‹c›→http://a.org) B(L(b→http://b.org))",
  "https://a.org/a_b_c **https://b.org/x** *https://c.org*": "L(https://a.org/a_b_c→https://a.org/a_b_c) B(L(https://b.org/x→https://b.org/x)) I(L(https://c.org→https://c.org))",
  "**看 https://x.org/a**重要": "B(看 L(https://x.org/a→https://x.org/a))重要",
  "[a [b](http://x.org)": "[a L(b→http://x.org)",
  "[*a](http://x.org) b*": "L(*a→http://x.org) b*",
  "[a](http://x.org": "[a](L(http://x.org→http://x.org)",
}));

test("a link leads where its words say, and only to http and https", () => {
  stays(["[a](javascript:alert(1))", "[a](data:text/html,x)", "[a](//x.org)", "[a](/x)", "[a](https://)", "[a](ftp://x.org)"]);
  assert.equal(read("[https://bank.com](https://evil.org)"), "[L(https://bank.com→https://bank.com)](L(https://evil.org→https://evil.org))");
  assert.equal(read("[**https://bank.com**](https://evil.org)"), "[B(L(https://bank.com→https://bank.com))](L(https://evil.org→https://evil.org))");
  assert.equal(read("[https://bank.com/](https://bank.com/)"), "L(https://bank.com/→https://bank.com/)");
  const [{ inlines: [link] }] = parse("[a](HTTPS://Example.org/\u202ex)");
  assert.equal(link.href, "https://example.org/%E2%80%AEx");
});

test("blocks", () => becomes({
  "text\n```js\nlet a;\n  b\n```\nafter": "text|CODE js[let a;\n  b]|after",
  "```\nopen\n\n code": "CODE [open\n\n code]",
  "```\n**a**```": "CODE [**a**]",
  "````\n```\n````": "CODE [```]",
  "  ```\n  a\n    b\n  ```": "CODE [a\n  b]",
  "```\n\n```": "```\n\n```",
  "- a\n* b\n\n- c": "-{a}-{b}-{c}",
  "to do:\n1. a\n1. b\n5) c\nend": "to do:|1{a}1{b}5{c}|end",
  "- a\n  - b\n    more\n- c": "-{a|-{b\nmore}}-{c}",
  "1. ```\n   a\n   ```\n2. > b": "1{CODE [a]}2{Q{b}}",
  "> a\n> **b**\nc": "Q{a\nB(b)}|c",
  "> a\n> > b\n> - c": "Q{a|Q{b}|-{c}}",
  ">引用\n>x": "Q{引用\nx}",
  "> a\n>\n> b\n>\nc": "Q{a\n\nb}|c",
  ">\n> a": ">|Q{a}",
  "a\r\n- b\r\n- c": "a|-{b}-{c}",
  "**a\n- b**": "**a|-{b**}",
}));

test("mentions are those the server named", () => {
  const names = ["tom", "小林", "_x_y_", "ann marie", "ann"];
  assert.equal(read("@tom, @tommy a@tom @Tom", names), "@(tom), @tommy a@tom @(Tom)");
  assert.equal(read("@小林你好 **@ann marie** @ann.", names), "@(小林)你好 B(@(ann marie)) @(ann).");
  assert.equal(read("@_x_y_ `@tom` [@tom](http://a.org)", names), "@(_x_y_) ‹@tom› L(@tom→http://a.org)");
  assert.equal(read("@tom"), "@tom");
});

// Nothing lost: the letters of what is drawn, addresses and language words among them,
// are those that were typed, in their order.

const letters = (text) => text.match(/[\p{L}\p{N}\p{M}\p{Extended_Pictographic}]/gu)?.join("") ?? "";
const allOf = (list) => list.map((one) => {
  if (one.type === "link" && one.address !== allOf(one.children)) return allOf(one.children) + one.address;
  return [one.language, one.inlines ?? one.blocks ?? one.children ?? one.items].flatMap((part) => (Array.isArray(part) ? allOf(part) : part ?? ""))
    .join("") + (typeof one.text === "string" ? one.text : "");
}).join("");
const everything = (list) => list.map((one) => {
  if (one.type === "list") return one.items.map((item) => `${item.number ?? ""}${everything(item.blocks)}`).join("");
  if (one.type === "quote") return everything(one.blocks);
  return allOf([one]);
}).join("");

// The same numbers with every run (mulberry32).
function chance(seed) {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % limit;
  };
}

const PIECES = [
  "*", "**", "***", "_", "__", "`", "``", "```", "```js", "[", "]", "](", "(", ")", "](https://a.org/b)", "https://b.org/c_d*e", "http://", "@", "@tom", "- ", "* ",
  "1. ", "42) ", "> ", ">", "\n", "\n\n", "\r\n", " ", "  ", "\t", "    ", "a", "b1", "word", "字", "，", "🎉", "👩‍🚀", "é", "é", "\\", "!", ".", "/", "<b>", "\ud800", "\u202e",
];

test("nothing is lost of any text", () => {
  const pick = chance(8812);
  for (let run = 0; run < 30_000; run += 1) {
    const text = Array.from({ length: 1 + pick(24) }, () => PIECES[pick(PIECES.length)]).join("");
    assert.equal(letters(everything(parse(text, ["tom"]))), letters(text), JSON.stringify(text));
  }
});

test("64 KB of anything is read in no time", () => {
  const pick = chance(4711);
  const hostile = [
    ...PIECES, "*a", "*a ", "**a ", "_a ", "a* ", "a** ", "*_", "**_ ", "[a", "[](http://", "[a](http://b", "](http://aaa", "`a``", "> > ", "- - ", "- a\n", "  - a\n", "1. a\n\n",
    "> \n", "```\n", "````\n```\n", "``` ", "https://a<", "https://a**", "https://[", "**a *b **c *d ", "[*a](http://b) ", "@to", "\n ", "` \n", " \n\n",
  ];
  const texts = hostile.map((piece) => piece.repeat(Math.ceil(65_536 / piece.length)));
  texts.push(`${"[".repeat(20_000)}${"](http://aaa".repeat(3_800)}`, `${"`".repeat(60_000)}x\n\`\`\`\n`, `\`\`\`\n${"`".repeat(65_000)}x`, `${" ".repeat(65_000)}-`, `-${" ".repeat(65_000)}`,
    Array.from({ length: 350 }, (_, index) => "`".repeat(350 - index)).join("x"), Array.from({ length: 350 }, (_, index) => "`".repeat(350 - index)).join("\n"),
    `${"  ".repeat(120)}- a\n`.repeat(270), Array.from({ length: 350 }, (_, depth) => `${" ".repeat(depth)}- a`).join("\n"), `**${"_** ".repeat(16_000)}`, `*${"[".repeat(60_000)}*`);
  for (let run = 0; run < 20; run += 1) texts.push(Array.from({ length: 16_000 }, () => PIECES[pick(PIECES.length)]).join(""));
  for (const text of texts) {
    const start = performance.now();
    const parsed = parse(text, ["tom", "ann"]);
    const took = performance.now() - start;
      assert.ok(took < 1_500, `${JSON.stringify(text.slice(0, 24))}: ${took} ms`); // the slowest takes some 50 ms here
    assert.ok(depthOf(parsed) < 40, "not so deep that drawing it would break");
  }
});

function depthOf(value) {
  if (value === null || typeof value !== "object") return 0;
  return 1 + Object.values(value).reduce((most, inner) => Math.max(most, depthOf(inner)), 0);
}
