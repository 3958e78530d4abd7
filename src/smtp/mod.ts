/**
 * SMTP without sockets: commands, replies and messages as values, a server's session and a client's. RFC 5321 and its
 * extensions.
 *
 * @module
 */
export * from "./client_offers.ts";
export { keptReply, type ReplyFault, type ReplyInput, type ServerReply } from "./client_reply.ts";
export * from "./client_rules.ts";
export { beginClient, stepClient } from "./client_session.ts";
export { type ClientCredentials, SignIn } from "./client_sign_in.ts";
export type * from "./client_state.ts";
export * from "./command.ts";
export { type DataFault, DataReader } from "./data_reader.ts";
export * from "./limits.ts";
export * from "./parameters.ts";
export * from "./recipients.ts";
export * from "./reply.ts";
export { begin, step } from "./session.ts";
export * from "./session_state.ts";
export * from "./trace.ts";
