/** What stands between people and the functions, held to what its counterparts document: SQS with Lambda's poller, Secrets Manager, Slack's Web API, EventBridge's patterns. */

import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { listeners } from "../../functions/listeners.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { SLACK_APP } from "../../simulator/services/deployed.ts";
import { makeEvents, matches } from "../../simulator/services/events.ts";
import { makeSecrets } from "../../simulator/services/secrets.ts";
import { makeSlackService } from "../../simulator/services/slack.ts";
import { makeSqs, queueUrl, senderOf } from "../../simulator/services/sqs.ts";
import { makeBench, STARTS_AT } from "./harness.ts";

type Event = {
  readonly Records: readonly {
    readonly messageId: string;
    readonly body: string;
    readonly attributes: Record<string, string>;
  }[];
};

/** A queue whose function fails in a way of the test's. */
const queueWith = (answer: (event: Event, delivery: number) => unknown) => {
  const seen: Event[] = [];
  let service: ReturnType<typeof makeSqs> | undefined;
  const bench = makeBench(
    (clock) => {
      service = makeSqs(
        {
          name: "q",
          batchMax: 2,
          visibilitySeconds: 180,
          receivesMax: 3,
          // As an invocation does: on the clock, which waits for it.
          deliver: (event) =>
            clock.task("deliver", async () => {
              seen.push(event as Event);
              const said = answer(event as Event, seen.length);
              if (said instanceof Error) throw said;
              return said;
            }),
        },
        { clock, random: makeRandom(1) },
      );
      return { sqs: service.handlers };
    },
    { needs: { sqs: ["SendMessage"] } },
  );
  const send = (body: string, url = queueUrl("q")) =>
    bench.asStep((aws) => aws.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body })));
  const pass = async (seconds: number) => {
    const until = bench.clock.now() + seconds * 1_000;
    bench.clock.at(until, () => {});
    await bench.clock.run(() => bench.clock.now() >= until);
  };
  return { bench, seen, send, pass, dead: () => service?.deadLetters() ?? [] };
};

describe("SQS with Lambda's poller (developer guides of both)", () => {
  test("hands over batches up to their size, with who sent it and when by SQS's own word", async () => {
    const { send, pass, seen } = queueWith(() => ({ batchItemFailures: [] }));
    for (const body of ["a", "b", "c"]) await send(body);
    await pass(5);
    expect(seen.flatMap((e) => e.Records.map((r) => r.body))).toEqual(["a", "b", "c"]);
    expect(Math.max(...seen.map((e) => e.Records.length))).toBeLessThanOrEqual(2);
    expect(seen[0]?.Records[0]?.attributes).toMatchObject({
      ApproximateReceiveCount: "1",
      SenderId: senderOf({ name: "a-step" }),
      SentTimestamp: expect.stringMatching(/^\d{13}$/),
    });
    await pass(600);
    expect(seen.flatMap((e) => e.Records)).toHaveLength(3);
  });

  test("delivers what failed again after its time, and gives it up after the last", async () => {
    const { send, pass, seen, dead } = queueWith(() => new Error("down"));
    await send("a");
    await pass(100);
    expect(seen).toHaveLength(1);
    await pass(1_000);
    expect([
      seen.map((e) => e.Records[0]?.attributes["ApproximateReceiveCount"]),
      dead().map((m) => m.body),
    ]).toEqual([["1", "2", "3"], ["a"]]);
  });

  test("delivers of a batch only what its answer names; an answer that names a stranger is a failure of all", async () => {
    const some = queueWith(({ Records }, n) => ({
      batchItemFailures: n === 1 ? [{ itemIdentifier: Records[0]?.messageId }] : [],
    }));
    await Promise.all(["a", "b"].map((body) => some.send(body)));
    await some.pass(400);
    expect(some.seen.map((e) => e.Records.length)).toEqual([2, 1]);
    const strange = queueWith((_, n) => ({
      batchItemFailures: n === 1 ? [{ itemIdentifier: "nobody" }] : [],
    }));
    await strange.send("a");
    await strange.pass(400);
    expect(strange.seen).toHaveLength(2);
  });

  test("refuses a queue that isn't there", async () => {
    const { send } = queueWith(() => ({}));
    await expect(send("a", queueUrl("other"))).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  });
});

