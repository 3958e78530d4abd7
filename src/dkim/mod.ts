/**
 * DKIM: verifying and making signatures of messages. RFC 6376, RFC 8301, RFC 8463, RFC 8616
 *
 * @module
 */
export * from "./body_hasher.ts";
export * from "./canonical_body.ts";
export * from "./header_section.ts";
export * from "./key_lookup.ts";
export * from "./key_record.ts";
export * from "./keys.ts";
export * from "./message_reader.ts";
export * from "./public_key.ts";
export * from "./sign.ts";
export * from "./signature.ts";
export * from "./tag_list.ts";
export * from "./tag_values.ts";
export * from "./verdict.ts";
export * from "./verifier.ts";
