/** What the SDK's errors mean to a state machine: retried, conflicting, forbidden, absent, or wrong. */

import { describe, expect, it } from "vitest";
import { translated } from "../../adapters/aws.ts";
import { RETRYABLE } from "../../domain/errors.ts";

const sdk = (name: string, httpStatusCode?: number, code?: string) =>
  Object.assign(new Error("why"), {
    name,
    ...(code ? { code } : {}),
    ...(httpStatusCode ? { $metadata: { httpStatusCode } } : {}),
  });

describe("an error of the SDK", () => {
  it.each([
    ["Throttling", 400, "Throttled"],
    ["ThrottlingException", 429, "Throttled"],
    ["RequestLimitExceeded", 503, "Throttled"],
    ["SlowDown", 503, "Throttled"],
    ["AccessDenied", 403, "Forbidden"],
    ["AccessDeniedException", 400, "Forbidden"],
    ["UnauthorizedOperation", 403, "Forbidden"],
    ["PriorRequestNotComplete", 400, "Conflict"],
    ["ConditionalRequestConflict", 409, "Conflict"],
    ["ResourceInUseException", 409, "Conflict"],
    ["NoSuchHostedZone", 404, "NotFound"],
    ["ResourceNotFoundException", 400, "NotFound"],
    ["ExecutionDoesNotExist", 400, "NotFound"],
    ["InvalidSubnetID.NotFound", 400, "NotFound"],
    ["InternalFailure", 500, "Transient"],
    ["ServiceUnavailable", 503, "Transient"],
    ["InvalidChangeBatch", 400, "Invalid"],
    ["HostedZoneNotEmpty", 400, "Invalid"],
  ])("%s with status %i is %s, with its cause", (name, status, expected) => {
    const error = sdk(name, status);
    expect(translated(error, "do it")).toMatchObject({
      name: expected,
      message: expect.stringContaining("Could not do it: why"),
      cause: error,
    });
  });

  it.each([
    ["TimeoutError", undefined],
    ["Error", "ECONNRESET"],
    ["Error", "ETIMEDOUT"],
  ])("%s %s is a lost answer, which a state machine retries", (name, code) => {
    const { name: becomes } = translated(sdk(name, undefined, code), "do it") as Error;
    expect(becomes).toBe("AnswerLost");
    expect(RETRYABLE).toContain(becomes);
  });

  it("a mistake of ours is no answer of a service and stays what it is", () => {
    const bug = new TypeError("x is undefined");
    expect(translated(bug, "do it")).toBe(bug);
    expect(translated("text", "do it")).toBe("text");
  });
});
