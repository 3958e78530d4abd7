/**
 * RPC messages between isolates of one process, over a Worker or a MessagePort.
 *
 * What is sent in one turn of work travels as one array. Everything is copied when it is sent, as on a socket:
 * so neither end sees later changes of the other, a view of a large buffer does not drag the buffer along, and
 * nobody finds a buffer detached that he still uses. The copies of large arrays are then moved, not cloned; what
 * was given away (`plain_data.ts`) is moved without a copy.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import type { Carrier, Receiver } from "./carrier.ts";
import {
  maxKeyBytes,
  maxMessageBytes,
  maxMessageDepth,
  maxMessageValues,
  maxObjectMembers,
  messageOverheadBytes,
} from "./limits.ts";
import {
  type ColumnConstructor,
  columnKinds,
  forbiddenKey,
  isBare,
  kindOf,
  notPlain,
  type Plain,
  takeGiven,
  tooLarge,
  worthMoving,
} from "./plain_data.ts";

/** A MessagePort, a Worker, or a Worker's own global scope. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message" | "messageerror", listener: (event: Event) => void): void;
  removeEventListener(type: "message" | "messageerror", listener: (event: Event) => void): void;
  /** Of a MessagePort only. */
  start?(): void;
}

/** What says that the other end has closed; a port tells nothing by itself. */
const goodbye = "goodbye";

export class PortCarrier implements Carrier {
  readonly #port: Port;
  #receiver: Receiver | null = null;
  #messages: Plain[] = [];
  #sizes: number[] = [];
  #transfer: ArrayBuffer[] = [];
  #queued = 0;
  #ended = false;
  readonly #onMessage = (event: Event) => this.#arrived((event as MessageEvent).data);
  readonly #onError = () => this.#end(new Refused("badRequest", "an RPC message could not be read"));

  /** @param port Nothing else may use it. A MessagePort is closed with the carrier; a Worker is its owner's. */
  constructor(port: Port) {
    this.#port = port;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#port.addEventListener("message", this.#onMessage);
    this.#port.addEventListener("messageerror", this.#onError);
    this.#port.start?.();
  }

  get queuedBytes(): number {
    return this.#queued;
  }

