/**
 * A client for tests that sends a line and looks at all that it is told.
 *
 * Tested by `src/imapd/serve_imap_test.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fake_clock.ts";
import type { MemoryTransport } from "../../../tests/support/memory_transport.ts";
import { type Bytes, concat, fromUtf8, utf8 } from "../../base/bytes.ts";
import type { ImapStage } from "./imap_stage.ts";

/** A client that reads everything it is told. */
export class Client {
  readonly #transport: MemoryTransport;
  #last = 0;

  constructor(transport: MemoryTransport) {
    this.#transport = transport;
  }

  static async signedIn(stage: ImapStage, mailbox: string | null = "Inbox"): Promise<Client> {
    const client = new Client(stage.connect());
    await client.read();
    assert.match(await client.command("LOGIN mjl@example.org secret123"), / OK /);
    if (mailbox !== null) assert.match(await client.command(`SELECT ${mailbox}`), / OK /);
    return client;
  }

  /** What has come by now, until nothing more comes. */
  async read(): Promise<string> {
    const pieces: Bytes[] = [];
    for (await settle(); this.#transport.buffered > 0; await settle()) {
      const piece = await this.#transport.read();
      if (piece !== null) pieces.push(piece);
    }
    return fromUtf8(concat(pieces));
  }

  send(text: string): Promise<void> {
    return this.#transport.write(utf8(text));
  }

  /** The whole answer; the tag is left out of its last line. */
  async command(text: string): Promise<string> {
    const tag = `t${++this.#last}`;
    await this.send(`${tag} ${text}\r\n`);
    return (await this.read()).replace(`\r\n${tag} `, "\r\n= ").replace(new RegExp(`^${tag} `), "= ");
  }

  get closed(): boolean {
    return this.#transport.peer.isClosed;
  }

  end(): void {
    this.#transport.endWriting();
  }
}
