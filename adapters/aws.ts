/** What AWS errors mean to us: SDK exceptions become errors of the domain, by name and status, with their cause kept. */

import {
  AnswerLost,
  Conflict,
  Forbidden,
  Invalid,
  NotFound,
  Throttled,
  Transient,
} from "../domain/errors.ts";

type Shape = {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly code: string | undefined;
};

const shapeOf = (error: unknown): Shape => {
  const e = (error ?? {}) as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return {
    name: typeof e.name === "string" ? e.name : "",
    message: typeof e.message === "string" ? e.message : String(error),
    status: e.$metadata?.httpStatusCode,
    code: typeof e.code === "string" ? e.code : undefined,
  };
};

/** The name of an SDK exception: what adapters branch on where a refusal is an answer. */
export const errorName = (error: unknown): string => shapeOf(error).name;

const THROTTLED =
  /^(Throttling|ThrottlingException|ThrottledException|TooManyRequestsException|RequestLimitExceeded|SlowDown|RequestThrottled.*)$/;
const FORBIDDEN = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|NotAuthorizedException|403)$/;
const CONFLICT =
  /^(PriorRequestNotComplete|ConcurrentModification|ConditionalRequestConflict|OperationAborted|ResourceInUseException|ConflictException|ResourcePropagationDelayException)$/;
const ABSENT =
  /^(NoSuchKey|NoSuchBucket|NotFound|NoSuchHostedZone|QueueDoesNotExist|AWS\.SimpleQueueService\.NonExistentQueue|NoSuchChange|ResourceNotFoundException|ResourceNotFound|ExecutionDoesNotExist|StateMachineDoesNotExist|TaskDoesNotExist|Invalid.*\.NotFound|LoadBalancerNotFoundException|TargetGroupNotFoundException)$/;
const UNANSWERED = /^(TimeoutError|RequestTimeout|AbortError)$/;
const UNANSWERED_CODES = /^(ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/;

/**
 * The domain's error for an SDK's. Errors that no service sent (mistakes of ours) come back unchanged.
 * @param doing What was tried, to what: "list the records of zone Z123".
 */
export const translated = (error: unknown, doing: string): unknown => {
  const { name, message, status, code } = shapeOf(error);
  const sentence = `Could not ${doing}: ${message}`;
  const because = { cause: error };
  if (UNANSWERED.test(name) || (code !== undefined && UNANSWERED_CODES.test(code)))
    return new AnswerLost(sentence, because);
  if (status === undefined) return error;
  if (THROTTLED.test(name) || status === 429) return new Throttled(sentence, because);
  if (FORBIDDEN.test(name) || status === 403) return new Forbidden(sentence, because);
  if (CONFLICT.test(name) || status === 409) return new Conflict(sentence, because);
  if (ABSENT.test(name) || status === 404) return new NotFound(sentence, because);
  if (status >= 500) return new Transient(sentence, because);
  return new Invalid(`${sentence} (${name})`, because);
};

/** Makes one call and throws the domain's errors. */
export const calling = async <T>(doing: string, call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    throw translated(error, doing);
  }
};
