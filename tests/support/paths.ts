/** Paths, as tests need them. */
export { join } from "node:path";
export { fileURLToPath as fromFileUrl } from "node:url";
