/**
 * What becomes of recipients in the test that kills: every tenth is refused for good.
 *
 * @module
 */
import type { QueueResult } from "../queue.ts";

export function killedResult(id: number): QueueResult {
  const isRefused = id % 10 === 0;
  return {
    id,
    outcome: isRefused ? "permanent" : "delivered",
    code: isRefused ? 552 : 250,
    status: isRefused ? "5.2.2" : "2.0.0",
    text: "",
    remote: { host: "mx", address: "192.0.2.1" },
    relaysDsn: false,
  };
}
