/**
 * A Worker that answers with what it was asked, for tests and benchmarks of the port carrier.
 *
 * @module
 */
import { silentLog } from "../../base/log.ts";
import { offer } from "../callee.ts";
import { connect } from "../connection.ts";
import { type Port, PortCarrier } from "../port_carrier.ts";

const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel() {} }) };
const echo = { echo: (request: unknown) => Promise.resolve(request) };

// In a Worker the global scope is the port.
connect(new PortCarrier(globalThis as unknown as Port), {
  clock,
  log: silentLog,
  offers: { echo: offer<typeof echo>({ echo: "call" }, echo) },
});
