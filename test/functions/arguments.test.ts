/** Single calls whose arguments are what matters: the token that is answered, the condition of a put, the name of an execution. As the SDK gets them. */

import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DescribeExecutionCommand, SendTaskSuccessCommand, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { mockClient } from "aws-sdk-client-mock";
import { describe, expect, it } from "vitest";
import { makeBucket } from "../../adapters/bucket.ts";
import type { Question } from "../../domain/approvals.ts";
import { Conflict } from "../../domain/errors.ts";
import { keys } from "../../domain/journal.ts";
import { signatureOf } from "../../domain/slack-signature.ts";
import { answerEndingListener } from "../../functions/answer-ending.ts";
import { askPeople } from "../../functions/ask-people.ts";
import { rollbackName } from "../../functions/endings.ts";
import { receiveClick } from "../../functions/receive-click.ts";
import { DEPLOYED, SLACK_APP } from "../../simulator/services/deployed.ts";
import { clickBody } from "../../simulator/services/slack-clicks.ts";
import { makeStepBench, RUN, smallPlan } from "./bench.ts";
import { batch, slackVote, TS, work } from "./voting.ts";

const QUESTION: Question = {
  id: "cut-traffic",
  kind: "approval",
  phase: "cut-traffic",
  sentence: "Delegate the zone.",
  choices: ["granted", "denied", "roll-back"],
  quorum: 1,
};
const BUTTON = { migration: RUN.migration, plan: RUN.plan, question: QUESTION.id, choice: "granted" };

const failing = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

describe("a put into the bucket", () => {
  const bench = () => {
    const s3 = new S3Client({ region: "eu-central-1" });
    return { mock: mockClient(s3), bucket: makeBucket(s3, "memory") };
  };

  it("creates on the condition that there is nothing, with canonical bytes and their type", async () => {
    const { mock, bucket } = bench();
    mock.on(PutObjectCommand).resolves({ ETag: '"1"' });
    await bucket.putNew("migrations/m/fence.json", { b: 1, a: { d: 2, c: 3 } });
    expect(mock.commandCalls(PutObjectCommand).map((call) => call.args[0].input)).toEqual([
      {
        Bucket: "memory",
        Key: "migrations/m/fence.json",
        Body: '{"a":{"c":3,"d":2},"b":1}',
        ContentType: "application/json",
        IfNoneMatch: "*",
      },
    ]);
  });

  it("replaces on the condition of the tag that was read, and on no other", async () => {
    const { mock, bucket } = bench();
    mock.on(PutObjectCommand).resolves({ ETag: '"2"' });
    await bucket.replaceIf("clusters/c/lock.json", { released: true }, '"1"');
    const [call] = mock.commandCalls(PutObjectCommand);
    expect(call?.args[0].input).toMatchObject({ IfMatch: '"1"' });
    expect(call?.args[0].input).not.toHaveProperty("IfNoneMatch");
  });

  it("is never tried again without its condition", async () => {
    const { mock, bucket } = bench();
    mock.on(PutObjectCommand).rejects(failing("PreconditionFailed", 412));
    mock
      .on(GetObjectCommand)
      .resolves({ Body: { transformToString: async () => '{"other":1}' } as never, ETag: '"9"' });
    await expect(bucket.putNew("k", { mine: 1 })).rejects.toThrow(Conflict);
    await expect(bucket.replaceIf("k", { mine: 1 }, '"1"')).rejects.toThrow(Conflict);
    for (const call of mock.commandCalls(PutObjectCommand)) {
      const { IfMatch, IfNoneMatch } = call.args[0].input;
      expect([IfMatch, IfNoneMatch].filter((c) => c !== undefined).length).toBe(1);
    }
  });
});