test("Secrets Manager refuses a secret that isn't there, and gives the newest value", async () => {
  const secrets = makeSecrets({ a: "1" });
  const bench = makeBench(() => ({ secrets: secrets.handlers }), { needs: { secrets: ["GetSecretValue"] } });
  const get = (SecretId: string) =>
    bench.asStep((aws) => aws.secrets.send(new GetSecretValueCommand({ SecretId })));
  secrets.put("a", "2");
  expect((await get("a")).SecretString).toBe("2");
  await expect(get("b")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

describe("Slack's Web API (api.slack.com, reference)", () => {
  const post = (
    body: object,
    { method = "chat.postMessage", token = SLACK_APP.botToken as string | null } = {},
  ) => {
    const slack = makeSlackService({ clock: new Clock(STARTS_AT), app: SLACK_APP });
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const { body: text } = slack.handle(
      {
        method: "POST",
        url: `https://slack/api/${method}`,
        headers,
        body: JSON.stringify({ channel: SLACK_APP.channelId, text: "x", ...body }),
      },
      { name: "a", kind: "step", user: "a", groups: [], mayKubernetes: () => true },
    ) as { readonly body: string };
    return JSON.parse(text) as { readonly ok: boolean; readonly error?: string };
  };
  const button = (value: string, id = "a") => ({
    type: "button",
    action_id: id,
    text: { type: "plain_text", text: "A" },
    value,
  });

  test.each<[string, object, object, string]>([
    ["without a token", {}, { token: null }, "not_authed"],
    ["with another token", {}, { token: "xoxb-other" }, "invalid_auth"],
    ["into another channel", { channel: "C0" }, {}, "channel_not_found"],
    ["without anything to say", { text: "" }, {}, "no_text"],
    [
      "with a section above 3,000 characters",
      { blocks: [{ type: "section", text: { type: "mrkdwn", text: "x".repeat(3_001) } }] },
      {},
      "invalid_blocks",
    ],
    [
      "with a header above 150",
      { blocks: [{ type: "header", text: { type: "plain_text", text: "x".repeat(151) } }] },
      {},
      "invalid_blocks",
    ],
    [
      "with a button's value above 2,000",
      { blocks: [{ type: "actions", block_id: "b", elements: [button("x".repeat(2_001))] }] },
      {},
      "invalid_blocks",
    ],
    [
      "with two buttons of one action",
      { blocks: [{ type: "actions", block_id: "b", elements: [button("1"), button("2")] }] },
      {},
      "invalid_blocks",
    ],
    ["of a method that it doesn't have", {}, { method: "chat.shout" }, "unknown_method"],
    ["that updates what isn't there", { ts: "1.0" }, { method: "chat.update" }, "message_not_found"],
    ["that whispers to nobody", {}, { method: "chat.postEphemeral" }, "user_not_in_channel"],
  ])("refuses a call %s", (_, body, how, error) => {
    expect(post(body, how)).toEqual({ ok: false, error });
  });

  test("takes the same within its bounds", () => {
    expect(
      post({
        blocks: [{ type: "actions", block_id: "b", elements: [button("x".repeat(2_000)), button("2", "b")] }],
      }),
    ).toMatchObject({ ok: true });
  });
});

describe("EventBridge", () => {
  const rule = listeners.flatMap((l) => (l.trigger.kind === "rule" ? [l.trigger.pattern] : []))[0];
  const event = (detail: object, type = "Step Functions Execution Status Change") =>
    ({ source: "aws.states", "detail-type": type, detail }) as never;

  test.each<[string, boolean, never]>([
    ["an abort", true, event({ status: "ABORTED" })],
    ["a success", false, event({ status: "SUCCEEDED" })],
    ["an event without the field", false, event({})],
    ["an event of another kind", false, event({ status: "ABORTED" }, "AWS API Call via CloudTrail")],
  ])("matches %s: %s", (_, expected, of) => {
    if (!rule) throw new Error("No listener has a rule.");
    expect(matches(rule, of)).toBe(expected);
  });

  test("tries a function that fails three times, a minute and two more apart, and ticks only while that is worth it", async () => {
    const clock = new Clock(STARTS_AT);
    const calls: [string, number][] = [];
    let worth = true;
    const events = makeEvents({
      clock,
      listeners,
      listen: (name) =>
        clock.task(name, async () => {
          calls.push([name, (clock.now() - STARTS_AT) / 1_000]);
          throw new Error("down");
        }),
      machineArn: (machine) => machine,
      isWorthATick: () => worth,
    });
    events.saw(
      { arn: "a", machineArn: "migrate-cluster", name: "n", startedAt: STARTS_AT, input: {} } as never,
      { type: "ExecutionAborted" } as never,
    );
    clock.at(STARTS_AT + 200_000, () => {});
    await clock.run(() => clock.now() >= STARTS_AT + 200_000);
    expect(calls).toEqual([
      ["answer-ending", 0.7],
      ["answer-ending", 60.7],
      ["answer-ending", 180.7],
    ]);
    events.nudge();
    clock.at(STARTS_AT + 650_000, () => {
      worth = false;
    });
    clock.at(STARTS_AT + 2_000_000, () => {});
    await clock.run(() => clock.now() >= STARTS_AT + 2_000_000);
    expect(calls.filter(([name, at]) => name === "reconcile" && at % 300 === 0).map(([, at]) => at)).toEqual([
      300, 600, 900,
    ]);
  });
});
