/**
 * The DNS: names, records, messages, asking servers, keeping answers. RFC 1034, RFC 1035, RFC 2181, RFC 2308, RFC 6891
 *
 * @module
 */
export * from "./answer.ts";
export * from "./cache.ts";
export * from "./exchange.ts";
export * from "./message.ts";
export * from "./name.ts";
export * from "./rdata.ts";
export * from "./rdata_text.ts";
export * from "./record.ts";
export * from "./resolver.ts";
export * from "./shared_exchange.ts";
export * from "./stub.ts";
export * from "./upstream.ts";
