/**
 * localserve's page in a browser: what a person sees, and that it lives.
 *
 * @module
 */
import { peerTests } from "../support/peers.ts";

peerTests("page.ts");
