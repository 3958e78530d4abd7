/**
 * A command's way to the running server: its control socket, and the services behind it.
 *
 * Tested by `tests/scenarios/control_test.ts` and `src/roles/control_socket_test.ts`.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { Clock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { type QueueAdmin, queueAdminMethods } from "../queue/queue_admin.ts";
import { type Client, client } from "../rpc/client.ts";
import { connect } from "../rpc/connection.ts";
import { SocketCarrier } from "../rpc/socket_carrier.ts";
import { readGreeting } from "./greeting.ts";

/** The running server, as the administrator has it. */
export interface Control {
  readonly queue: Client<QueueAdmin>;
  /** Whether the server has gone, or ended the connection. */
  readonly lost: boolean;
  close(): Promise<void>;
}

/**
 * Begins to speak on a connection to the control socket.
 *
 * @throws {Refused} As {@link readGreeting}; the stream is destroyed then.
 */
export async function openControl(stream: Duplex, clock: Clock): Promise<Control> {
  let capability: string;
  try {
    capability = await readGreeting(stream, clock);
  } catch (error) {
    stream.destroy();
    throw error;
  }
  const connection = connect(new SocketCarrier(stream), {
    clock,
    log: silentLog,
    // A change of a million messages takes what it takes; who does not want to wait ends the command.
    limits: { callDeadlineMs: null },
  });
  return {
    queue: client<QueueAdmin>(connection, "queueAdmin", queueAdminMethods, capability),
    get lost() {
      return connection.closed !== null;
    },
    async close() {
      connection.close();
      await connection.ended;
    },
  };
}
