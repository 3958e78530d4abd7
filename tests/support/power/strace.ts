/**
 * Reads what `strace -f -y -xx` writes: a line for each call, or two, where another thread's came between its beginning and
 * its end.
 *
 * ```text
 * 17 pwrite64(22<\x2f\x64>, "\x37\x7f", 2, 0) = 2
 * 17 fdatasync(25<\x2f\x66> <unfinished ...>
 * 18 close(25<\x2f\x66>)                      = 0
 * 17 <... fdatasync resumed>)                 = 0
 * ```
 *
 * @module
 */
import { fromLatin1, fromUtf8 } from "../../../src/base/bytes.ts";

/** A system call. */
export interface Call {
  readonly name: string;
  /** As they were printed, without the spaces around them. Of a call in two lines all of them only at its end. */
  args: readonly string[];
  /** What it returned; negative where it failed, null until it has ended. */
  result: number | null;
}

/** A call begins or ends; one that nothing came between does both, one event after the other. */
export interface CallEvent {
  readonly kind: "begin" | "end";
  readonly call: Call;
}

/** Reads a trace. @throws {SyntaxError} For a line that is none of strace's. */
export function* parseTrace(trace: Uint8Array): Generator<CallEvent, void, undefined> {
  const open = new Map<string, { readonly call: Call; readonly begun: string }>();
  for (let at = 0; at < trace.length;) {
    const newline = trace.indexOf(10, at);
    const end = newline === -1 ? trace.length : newline;
    const line = fromLatin1(trace.subarray(at, end) as Uint8Array<ArrayBuffer>);
    at = end + 1;
    const space = line.indexOf(" ");
    const thread = line.slice(0, space);
    const rest = line.slice(space).trimStart();
    if (line === "" || /^(?:\+\+\+|---|strace:)/.test(rest)) continue; // Ends, signals, and strace's own words.
    // A thread that was killed before strace could ask what it called; perhaps nothing.
    if (/^(?:\?\?\?\(|<\.\.\. \?\?\? resumed>)/.test(rest)) continue;
    const resumed = /^<\.\.\. (\w+) resumed>/.exec(rest);
    if (resumed !== null) {
      const begun = open.get(thread);
      if (begun === undefined) throw new SyntaxError(`nothing to resume: ${shown(line)}`);
      open.delete(thread);
      const call = begun.call;
      complete(call, begun.begun + rest.slice(resumed[0].length));
      yield { kind: "end", call };
      continue;
    }
    const paren = rest.indexOf("(");
    const name = rest.slice(0, paren);
    if (!/^\w+$/.test(name)) throw new SyntaxError(`no line of strace's: ${shown(line)}`);
    // Detached: strace has ended, and nothing more is known of the call.
    const cut = / <(?:unfinished|detached) \.\.\.>$/.exec(rest.slice(-20));
    if (cut !== null) {
      const begun = rest.slice(paren + 1, -cut[0].length);
      const call: Call = { name, args: split(begun), result: null };
      open.set(thread, { call, begun });
      yield { kind: "begin", call };
      continue;
    }
    const call: Call = { name, args: [], result: null };
    complete(call, rest.slice(paren + 1));
    yield { kind: "begin", call };
    yield { kind: "end", call };
  }
}

/** Reads arguments and result: `ARGS) = RESULT`. A thread that was killed in the call has no result: `?`. */
function complete(call: Call, text: string): void {
  const close = text.lastIndexOf(") ");
  const equals = text.indexOf("= ", close);
  if (close === -1 || equals === -1) throw new SyntaxError(`a call without a result: ${shown(text)}`);
  call.args = split(text.slice(0, close));
  const result = text.slice(equals + 2);
  call.result = result.startsWith("?") ? -1 : parseInt(result, /^0x/.test(result) ? 16 : 10);
  if (Number.isNaN(call.result)) throw new SyntaxError(`a result that is no number: ${shown(text)}`);
}

/** Cuts at the commas that are not within strings, structures or lists. */
function split(text: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '"': // With -xx a string holds no quote.
        i = text.indexOf('"', i + 1);
        if (i === -1) throw new SyntaxError(`a string without its end: ${shown(text)}`);
        break;
      case "<":
      case "{":
      case "[":
        depth++;
        break;
      case ">":
      case "}":
      case "]":
        depth--;
        break;
      case ",":
        if (depth > 0) break;
        args.push(text.slice(from, i).trim());
        from = i + 1;
    }
  }
  const last = text.slice(from).trim();
  if (last !== "" || args.length > 0) args.push(last);
  return args;
}

/** The octets of a string argument. @throws {SyntaxError} If strace cut it short. */
export function octetsOf(arg: string): Uint8Array<ArrayBuffer> {
  if (!arg.startsWith('"') || !arg.endsWith('"')) throw new SyntaxError(`not a whole string: ${shown(arg)}`);
  const count = (arg.length - 2) / 4;
  const octets = new Uint8Array(count);
  for (let i = 0, at = 3; i < count; i++, at += 4) {
    octets[i] = digit(arg.charCodeAt(at)) << 4 | digit(arg.charCodeAt(at + 1));
  }
  return octets;
}

/** A string argument as text. */
export function textOf(arg: string): string {
  return fromUtf8(octetsOf(arg));
}

/** A descriptor, and the file that strace says it is. */
export function descriptorOf(arg: string): { readonly fd: number; readonly path: string } {
  const found = /^(-?\d+|AT_FDCWD)(?:<(.*)>)?/.exec(arg);
  if (found === null) throw new SyntaxError(`no descriptor: ${shown(arg)}`);
  const path = (found[2] ?? "").replace(/>\(deleted$/, "");
  return {
    fd: found[1] === "AT_FDCWD" ? -100 : Number(found[1]),
    path: path.startsWith("\\x") ? textOf(`"${path}"`) : path,
  };
}

function digit(code: number): number {
  return code <= 57 ? code - 48 : code - 87;
}

function shown(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 120)}…`;
}
