/**
 * The words of an HTML text, for previews and search: one pass, no tree, nothing that could be shown as HTML.
 *
 * Not a cleaner: what comes out is plain text, and must be escaped like any other.
 *
 * @module
 */

/** Elements whose content is no text. HTML 13.1.2 */
const silent: ReadonlySet<string> = new Set(
  "head script style title template svg math noscript textarea xmp iframe noembed noframes object select"
    .split(
      " ",
    ),
);

/** Of these, everything up to the end tag is content, whatever it looks like. HTML 13.2.5.1 */
const raw: ReadonlySet<string> = new Set(
  "script style title textarea xmp iframe noembed noframes".split(" "),
);

/** Elements that begin a new line. */
const block: ReadonlySet<string> = new Set(
  ("address article aside blockquote body br caption center dd div dl dt fieldset figure footer form h1 h2 h3 h4 " +
    "h5 h6 header hr li main nav ol option p pre section table tbody tfoot thead tr ul").split(" "),
);

/** Elements between which a space belongs. */
const spaced: ReadonlySet<string> = new Set(["td", "th", "img"]);

const entities: ReadonlyMap<string, string> = new Map(Object.entries({
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  ensp: " ",
  emsp: " ",
  thinsp: " ",
  copy: "©",
  reg: "®",
  trade: "™",
  euro: "€",
  pound: "£",
  yen: "¥",
  cent: "¢",
  sect: "§",
  deg: "°",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  bull: "•",
  middot: "·",
  laquo: "«",
  raquo: "»",
  times: "×",
  lsquo: "‘",
  rsquo: "’",
  sbquo: "‚",
  ldquo: "“",
  rdquo: "”",
  bdquo: "„",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  agrave: "à",
  aacute: "á",
  acirc: "â",
  atilde: "ã",
  aring: "å",
  aelig: "æ",
  ccedil: "ç",
  egrave: "è",
  eacute: "é",
  ecirc: "ê",
  euml: "ë",
  igrave: "ì",
  iacute: "í",
  icirc: "î",
  iuml: "ï",
  ntilde: "ñ",
  ograve: "ò",
  oacute: "ó",
  ocirc: "ô",
  otilde: "õ",
  oslash: "ø",
  ugrave: "ù",
  uacute: "ú",
  ucirc: "û",
  Agrave: "À",
  Eacute: "É",
  Egrave: "È",
  Ccedil: "Ç",
  Oslash: "Ø",
  zwnj: "",
  zwj: "",
  shy: "",
  lrm: "",
  rlm: "",
}));

/** What is done with quoted text. */
export interface HtmlTextRules {
  /** Stop when there are so many characters. */
  readonly maxLength: number;
  /** In place of the outermost blockquote and its content; null keeps the content. */
  readonly quote: string | null;
}

const tagName = /[a-zA-Z][^\s/>]{0,30}/y;

/** Text with a line for each block, white space as it was. */
export function htmlText(html: string, rules: HtmlTextRules): string {
  let text = "";
  let at = 0;
  /** The element whose content is being left out, and how deep in others of its name we are. */
  let hidden: string | null = null;
  let depth = 0;
  while (at < html.length && text.length < rules.maxLength) {
    const open = html.indexOf("<", at);
    const end = open === -1 ? html.length : open;
    if (hidden === null && end > at) {
      text += decodeEntities(html.slice(at, Math.min(end, at + 8 * rules.maxLength)));
    }
    if (open === -1) break;
    const tag = readTag(html, open);
    at = tag.end;
    if (tag.name === "") {
      if (hidden === null) text += tag.text;
      continue;
    }
    if (hidden !== null) {
      if (tag.name === hidden) depth += tag.closes ? -1 : tag.empty ? 0 : 1;
      // The body begins, whether or not the head was closed.
      if (depth === 0 || (hidden === "head" && tag.name === "body" && !tag.closes)) hidden = null;
      continue;
    }
    if (block.has(tag.name)) text += "\n";
    else if (spaced.has(tag.name)) text += " ";
    if (tag.closes || tag.empty) continue;
    if (raw.has(tag.name)) at = rawEnd(html, at, tag.name);
    else if (silent.has(tag.name)) hidden = tag.name;
    else if (tag.name === "blockquote" && rules.quote !== null) {
      text += `${rules.quote}\n`;
      hidden = tag.name;
    }
    if (hidden !== null) depth = 1;
  }
  return text;
}

interface Tag {
  /** Lower case; empty for comments, declarations and what is no tag. */
  readonly name: string;
  readonly closes: boolean;
  readonly empty: boolean;
  /** Just behind it. */
  readonly end: number;
  /** What it is as text, if it is no tag. */
  readonly text: string;
}

function readTag(html: string, open: number): Tag {
  const none = (end: number, text = ""): Tag => ({ name: "", closes: false, empty: false, end, text });
  if (html.startsWith("<!--", open)) {
    const end = html.indexOf("-->", open + 4);
    return none(end === -1 ? html.length : end + 3);
  }
  const closes = html[open + 1] === "/";
  tagName.lastIndex = open + (closes ? 2 : 1);
  const name = tagName.exec(html)?.[0].toLowerCase();
  if (name === undefined) {
    const next = html[open + 1];
    if (next !== "!" && next !== "?" && next !== "/") return none(open + 1, "<");
    const end = html.indexOf(">", open);
    return none(end === -1 ? html.length : end + 1);
  }
  const end = tagEnd(html, tagName.lastIndex);
  return { name, closes, empty: html[end - 2] === "/", end, text: "" };
}

/** Just behind the `>` that ends a tag; those between quotes do not count. */
function tagEnd(html: string, from: number): number {
  let quote = "";
  for (let at = from; at < html.length; at++) {
    const character = html[at] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === ">") return at + 1;
    else if ((character === '"' || character === "'") && html[at - 1] === "=") quote = character;
  }
  return html.length;
}

/** Where the end tag of a raw text element begins. */
function rawEnd(html: string, from: number, name: string): number {
  for (let at = html.indexOf("</", from); at !== -1; at = html.indexOf("</", at + 2)) {
    if (html.slice(at + 2, at + 2 + name.length).toLowerCase() === name) return at;
  }
  return html.length;
}

function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|([a-zA-Z]{2,8}));?/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities.get(name) ?? whole;
    const code = decimal === undefined ? parseInt(hex, 16) : Number(decimal);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : "\ufffd";
  });
}
