/**
 * What a terminal is given: records, messages and names are a stranger's, and a terminal takes orders from control
 * characters.
 *
 * @module
 */

/** Control characters, C1 among them, but for tabs and line feeds. */
// deno-lint-ignore no-control-regex -- They are what is looked for.
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * The text with control characters written out as `\\u001b`, which in a string of JSON means the same. Line ends of CRLF
 * become line feeds.
 */
export function terminalText(text: string): string {
  return text.replaceAll("\r\n", "\n")
    .replace(controls, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
