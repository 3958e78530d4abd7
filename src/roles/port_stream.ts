/**
 * A byte stream between the isolates of one process, with back-pressure: each end writes the next bytes when the other
 * has read the last. For connections that one isolate accepts and another one speaks on.
 *
 * @module
 */
import { Duplex } from "node:stream";

/** What goes over the port: bytes, that they were read, the end of what is said, or the end of everything. */
type Signal = Uint8Array | "read" | "end" | "gone";

/** @param port Nothing else may use it; it is closed with the stream. */
export function portStream(port: MessagePort): Duplex {
  /** To be called when the other end has read. */
  let written: ((error?: Error | null) => void) | null = null;
  /** Whether the other end waits to hear that its bytes were read. */
  let owed = false;
  /** The other end has said all that it will; it is gone. */
  let ended = false;
  let gone = false;
  const tell = (signal: Signal) => port.postMessage(signal);
  const stream = new Duplex({
    read() {
      if (!owed) return;
      owed = false;
      tell("read");
    },
    write(piece: Uint8Array, _encoding, done) {
      if (gone) return done(new Error("the other end is gone"));
      written = done;
      port.postMessage(Uint8Array.from(piece) satisfies Signal);
    },
    final(done) {
      tell("end");
      done();
    },
    destroy(error, done) {
      tell("gone");
      port.close();
      written = null;
      done(error);
    },
  });
  port.onmessage = ({ data }: MessageEvent<Signal>) => {
    if (data === "gone") {
      gone = true;
      // What it had said before is still read, if it was said to the end.
      if (!ended || written !== null) stream.destroy();
    } else if (data === "end") {
      ended = true;
      stream.push(null);
    } else if (data === "read") {
      const done = written;
      written = null;
      done?.();
    } else {
      owed = true;
      if (stream.push(data)) stream.read(0);
    }
  };
  port.start();
  return stream;
}
