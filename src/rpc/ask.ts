/**
 * Something that one end asks of the other, as the parts of a connection pass it around.
 *
 * @module
 */
import type { Target } from "./message.ts";
import type { Plain } from "./plain_data.ts";

/** Something that was asked, and where its answers go; nothing comes after `result`, `end` or `fail`. */
export interface Ask {
  readonly isStream: boolean;
  readonly target: Target;
  readonly request: Plain;
  /** The value of the one answer. */
  result(value: Plain): void;
  item(value: Plain, bytes: number): void;
  end(): void;
  fail(error: unknown): void;
}

/** How an ask is taken back, or told that its items were consumed. */
export interface Handle {
  cancel(): void;
  credit(bytes: number): void;
}
