/**
 * Messages: indexing them while they stream by, reading their fields and texts, writing new ones.
 *
 * @module
 */
export * from "./address_list.ts";
export * from "./authentication_results.ts";
export * from "./charset.ts";
export * from "./compose.ts";
export * from "./date.ts";
export * from "./decoded_text.ts";
export * from "./dsn_address.ts";
export * from "./dsn_compose.ts";
export * from "./dsn_parse.ts";
export * from "./dsn_print.ts";
export * from "./dsn_status.ts";
export * from "./encoded_word.ts";
export * from "./headers.ts";
export * from "./indexer.ts";
export * from "./message_id.ts";
export * from "./message_index.ts";
export * from "./parameters.ts";
export * from "./subject.ts";
export * from "./transfer_encoding.ts";
