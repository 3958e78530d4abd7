/**
 * LOGIN: name and password, each asked for. Never standardised (draft-murchison-sasl-login), obsolete, and the only
 * thing that some clients of submission speak.
 *
 * Tested by `src/sasl/plain_test.ts`.
 *
 * @module
 */
import { type Bytes, fromStrictUtf8, utf8 } from "../base/bytes.ts";
import type { PasswordLogin } from "./plain.ts";
import { maxFieldBytes } from "./secrets.ts";

/** What a server asks. Clients do not read it, but some wait for just these words. */
export const usernamePrompt: Bytes = utf8("Username:");
export const passwordPrompt: Bytes = utf8("Password:");

/** How far an exchange has come. */
export type LoginState = { readonly username: string | null };

export type LoginStep =
  | { readonly kind: "ask"; readonly state: LoginState; readonly challenge: Bytes }
  | { readonly kind: "done"; readonly login: PasswordLogin }
  | { readonly kind: "malformed" };

/** @param initial The initial response, which is the name (RFC 4422 knows none for LOGIN, some clients send it). */
export function beginLogin(initial: Uint8Array | null): LoginStep {
  const state: LoginState = { username: null };
  if (initial === null || initial.length === 0) return { kind: "ask", state, challenge: usernamePrompt };
  return continueLogin(state, initial);
}

/** The client answered. */
export function continueLogin(state: LoginState, response: Uint8Array): LoginStep {
  const text = response.length > maxFieldBytes ? null : fromStrictUtf8(response);
  if (!text || text.includes("\0")) return { kind: "malformed" };
  if (state.username === null) return { kind: "ask", state: { username: text }, challenge: passwordPrompt };
  return { kind: "done", login: { authzid: "", authcid: state.username, password: text } };
}
