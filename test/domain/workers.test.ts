/** Workers of one queue: which steps they move in, and what is judged of their broker's figures. */

import { describe, expect, it } from "vitest";
import { Queue } from "../../domain/settings/messaging.ts";
import {
  judgeBacklog,
  judgeConsuming,
  judgeTerminating,
  judgeUnacked,
  type QueueSeen,
  stepsFor,
  type WorkerPod,
} from "../../domain/workers.ts";

describe("steps of a shift", () => {
  it.each([
    [
      "one at a time",
      3,
      0.34,
      3,
      [
        [1, 2],
        [2, 1],
        [3, 0],
      ],
    ],
    [
      "halves",
      4,
      0.5,
      4,
      [
        [2, 2],
        [4, 0],
      ],
    ],
    ["all at once", 4, 1, 4, [[4, 0]]],
    [
      "a share below one worker is one",
      2,
      0.01,
      2,
      [
        [1, 1],
        [2, 0],
      ],
    ],
    [
      "more on the target than an autoscaler left on the source",
      3,
      0.34,
      2,
      [
        [1, 1],
        [2, 0],
        [3, 0],
      ],
    ],
    [
      "more on the source than planned",
      5,
      0.5,
      5,
      [
        [2, 3],
        [4, 1],
        [5, 0],
      ],
    ],
    ["nobody", 0, 0.5, 0, []],
  ])("%s", (_, total, share, now, steps) => {
    expect(stepsFor(total, share, now).map((s) => [s.target, s.source])).toEqual(steps);
  });
});

const queue = Queue.parse({ queue: "jobs", kind: "rabbitmq", workload: "shop/worker", messagesPerSecond: 2 });
const seen = (more: Partial<QueueSeen> = {}): QueueSeen => ({
  ready: 0,
  unacked: 0,
  delayed: 0,
  published: 0,
  consumers: [{ address: "10.0.0.1", prefetch: 10, unacked: undefined }],
  ...more,
});
const pod = (more: Partial<WorkerPod> = {}): WorkerPod => ({
  name: "worker-1",
  address: "10.0.0.1",
  ready: true,
  readySeconds: 100,
  overdueSeconds: undefined,
  ...more,
});

describe("who consumes", () => {
  it.each([
    ["a pod that the broker lists", [pod()], seen(), true],
    ["a ready pod that the broker doesn't list", [pod({ address: "10.0.0.9" })], seen(), undefined],
    ["a pod without an address", [pod({ address: undefined })], seen(), undefined],
    ["a pod that isn't ready", [pod({ ready: false })], seen(), undefined],
    ["a pod that is stopping", [pod({ overdueSeconds: -5 })], seen(), undefined],
  ])("%s", (_, pods, figures, passes) => {
    expect(judgeConsuming("shop/worker", { side: "target", wanted: 1, pods }, queue, figures).passes).toBe(
      passes,
    );
  });

  it("SQS knows no consumers: a pod has to have been ready for a minute", () => {
    const sqs = { ...queue, kind: "sqs" as const };
    const judged = (readySeconds: number) =>
      judgeConsuming(
        "shop/worker",
        { side: "target", wanted: 1, pods: [pod({ readySeconds })] },
        sqs,
        seen({ consumers: undefined }),
      ).passes;
    expect([judged(59), judged(60)]).toEqual([undefined, true]);
  });
});

describe("who stops", () => {
  it.each([
    ["nobody", [pod()], true],
    ["one within its grace period", [pod({ overdueSeconds: -20 })], undefined],
    ["one a little late", [pod({ overdueSeconds: 20 })], undefined],
    ["one that hangs", [pod({ overdueSeconds: 31 })], false],
  ])("%s", (_, pods, passes) => {
    const found = judgeTerminating("shop/worker", { side: "source", wanted: 1, pods });
    expect(found.passes).toBe(passes);
    if (passes === false) expect(found.sentence).toMatch(/worker-1 .* 31 s ago and hangs in Terminating/);
  });
});

describe("messages that are out, and messages that wait", () => {
  it.each([
    ["as many as the consumers may hold", seen({ unacked: 10 }), 0, true],
    ["more than they may hold", seen({ unacked: 11 }), 0, undefined],
    ["what one that is stopping still holds", seen({ unacked: 20 }), 1, true],
    [
      "any number where a consumer has no limit",
      seen({ unacked: 500, consumers: [{ address: "a", prefetch: 0, unacked: 0 }] }),
      0,
      true,
    ],
  ])("%s", (_, figures, stopping, passes) => {
    expect(judgeUnacked("shop/worker", queue, figures, stopping).passes).toBe(passes);
  });

  it("a minute's messages may wait beyond what waited before", () => {
    expect(judgeBacklog(queue, seen({ ready: 125 }), 5).passes).toBe(true);
    expect(judgeBacklog(queue, seen({ ready: 126 }), 5).passes).toBe(undefined);
  });
});
