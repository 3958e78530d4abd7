/**
 * How many files a process may have open, and how many of them its connections may take.
 *
 * A listener of the runtime (Deno 2.9.6) that meets the limit of the system accepts nothing more: it tells nobody, and does
 * not begin again when there is room. So connections are refused before that, and the rest stays for everything else that
 * a process opens: databases, bodies, outgoing connections, questions to the DNS.
 *
 * @module
 */

/** Of many files, so many stay for everything else. */
export const filesForTheRest = 4096;

/** Of how many files connections may take how many: half of few, nearly all of many. */
export function filesForConnections(openFiles: number): number {
  return Math.floor(Math.max(openFiles / 2, openFiles - filesForTheRest));
}

/** Counts the files that the connections of a process have open, on all of its listeners. */
export class OpenFiles {
  readonly #max: number;
  readonly #refused: (isFirst: boolean) => void;
  #open = 0;
  #wasFull = false;

  /**
   * @param max See {@link filesForConnections}.
   * @param refused Told of each who gets none, and whether it is the first since a tenth was free.
   */
  constructor(max: number, refused: (isFirst: boolean) => void = () => {}) {
    this.#max = max;
    this.#refused = refused;
  }

  /** Takes files of a connection, or says that there are none. */
  take(count: number): boolean {
    if (this.#open + count > this.#max) {
      this.#refused(!this.#wasFull);
      this.#wasFull = true;
      return false;
    }
    this.#open += count;
    return true;
  }

  /** They are closed. */
  give(count: number): void {
    this.#open -= count;
    if (this.#open <= this.#max * 0.9) this.#wasFull = false;
  }

  /** Open now. */
  get open(): number {
    return this.#open;
  }
}