  send(message: Plain): number {
    if (this.#ended) return 0;
    const copier = new Copier();
    const copy = copier.message(message);
    const bytes = copier.bytes + messageOverheadBytes;
    if (this.#messages.length === 0) queueMicrotask(() => this.#flush());
    this.#messages.push(copy);
    this.#sizes.push(bytes);
    this.#transfer.push(...copier.transfer);
    this.#queued += bytes;
    return bytes;
  }

  close(reason: Refused): void {
    if (this.#ended) return;
    this.#flush();
    this.#port.postMessage(goodbye, []);
    this.#end(reason);
  }

  #flush(): void {
    if (this.#messages.length === 0 || this.#ended) return;
    const batch = [this.#sizes, this.#messages];
    const transfer = this.#transfer;
    this.#messages = [];
    this.#sizes = [];
    this.#transfer = [];
    this.#queued = 0;
    this.#port.postMessage(batch, transfer);
    this.#receiver?.drained();
  }

  #arrived(batch: unknown): void {
    if (this.#ended) return;
    if (batch === goodbye) return this.#end(new Refused("tryLater", "the RPC peer is gone"));
    if (!Array.isArray(batch) || !Array.isArray(batch[0]) || !Array.isArray(batch[1])) return this.#onError();
    const sizes: readonly unknown[] = batch[0];
    for (const [i, message] of batch[1].entries()) {
      const bytes = sizes[i];
      if (typeof bytes !== "number" || this.#ended) return;
      this.#receiver?.message(message, bytes);
    }
  }

  #end(reason: Refused): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#messages = [];
    this.#transfer = [];
    this.#queued = 0;
    this.#port.removeEventListener("message", this.#onMessage);
    this.#port.removeEventListener("messageerror", this.#onError);
    if (this.#port instanceof MessagePort) this.#port.close();
    this.#receiver?.closed(reason);
  }
}

/** A small array that waits for its place in the memory of all small ones of a message. */
interface SmallColumn {
  readonly view: ArrayBufferView;
  readonly kind: ColumnConstructor;
  /** Where in the copy it belongs. */
  readonly holder: Record<PropertyKey, Plain>;
  readonly key: PropertyKey;
}

/** The runtime keeps arrays of so few octets without a piece of memory of their own. */
const tinyOctets = 64;

/**
 * Copies plain data within the limits of a message, and weighs it. Small arrays share one piece of memory: for each a
 * piece of its own would cost more than all the rest of the message, at both ends.
 */
class Copier {
  bytes = 0;
  /** Buffers of the copy that are worth moving. */
  readonly transfer: ArrayBuffer[] = [];
  #small: SmallColumn[] | null = null;
  #values = 0;

  message(value: Plain): Plain {
    const root: Record<PropertyKey, Plain> = { message: null };
    if (ArrayBuffer.isView(value)) this.#column(root, "message", value);
    else root.message = this.#copy(value, 0);
    if (this.#small !== null) this.#pack(this.#small);
    return root.message;
  }

  #copyTo(holder: Record<PropertyKey, Plain>, key: PropertyKey, value: Plain, depth: number): void {
    if (ArrayBuffer.isView(value)) this.#column(holder, key, value);
    else holder[key] = this.#copy(value, depth);
  }

  #copy(value: Plain, depth: number): Plain {
    this.#count();
    switch (typeof value) {
      case "boolean":
        this.#weigh(1);
        return value;
      case "number":
        this.#weigh(8);
        return value;
      case "string":
        this.#weigh(5 + value.length);
        return value;
      case "object":
        break;
      default:
        throw notPlain(`a value of type ${typeof value}`);
    }
    if (value === null) {
      this.#weigh(1);
      return null;
    }
    if (depth >= maxMessageDepth) throw tooLarge("levels", maxMessageDepth);
    return Array.isArray(value) ? this.#array(value, depth) : this.#object(value, depth);
  }

  #column(holder: Record<PropertyKey, Plain>, key: PropertyKey, view: ArrayBufferView): void {
    this.#count();
    const kind = columnKinds[kindOf(view)] ?? Uint8Array;
    this.#weigh(6 + view.byteLength);
    if (takeGiven(view)) {
      this.transfer.push(view.buffer);
      holder[key] = view;
    } else if (view.byteLength <= tinyOctets || view.byteLength >= worthMoving) {
      const copy = new Uint8Array(view.byteLength);
      copy.set(octetsOf(view));
      if (view.byteLength >= worthMoving) this.transfer.push(copy.buffer);
      holder[key] = new kind(copy.buffer);
    } else {
      holder[key] = null; // Takes its place among the members.
      const small = { view, kind, holder, key };
      if (this.#small === null) this.#small = [small];
      else this.#small.push(small);
    }
  }

  #pack(small: readonly SmallColumn[]): void {
    let length = 0;
    for (const { view } of small) length += aligned(view.byteLength);
    const memory = new ArrayBuffer(length);
    let at = 0;
    for (const { view, kind, holder, key } of small) {
      new Uint8Array(memory, at, view.byteLength).set(octetsOf(view));
      holder[key] = new kind(memory, at, view.byteLength / kind.BYTES_PER_ELEMENT);
      at += aligned(view.byteLength);
    }
    if (length >= worthMoving) this.transfer.push(memory);
  }

  #array(values: readonly Plain[], depth: number): Plain {
    this.#weigh(5);
    const copy: Plain[] = [];
    // An array's indexes are keys as those of any object.
    const holder = copy as unknown as Record<PropertyKey, Plain>;
    for (let i = 0; i < values.length; i++) this.#copyTo(holder, i, values[i], depth + 1);
    return copy;
  }

  #object(value: object, depth: number): Plain {
    if (!isBare(value)) throw notPlain(`a ${value.constructor?.name ?? "class"}`);
    this.#weigh(3);
    const copy: Record<string, Plain> = {};
    let count = 0;
    for (const key of Object.keys(value)) {
      const member: Plain = (value as Record<string, Plain>)[key];
      if (member === undefined) continue;
      if (key === forbiddenKey) throw notPlain(`a member called ${forbiddenKey}`);
      if (++count > maxObjectMembers) throw tooLarge("members in an object", maxObjectMembers);
      if (key.length > maxKeyBytes) throw tooLarge("octets in a member's name", maxKeyBytes);
      this.#weigh(1 + key.length);
      this.#copyTo(copy, key, member, depth + 1);
    }
    return copy;
  }

  #count(): void {
    if (++this.#values > maxMessageValues) throw tooLarge("values", maxMessageValues);
  }

  #weigh(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > maxMessageBytes) throw tooLarge("octets", maxMessageBytes);
  }
}

/** Room for so many octets such that whatever stands behind them begins where any kind of array may. */
function aligned(octets: number): number {
  return (octets + 7) & ~7;
}

function octetsOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
