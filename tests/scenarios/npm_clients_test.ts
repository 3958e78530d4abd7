/**
 * The two mail clients that most Node programs use: nodemailer sends, imapflow reads.
 *
 * @module
 */
import { peerTests } from "../support/peers.ts";

peerTests("npm_clients.ts");
