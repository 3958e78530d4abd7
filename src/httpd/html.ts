/**
 * HTML from templates: whatever is put in is escaped, unless it is HTML made here.
 *
 * ```ts
 * html`<p title="${title}">${text}</p>`
 * ```
 *
 * Values may stand in text and in double-quoted attributes, nowhere else (not in scripts, styles or URLs that a
 * stranger chose).
 *
 * @module
 */

/** Finished HTML. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = string | number | Html | readonly Html[];

/** A template whose values are escaped. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = parts[0] ?? "";
  for (const [i, value] of values.entries()) text += print(value) + (parts[i + 1] ?? "");
  return new Html(text);
}

function print(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map((each) => each.text).join("");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
