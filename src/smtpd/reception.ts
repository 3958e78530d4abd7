/**
 * Reading one message from the network: DATA to its end, or chunk after chunk of BDAT. RFC 5321 4.1.1.4, RFC 3030
 *
 * A message with a fault is read on to its end all the same, since only behind it does the next command begin;
 * nothing of it is kept. One that does not end is not waited for: at twice the largest size, or after the
 * time for a message, it is over.
 *
 * Tested by `serve_test.ts`, and by the transcripts.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { Gathering } from "../evidence/gather.ts";
import { TransportError } from "../net/transport.ts";
import { type DataFault, DataReader } from "../smtp/data_reader.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Body, BodyIntake } from "../delivery/body_intake.ts";
import type { LineReader } from "./line_reader.ts";

/** How reading ended. */
export type Ending =
  /** The next command follows. */
  | "end"
  /** There was more than anybody would send; the connection is of no use any more. */
  | "endless";

/** One message on its way in. */
export class Reception {
  readonly #data: DataReader;
  readonly #intake: BodyIntake;
  readonly #maxBytes: number;
  readonly #gathering: Gathering | null;

  /** @param gathering What hears the octets that go into `intake`; null where nothing is to be found out. */
  constructor(
    kind: "data" | "chunks",
    maxBytes: number,
    intake: BodyIntake,
    gathering: Gathering | null = null,
  ) {
    this.#data = new DataReader(kind, maxBytes);
    this.#maxBytes = maxBytes;
    this.#intake = intake;
    this.#gathering = gathering;
  }

  /** Reads to the end of DATA. @throws {TransportError} Also `closed` where the peer ends first. */
  async readData(reader: LineReader, deadline: number): Promise<Ending> {
    for (;;) {
      const chunk = await nextChunk(reader, deadline);
      const end = this.#data.take(chunk, this.#intake.add);
      await this.#relieve();
      if (end !== -1) {
        if (end < chunk.length) reader.putBack(chunk.subarray(end));
        return "end";
      }
      if (this.#data.taken > 2 * this.#maxBytes) return "endless";
    }
  }

  /** Reads one chunk. @throws {TransportError} */
  async readChunk(reader: LineReader, size: number, last: boolean, deadline: number): Promise<void> {
    await eachChunk(reader, size, deadline, async (chunk) => {
      this.#data.take(chunk, this.#intake.add);
      await this.#relieve();
    });
    if (last) this.#data.finish();
  }

  /** Why the message cannot be taken, as far as is known. */
  fault(): Reply | null {
    return dataFault(this.#data.fault, this.#maxBytes);
  }

  /** All of it, indexed. @throws {unknown} What the store threw. */
  finish(): Promise<Body> {
    return this.#intake.finish();
  }

  /**
   * What was found out of it, once it is complete; waits for the DNS, and no longer than a deadline. To be begun before
   * {@link finish}, which obscures what is found untrue.
   */
  async evidence(): Promise<Evidence | null> {
    return this.#gathering === null ? null : await this.#gathering.finish();
  }

  /** Why the message cannot be taken, as far as evidence goes. */
  forgery(): Reply | null {
    if (this.#gathering?.isForged !== true) return null;
    const text = "results in the name of this server, in a header section that is too large to take them out";
    return { code: 550, enhanced: "5.7.1", text };
  }

  /** Lets go of whatever is held; not for a message that was taken. Never throws. */
  drop(): Promise<void> {
    this.#gathering?.drop();
    return this.#intake.drop();
  }

  /** Memory is given back while the peer goes on sending. */
  async #relieve(): Promise<void> {
    if (this.#data.fault !== null) await this.#intake.drop();
    else if (this.#intake.pressed) await this.#intake.push();
  }
}

/** What is said of a message that cannot be taken for its octets. */
export function dataFault(fault: DataFault | null, maxBytes: number): Reply | null {
  switch (fault) {
    case null:
      return null;
    case "tooLarge": // RFC 1870 6.3. The reference says 451, which has the sender try for days.
      return { code: 552, enhanced: "5.3.4", text: `message too large; the limit is ${maxBytes}` };
    case "lineEnds":
      return {
        code: 500,
        enhanced: "5.5.2",
        text: "lines of a message end with CRLF; neither CR nor LF stands alone",
      };
  }
}

/** Reads octets that nobody wants. @throws {TransportError} */
export async function discard(reader: LineReader, size: number, deadline: number): Promise<void> {
  await eachChunk(reader, size, deadline, () => Promise.resolve());
}

/** Reads so many octets. @throws {TransportError} If the peer leaves before. */
export async function eachChunk(
  reader: LineReader,
  size: number,
  deadline: number,
  take: (chunk: Bytes) => Promise<void>,
): Promise<void> {
  for (let left = size; left > 0;) {
    const chunk = await nextChunk(reader, deadline);
    await take(chunk.length <= left ? chunk : chunk.subarray(0, left));
    if (chunk.length > left) reader.putBack(chunk.subarray(left));
    left -= chunk.length;
  }
}

/** The next octets. @throws {TransportError} If the peer leaves. */
export async function nextChunk(reader: LineReader, deadline: number): Promise<Bytes> {
  const chunk = await reader.chunk(deadline);
  if (chunk === null) throw new TransportError("closed", "the peer left within a message");
  return chunk;
}
