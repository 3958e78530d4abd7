/**
 * Fetches MTA-STS policies: HTTPS to `mta-sts.` and the domain, whose certificate must be valid for that name; no
 * redirects, one minute, 64 KB. RFC 8461 3.2, 3.3
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { asciiLower } from "../base/scanner.ts";
import { asciiDomain } from "../address/domain.ts";
import type { Fetched, PolicyFetcher } from "../mtasts/life.ts";
import { maxPolicyOctets, policyHost, policyUrl } from "../mtasts/policy.ts";
import { readPolicyResponse } from "../mtasts/response.ts";
import type { CheckedDialer } from "./checked_dialer.ts";
import { fieldValue } from "./http_response.ts";
import { httpsGet } from "./https_get.ts";

/** What the fetcher is made of. */
export interface PolicyFetcherSettings {
  readonly dialer: CheckedDialer;
  readonly clock: Clock;
  /** 443, unless a test says otherwise. */
  readonly port?: number;
  /** Trusted certificates in PEM, instead of the runtime's own. */
  readonly trusted?: readonly string[];
}

/** For one policy, from looking up its host to its last octet. RFC 8461 3.3 */
export const fetchMs = 60_000;

export class HttpsPolicyFetcher implements PolicyFetcher {
  readonly #settings: PolicyFetcherSettings;

  constructor(settings: PolicyFetcherSettings) {
    this.#settings = settings;
  }

  /** Never rejects for what the network did. @param domain In normal form. */
  async fetchPolicy(domain: string, signal?: AbortSignal): Promise<Fetched> {
    const { dialer, clock, port = 443, trusted } = this.#settings;
    const ascii = asciiDomain(domain);
    const got = await httpsGet(dialer, clock, {
      host: policyHost(ascii),
      port,
      path: new URL(policyUrl(ascii)).pathname,
      accept: "text/plain",
      maxBody: maxPolicyOctets + 1, // One more shows that there are more.
      totalMs: fetchMs,
      trusted,
      signal,
    });
    // RFC 8461 3.3: what another status brings is of no interest, so it need not be whole.
    if (got.head !== null && got.head.status !== 200) {
      return readPolicyResponse({ status: got.head.status, contentType: null, body: new Uint8Array() });
    }
    if (!got.ok) {
      return { ok: false, failure: got.failure === "answer" ? "invalid" : got.failure, why: got.why };
    }
    const coding = fieldValue(got.head, "content-encoding");
    if (coding !== null && asciiLower(coding) !== "identity") {
      return { ok: false, failure: "invalid", why: "the policy is encoded in a way that nobody asked for" };
    }
    return readPolicyResponse({
      status: got.head.status,
      contentType: fieldValue(got.head, "content-type"),
      body: got.body,
    });
  }
}
