/**
 * Capabilities: who may use an account's services, on which RPC connection, and for how long.
 *
 * A capability is 128 random bits, made when somebody signed in. It opens the account on the connection it was made
 * on, on no other, until it is released, the connection ends, the password changes or the account is disabled. The
 * front can invent none and cannot use another front's.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { Refused } from "../base/errors.ts";

/** Capabilities of one RPC connection: signed-in sessions of a front. */
export const maxCapabilities = 50_000;

/** For whom a capability was made. */
export interface Holder {
  readonly account: string;
  /** The address that was used to sign in. */
  readonly login: string;
  /** Whether it has ended: whoever holds on to this asks again at each commit. */
  readonly ended: boolean;
}

interface Entry extends Holder {
  ended: boolean;
}

/** All capabilities of a process. */
export class Capabilities {
  readonly #connections = new Set<ConnectionCapabilities>();

  /**
   * Those of a new RPC connection.
   *
   * @param onEnd Told each capability that ends; for `Connection.endCapability`.
   */
  forConnection(onEnd: (capability: string) => void): ConnectionCapabilities {
    const connection = new ConnectionCapabilities(onEnd, () => void this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** Ends all capabilities of an account: its password was changed, or it was disabled or removed. */
  endAccount(account: string): void {
    for (const connection of this.#connections) connection.endAccount(account);
  }
}

/** The capabilities of one RPC connection. */
export class ConnectionCapabilities {
  readonly #onEnd: (capability: string) => void;
  readonly #onClose: () => void;
  readonly #entries = new Map<string, Entry>();
  #closed = false;

  /** Use {@link Capabilities.forConnection}. */
  constructor(onEnd: (capability: string) => void, onClose: () => void) {
    this.#onEnd = onEnd;
    this.#onClose = onClose;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A new capability. @throws {Refused} `tryLater` if there are too many, or the connection has ended. */
  issue(account: string, login: string): string {
    if (this.#closed || this.#entries.size >= maxCapabilities) {
      throw new Refused("tryLater", "too many sessions, or their connection has ended");
    }
    const capability = randomBytes(16).toString("hex");
    this.#entries.set(capability, { account, login, ended: false });
    return capability;
  }

  /** Who holds a capability. @throws {Refused} `noCapability`. */
  holder(capability: string): Holder {
    const entry = this.#entries.get(capability);
    if (entry === undefined) throw new Refused("noCapability", "there is no such capability here");
    return entry;
  }

  /** Ends one; nothing happens if there is none. */
  release(capability: string): void {
    const entry = this.#entries.get(capability);
    if (entry === undefined) return;
    entry.ended = true;
    this.#entries.delete(capability);
    this.#onEnd(capability);
  }

  endAccount(account: string): void {
    for (const [capability, entry] of this.#entries) if (entry.account === account) this.release(capability);
  }

  /** The connection ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const capability of [...this.#entries.keys()]) this.release(capability);
    this.#onClose();
  }
}
