/** When a RabbitMQ or SQS queue counts as empty, look by look, and what is said to be in the way. */

import { describe, expect, it } from "vitest";
import { queueDrainedOf } from "../../domain/queue-drain.ts";
import type { QueueSeen } from "../../domain/workers.ts";

const seen = (more: Partial<QueueSeen> = {}): QueueSeen => ({
  ready: 0,
  unacked: 0,
  delayed: 0,
  published: 7,
  consumers: [],
  ...more,
});

describe("RabbitMQ", () => {
  const look = (figures: QueueSeen | "missing", markBefore: string | null) =>
    queueDrainedOf({ queue: { queue: "jobs", kind: "rabbitmq" }, seen: figures, markBefore, now: 0 });
  it.each([
    ["empty, and as much published as before", seen(), "7", true, /nothing published/],
    ["empty, at the first look", seen(), null, false, /next look/],
    ["empty, after figures were missing", seen(), "", false, /next look/],
    ["empty, and something came and was taken", seen({ published: 9 }), "7", false, /2 were published/],
    ["messages wait", seen({ ready: 3 }), "7", false, /3 wait/],
    [
      "messages are in a worker's hands",
      seen({ unacked: 2, consumers: [{ address: "10.0.0.7", prefetch: 4, unacked: 2 }] }),
      "7",
      false,
      /2 are not acknowledged \(10\.0\.0\.7 holds 2\)/,
    ],
    ["no figures", "missing" as const, "7", false, /nothing is known/],
  ])("%s", (_, figures, markBefore, drained, says) => {
    const found = look(figures, markBefore);
    expect(found.drained).toBe(drained);
    expect(found.sentence).toMatch(says);
  });
});

describe("SQS", () => {
  const at = (seconds: number, figures: Partial<QueueSeen>, markBefore: string | null) =>
    queueDrainedOf({
      queue: { queue: "mails", kind: "sqs" },
      seen: seen({ published: undefined, consumers: undefined, ...figures }),
      markBefore,
      now: seconds * 1000,
    });

  it("has to have been empty for two minutes, since its figures settle within one", () => {
    const first = at(1_000, {}, null);
    expect(first).toMatchObject({ drained: false, mark: "1000000" });
    expect(at(1_119, {}, first.mark)).toMatchObject({ drained: false });
    expect(at(1_120, {}, first.mark)).toMatchObject({ drained: true });
  });

  it.each([{ ready: 1 }, { unacked: 1 }, { delayed: 1 }])("begins anew with %o", (figures) => {
    const after = at(1_060, figures, "1000000");
    expect(after).toMatchObject({ drained: false, mark: "" });
    expect(at(1_120, {}, after.mark)).toMatchObject({ drained: false, mark: "1120000" });
  });
});
