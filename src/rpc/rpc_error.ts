/**
 * What a caller gets where the other side broke its promise. Refusals arrive as `Refused`, with their reason.
 *
 * Tested by `src/rpc/connection_test.ts`.
 *
 * @module
 */

/**
 * The other side failed in a way that is its bug. What happened is in its log, under this call's id; nothing
 * of it is told here, because the asker may be a role that was taken over.
 */
export class RemoteFailure extends Error {
  override readonly name = "RemoteFailure";
}
