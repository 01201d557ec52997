/** From the Kubernetes API's refusals (a `Status` object) to the errors of the domain. */

import { Conflict, Forbidden, Invalid, NotFound, Throttled, Transient } from "../domain/errors.ts";
import type { HttpResponse } from "./http.ts";

/** What the API server says when it refuses: `kind: Status` of the meta/v1 API. */
export type KubeStatus = {
  readonly code: number;
  /** One word: `AlreadyExists`, `Conflict`, `Expired`, `Invalid` … */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
};

/** The server's own Status behind an error of this client; undefined for errors that have none (no answer came). */
export const statusOf = (error: unknown): KubeStatus | undefined => {
  const cause = error instanceof Error ? error.cause : undefined;
  return isStatus(cause) ? cause : undefined;
};

/** Whether a creation was refused because the name is taken. */
export const isAlreadyExists = (error: unknown): boolean => statusOf(error)?.reason === "AlreadyExists";

const isStatus = (value: unknown): value is KubeStatus =>
  typeof value === "object" && value !== null && "code" in value && "reason" in value && "message" in value;

/** Reads the Status of a refusal; answers that aren't JSON (a proxy's page) keep their code. */
export const parseStatus = (response: HttpResponse): KubeStatus => {
  const retryAfter = Number(response.headers["retry-after"]);
  const rest =
    response.headers["retry-after"] !== undefined && Number.isFinite(retryAfter)
      ? { retryAfterSeconds: retryAfter }
      : {};
  try {
    const { reason, message } = JSON.parse(response.body) as { reason?: unknown; message?: unknown };
    return { code: response.status, reason: textOr(reason, ""), message: textOr(message, ""), ...rest };
  } catch {
    return { code: response.status, reason: "", message: response.body.slice(0, 200), ...rest };
  }
};

const textOr = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);

/** Real servers give a failed JSON-patch `test` no words of its own, only these. */
const PATCH_REFUSED = "the server rejected our request due to an error in our request";

/** @param what What we tried, for the message: `patch Deployment shop/cart`. */
export const errorOf = (what: string, response: HttpResponse): Error => {
  const status = parseStatus(response);
  const cause = { cause: status };
  const said = status.message === "" ? `HTTP ${status.code}` : status.message;
  const sentence = `The Kubernetes API refused to ${what}: ${said}`;
  switch (status.code) {
    case 400:
    case 405:
    case 413:
    case 415:
      return new Invalid(sentence, cause);
    case 401:
    case 403:
      return new Forbidden(sentence, cause);
    case 404:
      return new NotFound(sentence, cause);
    case 409:
      return new Conflict(sentence, cause);
    case 410:
      return new Transient(`${sentence}; the list has to start again.`, cause);
    case 422:
      return said.startsWith(PATCH_REFUSED)
        ? new Conflict(
            `A test of the patch didn't hold (or its path isn't there) when we tried to ${what}: the object has changed.`,
            cause,
          )
        : new Invalid(sentence, cause);
    case 429:
      return new Throttled(
        `${sentence}${status.retryAfterSeconds === undefined ? "" : ` (retry after ${status.retryAfterSeconds} s)`}`,
        cause,
      );
    default:
      return status.code >= 500
        ? new Transient(sentence, cause)
        : new Invalid(`The Kubernetes API gave an answer that we don't know to ${what}: ${said}`, cause);
  }
};
