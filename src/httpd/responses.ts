/**
 * HTTP answers with the headers that all of ours carry.
 *
 * @module
 */
import type { Html } from "./html.ts";

/** No scripts, styles or connections but our own files; nobody frames us; no address leaks to other sites. */
const safe: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** An answer with a body of a type. */
export function respond(body: string | ReadableStream<Uint8Array>, type: string, status = 200): Response {
  return new Response(body, { status, headers: { ...safe, "content-type": type } });
}

export function page(content: Html): Response {
  return respond(`<!doctype html>\n${content.text}`, "text/html; charset=utf-8");
}

/** A plain text answer, for errors and for scripts. */
export function plain(text: string, status = 200): Response {
  return respond(`${text}\n`, "text/plain; charset=utf-8", status);
}

/** The path of a request; null for an URL that is none, such as one whose host is in no form that hosts have: RFC 9112 3.2 wants 400. */
export function pathOf(url: string): string | null {
  return URL.parse(url)?.pathname ?? null;
}

/** What a request is told that has no path. */
export function badRequest(): Response {
  return plain("This is no address of a page.", 400);
}

/**
 * Whether a request came to one of our own names. Another name in Host means that a web page somewhere made
 * its own name point to this machine, to read what is only meant for it (DNS rebinding).
 *
 * @param host The Host header, with or without port.
 */
export function isAllowedHost(host: string | null, allowed: readonly string[]): boolean {
  const name = host?.match(/^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i)?.[1];
  return name !== undefined && allowed.includes(name.toLowerCase());
}
