/**
 * Keeps the parser: starts it when somebody asks for text, passes requests on, one at a time, and kills it when it takes
 * too long. Runs in the supervisor (of `serve`, or of `localserve`), which sees octets go by and reads none of them.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import {
  answers,
  headOf,
  maxParserAnswer,
  maxParserRequest,
  numberOf,
  requestHead,
} from "../roles/parser_frames.ts";
import { grants } from "../roles/grants.ts";
import { frameOf, FrameReader } from "../rpc/frame_reader.ts";
import { prepareRole, type RoleProcess, type RoleStart } from "./role_process.ts";

/** How long the parser may take for one request: ten times what 4 MB of HTML take on a busy machine. */
export const parserDeadlineMs = 10_000;

/** Without work for so long it ends, and gives its memory back. */
export const parserIdleMs = 60_000;

/** After a start that failed, none for so long. */
export const parserRestMs = 30_000;

/** Requests that may wait: the store sends one at a time. */
const maxWaiting = 4;

/** Megabytes of its heap. 4 MB of HTML, the most of one message, take about 110. */
const heapMegabytes = 256;

/** How the parser is started. */
export const parserStart: RoleStart = {
  name: "parser",
  entry: new URL("../roles/parser_main.ts", import.meta.url),
  grant: grants.parser(),
  boot: {},
  v8Flags: [`--max-old-space-size=${heapMegabytes}`],
};

export interface ParserHostSettings {
  readonly clock: Clock;
  readonly log: Log;
  /** Brings bytes back to the store. */
  readonly write: (bytes: Uint8Array) => void;
  readonly deadlineMs?: number;
  /** For tests: another parser. */
  readonly start?: RoleStart;
}

/** A parser that runs, and what it is asked. */
interface Running {
  readonly process: RoleProcess;
  /** Set while it is asked. */
  answered: ((answer: Uint8Array | null) => void) | null;
}

export class ParserHost {
  readonly #settings: ParserHostSettings;
  readonly #spawn: (output: (bytes: Uint8Array) => void) => RoleProcess;
  #requests = new FrameReader(maxParserRequest + requestHead);
  #running: Running | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #restUntil = -Infinity;
  #idle: Timer | null = null;
  #stopped = false;
  #broken = false;

  /** To be made while everything may still be read: what starts the parser later is prepared here. */
  constructor(settings: ParserHostSettings) {
    this.#settings = settings;
    this.#spawn = prepareRole(settings.start ?? parserStart);
  }

  /** The process that runs now, or 0. */
  get pid(): number {
    return this.#running?.process.pid ?? 0;
  }

  /** A store begins anew: what an earlier one had written of a frame is forgotten. */
  begin(): void {
    this.#requests = new FrameReader(maxParserRequest + requestHead);
    this.#broken = false;
  }

  /** Takes what the store wrote. */
  take(bytes: Uint8Array): void {
    if (this.#broken || this.#stopped) return;
    try {
      this.#requests.push(bytes, (frame) => this.#request(frame.slice()));
    } catch (error) {
      this.#broken = true;
      this.#settings.log.error("the store wrote what is no request for the parser", {
        error: asError(error),
      });
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#idle?.cancel();
    const { process = null } = this.#running ?? {};
    process?.kill();
    await process?.ended;
    await this.#turn;
  }

  #request(frame: Uint8Array): void {
    if (frame.length <= requestHead) return;
    const number = numberOf(frame);
    if (this.#waiting >= maxWaiting) return this.#settings.write(frameOf(headOf(number, answers.none)));
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#ask(frame)).then((answer) => {
      this.#waiting--;
      if (this.#stopped) return;
      const [kind, texts] = typeof answer === "number" ? [answer, new Uint8Array(0)] : [answers.read, answer];
      this.#settings.write(frameOf(headOf(number, kind), texts));
    });
  }

  /** What the parser says; or how else it went. */
  async #ask(request: Uint8Array): Promise<Uint8Array | number> {
    const { clock, log, deadlineMs = parserDeadlineMs } = this.#settings;
    const running = await this.#start();
    if (running === null) return answers.none;
    this.#idle?.cancel();
    const { promise, resolve } = Promise.withResolvers<Uint8Array | null>();
    running.answered = resolve;
    const timer = clock.after(deadlineMs, () => {
      log.warn("the parser took too long and is killed", { pid: running.process.pid });
      running.process.kill();
    });
    running.process.write(frameOf(request)).catch(() => {}); // Its end tells.
    const answer = await promise;
    timer.cancel();
    running.answered = null;
    if (answer === null) return answers.failed;
    if (answer.length < requestHead || numberOf(answer) !== numberOf(request)) {
      // An answer to something else: from here on none could be trusted.
      running.process.kill();
      await running.process.ended;
      return answers.failed;
    }
    this.#idle = clock.after(parserIdleMs, () => {
      this.#running = null;
      void running.process.stop();
    });
    return answer.subarray(requestHead);
  }

  async #start(): Promise<Running | null> {
    const { clock, log } = this.#settings;
    if (this.#running !== null) return this.#running;
    if (this.#stopped || clock.monotonic() < this.#restUntil) return null;
    try {
      const reader = new FrameReader(maxParserAnswer);
      let isTrusted = true;
      const end = () => {
        isTrusted = false; // What it wrote before its end comes may still come, and be of the right form.
        process.kill();
      };
      const process = this.#spawn((bytes) => {
        if (!isTrusted) return;
        try {
          reader.push(bytes, (frame) => {
            // Nobody asked: it is not what it should be.
            if (running.answered === null) end();
            else running.answered(frame.slice());
          });
        } catch {
          end();
        }
      });
      const running: Running = { process, answered: null };
      this.#running = running;
      void process.ended.then((code) => {
        if (this.#running === running) this.#running = null;
        if (running.answered !== null) log.warn("the parser ended while it was asked", { code });
        running.answered?.(null);
      });
      await process.ready;
      return this.#running === running ? running : null;
    } catch (error) {
      this.#running = null;
      this.#restUntil = clock.monotonic() + parserRestMs;
      if (!this.#stopped) log.error("the parser could not be started", { error: asError(error) });
      return null;
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
