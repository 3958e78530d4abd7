// deno-lint-ignore-file no-console -- A program that prints.
/**
 * The table that the benchmarks print.
 *
 * @module
 */

/** A heading. */
export function title(text: string): void {
  console.log(`\n${text}`);
}

/** A line: what, how much, the ratio, and what was aimed at. */
export function row(what: string, value: string, ratio: number | null = null, aim = ""): void {
  const shown = ratio === null ? "" : `ratio ${ratio.toFixed(2)}`;
  console.log(
    `  ${what.padEnd(44)} ${value.padStart(16)}  ${shown.padEnd(12)} ${aim === "" ? "" : `(${aim})`}`
      .trimEnd(),
  );
}
