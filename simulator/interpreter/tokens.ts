/** Task tokens: issued to a task that waits for a callback, good until that task is closed. */

import { createHash } from "node:crypto";
import { ApiError } from "./errors.ts";

/** A task that waits for its callback. */
export type Callback = {
  readonly succeed: (output: string) => void;
  readonly fail: (error: string | undefined, cause: string | undefined) => void;
  readonly beat: () => void;
};

const DIGESTS = 7;

export class Tokens {
  readonly #secret: string;
  readonly #open = new Map<string, Callback>();
  #issued = 0;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** A new token, about as long as the service's. */
  issue(): string {
    this.#issued += 1;
    return this.#text(this.#issued);
  }

  open(token: string, callback: Callback): void {
    this.#open.set(token, callback);
  }

  close(token: string): void {
    this.#open.delete(token);
  }

  /**
   * The task that waits under a token.
   * @throws ApiError InvalidToken for a text that was never one; TaskTimedOut for one that is used or expired, which the service doesn't tell apart.
   */
  find(token: string): Callback {
    const callback = this.#open.get(token);
    if (callback) return callback;
    const number = Number(/^AQB(\d{9})/.exec(token)?.[1]);
    if (!(number > 0) || this.#text(number) !== token) {
      throw new ApiError("InvalidToken", `Invalid Token: '${token.slice(0, 40)}'`);
    }
    if (number > this.#issued) throw new ApiError("TaskDoesNotExist", "Task does not exist");
    throw new ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
  }

  #text(number: number): string {
    const parts = Array.from({ length: DIGESTS }, (_, i) =>
      createHash("sha512").update(`${this.#secret}/${number}/${i}`).digest("base64"),
    );
    return `AQB${String(number).padStart(9, "0")}${parts.join("")}`;
  }
}