describe("a decision", () => {
  it("answers the very execution that waits with what was decided by whom; a second click says the same again, since the first answer may be lost", async () => {
    const bench = makeStepBench({
      plan: smallPlan(
        {},
        { approvals: { approvers: [{ person: "amara", role: "lead", slack: "U0AMARA" }], quorum: 1 } },
      ),
    });
    bench.put(keys.started(RUN.migration, "e"), { execution: "e", requester: "AROA:mei" });
    await bench.run(askPeople, { question: QUESTION, token: "the-token" });
    const mock = mockClient(bench.context.aws.sfn);
    mock.on(SendTaskSuccessCommand).resolves({});
    const click = slackVote(bench, "U0AMARA", BUTTON);
    await work(bench, batch(bench, [click]));
    await work(bench, batch(bench, [click]));
    const inputs = mock.commandCalls(SendTaskSuccessCommand).map((call) => call.args[0].input);
    expect(new Set(inputs.map((input) => input.taskToken))).toEqual(new Set(["the-token"]));
    for (const { output } of inputs)
      expect(JSON.parse(output ?? "")).toEqual({ decision: "granted", by: ["amara"] });
    expect(inputs.length).toBe(2);
    mock.restore();
  });
});

describe("an ending", () => {
  const ARN = "arn:aws:states:eu-central-1:111122223333:execution:migrate-cluster:shop-1";

  it("starts one rollback, by a name that follows from the ending, also when the event comes twice at once", async () => {
    const bench = makeStepBench();
    for (const cluster of ["shop-kops", "shop-eks"])
      bench.put(keys.lock(cluster), { migration: RUN.migration, executions: [ARN], released: false });
    bench.put(
      keys.entry({
        migration: RUN.migration,
        operation: "0003-shift:shop/cart",
        move: "0",
        direction: "forward",
      }),
      {},
    );
    const mock = mockClient(bench.context.aws.sfn);
    mock.on(DescribeExecutionCommand).resolves({
      status: "ABORTED",
      stateMachineArn: DEPLOYED.machineArn("migrate-cluster"),
      input: JSON.stringify({ plan: RUN.plan }),
      stopDate: new Date(bench.clock.now()),
    });
    mock.on(StartExecutionCommand).resolvesOnce({}).rejects(failing("ExecutionAlreadyExists", 400));
    const tell = () =>
      bench.within(answerEndingListener.needs, () =>
        answerEndingListener.run({ detail: { executionArn: ARN } }, bench.context),
      );
    await Promise.allSettled([tell(), tell()]);
    await tell();
    const names = mock.commandCalls(StartExecutionCommand).map((call) => call.args[0].input);
    expect(new Set(names.map((input) => input.name))).toEqual(
      new Set([rollbackName(RUN.migration, `${ARN}#0`)]),
    );
    expect(names[0]?.stateMachineArn).toBe(DEPLOYED.machineArn("roll-back"));
    expect((names[0]?.name ?? "").length).toBeLessThanOrEqual(80);
    mock.restore();
  });
});

describe("a click at the door", () => {
  it("goes into the queue as Slack signed it, byte for byte, for the worker to judge again", async () => {
    const bench = makeStepBench();
    const mock = mockClient(bench.context.aws.sqs);
    mock.on(SendMessageCommand).resolves({ MessageId: "1" });
    const timestamp = String(Math.floor(bench.clock.now() / 1000));
    const body = clickBody({
      app: SLACK_APP,
      user: "U0AMARA",
      message: TS,
      button: { action_id: "granted", value: JSON.stringify(BUTTON) },
      nowMs: bench.clock.now(),
    });
    const signature = signatureOf(SLACK_APP.signingSecret, timestamp, body);
    const answer = await bench.within(receiveClick.needs, () =>
      receiveClick.run(
        receiveClick.input.parse({
          body: Buffer.from(body).toString("base64"),
          isBase64Encoded: true,
          headers: { "x-slack-request-timestamp": timestamp, "x-slack-signature": signature },
        }),
        bench.context,
      ),
    );
    expect(answer).toMatchObject({ statusCode: 200 });
    const [call] = mock.commandCalls(SendMessageCommand);
    expect(call?.args[0].input.QueueUrl).toBe(DEPLOYED.votesQueueUrl);
    expect(JSON.parse(call?.args[0].input.MessageBody ?? "")).toMatchObject({ body, timestamp, signature });
    mock.restore();
  });
});
