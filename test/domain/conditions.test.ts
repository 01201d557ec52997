/** What a status says: ready is True and nothing else, and what nobody has written holds nothing. */

import { describe, expect, it } from "vitest";
import { conditionOf, holds, isEndedPod, isGoing, isReadyPod } from "../../domain/conditions.ts";
import { anObject } from "./checks.fixture.ts";

const pod = (status: object, metadata: object = {}) => {
  const made = anObject("v1", "Pod", "cart-1", { status });
  return { ...made, metadata: { ...made.metadata, ...metadata } };
};
const ready = (status: unknown) => ({
  conditions: [
    { type: "Initialized", status: "True" },
    { type: "Ready", status },
  ],
});
const DELETED = { deletionTimestamp: "2026-03-03T02:00:00Z" };

describe("a pod", () => {
  it.each([
    ["is ready when its condition is True", pod(ready("True")), true],
    ["isn't when it is False", pod(ready("False")), false],
    ["isn't when nobody knows (its node doesn't report)", pod(ready("Unknown")), false],
    ["isn't when it has been asked to go, however ready", pod(ready("True"), DELETED), false],
    [
      "isn't when only another condition is True",
      pod({ conditions: [{ type: "Initialized", status: "True" }] }),
      false,
    ],
    ["isn't when there are no conditions yet", pod({}), false],
    ["isn't when the status is nonsense", pod({ conditions: "Ready" }), false],
  ])("%s", (_, object, expected) => {
    expect(isReadyPod(object)).toBe(expected);
  });

  it.each([
    ["Succeeded", true],
    ["Failed", true],
    ["Running", false],
    ["Pending", false],
    ["Unknown", false],
  ])("in phase %s: ended %s", (phase, ended) => {
    expect(isEndedPod(pod({ phase }))).toBe(ended);
  });

  it("goes from the moment it is deleted", () => {
    expect([isGoing(pod({})), isGoing(pod({}, DELETED))]).toEqual([false, true]);
  });
});

it("a condition that isn't there holds nothing, and is undefined", () => {
  expect([holds(pod({}), "Complete"), conditionOf(pod(ready("True")), "Complete")]).toEqual([
    false,
    undefined,
  ]);
});
