/**
 * A role's standard output, behind the line `ready`: bytes for its parent.
 *
 * Tested by `tests/scenarios/parser_test.ts`.
 *
 * @module
 */

/** Writes in order; what comes before {@link ParentPipe.open} waits for it. */
export class ParentPipe {
  readonly #opened = Promise.withResolvers<void>();
  readonly #writer = Deno.stdout.writable.getWriter();
  #last: Promise<void> = this.#opened.promise;

  /** The line `ready` was written. */
  open(): void {
    this.#opened.resolve();
  }

  /** A parent that is gone tells it otherwise. */
  write(bytes: Uint8Array): void {
    this.#last = this.#last.then(() => this.#writer.write(bytes)).catch(() => {});
  }
}
