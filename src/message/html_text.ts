/**
 * The words of an HTML text, for previews and search: one pass, no tree, nothing that could be shown as HTML.
 *
 * Not a cleaner: what comes out is plain text, and must be escaped like any other.
 *
 * @module
 */
import { decodeEntities } from "./html_entities.ts";

/** Elements whose content is no text. HTML 13.1.2 */
const silent: ReadonlySet<string> = new Set(
  "head script style title template svg math noscript textarea xmp iframe noembed noframes object select"
    .split(
      " ",
    ),
);

/**
 * Those that search leaves out. Fewer: the others are shown by one program or another, or would hide the rest of a
 * message where their end is missing.
 */
const silentInSearch: ReadonlySet<string> = new Set(
  "script style title template iframe noembed noframes".split(" "),
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

/** What is done with quoted text. */
export interface HtmlTextRules {
  /** Stop when there are so many characters. */
  readonly maxLength: number;
  /** In place of the outermost blockquote and its content; null keeps the content. */
  readonly quote: string | null;
  /** Whether the text is for search: then what stands in place of pictures belongs to it, and less is left out. */
  readonly search?: boolean;
}

/** The text in place of a picture. HTML 4.8.4.4 */
const altText = /[\s"'/]alt\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i;
const withAlt: ReadonlySet<string> = new Set(["img", "area", "input"]);
/** Characters of a tag in which it is looked for. */
const maxAltTag = 64 * 1024;

const tagName = /[a-zA-Z][^\s/>]{0,30}/y;

/** Text with a line for each block, white space as it was. */
export function htmlText(html: string, rules: HtmlTextRules): string {
  let text = "";
  let at = 0;
  /** The element whose content is being left out, and how deep in others of its name we are. */
  let hidden: string | null = null;
  let depth = 0;
  const left = rules.search === true ? silentInSearch : silent;
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
    if (rules.search === true && withAlt.has(tag.name)) text += `${altOf(html, open, at)} `;
    if (tag.closes || tag.empty) continue;
    if (raw.has(tag.name) && left.has(tag.name)) at = rawEnd(html, at, tag.name);
    else if (left.has(tag.name)) hidden = tag.name;
    else if (tag.name === "blockquote" && rules.quote !== null) {
      text += `${rules.quote}\n`;
      hidden = tag.name;
    }
    if (hidden !== null) depth = 1;
  }
  return text;
}

/**
 * All words of an HTML text, for search: as a reader sees them, each run of white space one space.
 */
export function searchedHtml(html: string): string {
  const text = htmlText(html, { maxLength: Infinity, quote: null, search: true });
  // Soft hyphens and spaces of no width are within words, and nobody types them.
  return text.replace(/[\u00ad\u200b\u2060\ufeff]+/g, "").replace(/\s+/g, " ");
}

function altOf(html: string, open: number, end: number): string {
  const match = altText.exec(html.slice(open, Math.min(end, open + maxAltTag)));
  return match === null ? "" : decodeEntities(match[1] ?? match[2] ?? match[3] ?? "");
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
