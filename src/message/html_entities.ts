/**
 * Character references of HTML: the named ones of HTML 4 and the Latin letters and signs of HTML 5 that mail programs
 * write, and the numbers. HTML 13.5, 13.2.5.80
 *
 * One pass; what a reference becomes is never read again, so that none can grow into others.
 *
 * Tested by `src/message/html_text_test.ts`.
 *
 * @module
 */
import { decodeCharset } from "./charset.ts";

/** Names of consecutive characters, from a number on. */
const runs: readonly (readonly [first: number, names: string])[] = [
  [
    0xa0,
    "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute " +
    "micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring " +
    "AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml " +
    "times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil " +
    "egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash " +
    "ugrave uacute ucirc uuml yacute thorn yuml",
  ],
  [0x391, "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho"],
  [0x3a3, "Sigma Tau Upsilon Phi Chi Psi Omega"],
  [0x3b1, "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf"],
  [0x3c3, "sigma tau upsilon phi chi psi omega"],
  [0x102, "Abreve abreve Aogon aogon Cacute cacute"],
  [0x10c, "Ccaron ccaron Dcaron dcaron Dstrok dstrok"],
  [0x118, "Eogon eogon Ecaron ecaron"],
  [0x11e, "Gbreve gbreve"],
  [0x130, "Idot imath"],
  [0x141, "Lstrok lstrok Nacute nacute"],
  [0x147, "Ncaron ncaron"],
  [0x150, "Odblac odblac OElig oelig"],
  [0x158, "Rcaron rcaron Sacute sacute"],
  [0x15e, "Scedil scedil Scaron scaron"],
  [0x164, "Tcaron tcaron"],
  [0x16e, "Uring uring Udblac udblac"],
  [0x178, "Yuml Zacute zacute Zdot zdot Zcaron zcaron"],
  [0x192, "fnof"],
  [0x2c6, "circ"],
  [0x2dc, "tilde"],
  [0x2018, "lsquo rsquo sbquo"],
  [0x201c, "ldquo rdquo bdquo"],
  [0x2020, "dagger Dagger bull"],
  [0x2026, "hellip"],
  [0x2030, "permil"],
  [0x2032, "prime Prime"],
  [0x2039, "lsaquo rsaquo"],
  [0x20ac, "euro"],
  [0x2122, "trade"],
  [0x2190, "larr uarr rarr darr harr"],
  [0x2208, "isin notin"],
  [0x2211, "sum minus"],
  [0x221e, "infin"],
  [0x2248, "asymp"],
  [0x2260, "ne equiv"],
  [0x2264, "le ge"],
  [0x2660, "spades"],
  [0x2663, "clubs"],
  [0x2665, "hearts diams"],
];

/** Those that stand alone, and spaces and marks that are not seen, which have no place in words. */
const single: Readonly<Record<string, string>> = {
  amp: "&",
  AMP: "&",
  lt: "<",
  LT: "<",
  gt: ">",
  GT: ">",
  quot: '"',
  QUOT: '"',
  apos: "'",
  nbsp: " ",
  ensp: " ",
  emsp: " ",
  thinsp: " ",
  Tab: " ",
  NewLine: "\n",
  ndash: "–",
  mdash: "—",
  zwnj: "",
  zwj: "",
  shy: "",
  lrm: "",
  rlm: "",
  excl: "!",
  num: "#",
  dollar: "$",
  percnt: "%",
  lpar: "(",
  rpar: ")",
  ast: "*",
  plus: "+",
  comma: ",",
  period: ".",
  sol: "/",
  colon: ":",
  semi: ";",
  equals: "=",
  quest: "?",
  commat: "@",
  lsqb: "[",
  bsol: "\\",
  rsqb: "]",
  lowbar: "_",
  grave: "`",
  lbrace: "{",
  vert: "|",
  rbrace: "}",
};

const entities: ReadonlyMap<string, string> = new Map([
  ...runs.flatMap(([first, names]) =>
    names.split(" ").map((name, i): [string, string] => [name, String.fromCodePoint(first + i)])
  ),
  ...Object.entries(single),
]);

const reference = /&(?:#(\d{1,8})|#[xX]([0-9a-fA-F]{1,8})|([a-zA-Z][a-zA-Z0-9]{1,8}));?/g;

/** Text whose character references are undone; what is none stays as it is. */
export function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(reference, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities.get(name) ?? whole;
    return character(decimal === undefined ? parseInt(hex, 16) : Number(decimal));
  });
}

function character(code: number): string {
  // HTML 13.2.5.80: numbers of control characters mean those of Windows-1252.
  if (code >= 0x80 && code <= 0x9f) return decodeCharset(Uint8Array.of(code), "windows-1252");
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : "\ufffd";
}
