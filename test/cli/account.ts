/**
 * A small account with Repot in it, for the commands that speak to AWS: bucket, queue and Step Functions simulated, the real functions behind
 * machines of a few states, and people who are known by the credentials they use.
 */

import { liveOf, type OpenLive } from "../../cli/live.ts";
import { main } from "../../cli/main.ts";
import { keys } from "../../domain/journal.ts";
import { steps } from "../../functions/index.ts";
import { listeners } from "../../functions/listeners.ts";
import type { Context, Needs } from "../../functions/step.ts";
import { Clock } from "../../simulator/clock.ts";
import { Engine } from "../../simulator/interpreter/engine.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeLambda, makeListening } from "../../simulator/rehearsal/lambda.ts";
import { SLACK_APP } from "../../simulator/services/deployed.ts";
import { makeS3 } from "../../simulator/services/s3.ts";
import { makeSeam } from "../../simulator/services/seam.ts";
import { ACCOUNT, makeAwsClients, REGION } from "../../simulator/services/seam-aws.ts";
import { makeExchange } from "../../simulator/services/seam-wire.ts";
import { makeSecrets } from "../../simulator/services/secrets.ts";
import { makeSfn } from "../../simulator/services/sfn.ts";
import { makeSlackService } from "../../simulator/services/slack.ts";
import { makeSqs, queueUrl, senderOf } from "../../simulator/services/sqs.ts";
import { makeSts } from "../../simulator/services/sts.ts";
import { call, otherwise, REFAIL, RESULT, stateMachine } from "../../workflows/asl.ts";
import { runOn, STARTS_AT } from "../contracts/harness.ts";
import { type PaperIo, paperIo } from "./io.ts";

// A command loads its own file when it is given: on a busy machine that takes longer than the virtual clock waits for what it doesn't know.
await Promise.all(
  ["start", "status", "follow", "answer", "rollback", "live"].map((name) => import(`../../cli/${name}.ts`)),
);

const PREFIX = "repot-prod";
const BUCKET = `${PREFIX}-memory-${ACCOUNT}`;

/** What a person at a terminal may do; the account's own policies are infra's matter. */
const OPERATOR: Needs = {
  s3: ["GetObject", "ListBucket", "PutObject"],
  sfn: ["DescribeExecution", "StartExecution"],
  sqs: ["SendMessage"],
  sts: ["GetCallerIdentity"],
};

/** Validates its start and asks one question: the real first state and the real asking, with nothing in between. */
const migrate = stateMachine("migrate-cluster", {
  Comment: "Validates, asks, is over.",
  TimeoutSeconds: 1_000_000,
  StartAt: "Read the plan",
  States: {
    "Read the plan": call(
      "validate-start",
      {
        start: "{% $states.input %}",
        machine: "migrate-cluster",
        execution: "{% $states.context.Execution.Id %}",
      },
      {
        Assign: { run: "{% $states.result.Payload.run %}" },
        Output: RESULT,
        Next: "Ask",
        Catch: otherwise("Refused"),
      },
    ),
    Ask: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: {
        FunctionName: "ask-people",
        Payload: {
          run: "{% $run %}",
          question: {
            id: "cut-traffic",
            kind: "approval",
            phase: "cut-traffic",
            sentence: "Delegate the zone.",
            choices: ["granted", "denied", "roll-back"],
            quorum: 0,
          },
          token: "{% $states.context.Task.Token %}",
        },
      },
      TimeoutSeconds: 14_400,
      Next: "Migrated",
      Catch: otherwise("Refused"),
    },
    Migrated: { Type: "Succeed", Output: {} },
    Refused: REFAIL,
  },
});
/** Raises the real fence and stops what runs. */
const back = stateMachine("roll-back", {
  Comment: "Fence and stop.",
  TimeoutSeconds: 1_000_000,
  StartAt: "Raise the fence",
  States: {
    "Raise the fence": call(
      "raise-fence",
      {
        run: "{% $states.input.run %}",
        startedBy: "person",
        execution: "{% $states.context.Execution.Id %}",
      },
      { Assign: { run: "{% $states.input.run %}" }, Next: "Stop", Catch: otherwise("Failed") },
    ),
    Stop: call(
      "stop-forward",
      { run: "{% $run %}", startedBy: "person" },
      { Next: "Release", Catch: otherwise("Failed") },
    ),
    Release: call("release-clusters", { run: "{% $run %}" }, { Next: "Back", Catch: otherwise("Failed") }),
    Back: { Type: "Succeed", Output: {} },
    Failed: REFAIL,
  },
});
export const makeAccount = () => {
  const clock = new Clock(STARTS_AT);
  const random = makeRandom(3);
  const seam = makeSeam({ clock, random: random.fork("seam") });
  const s3 = makeS3({ bucket: BUCKET, clock, random: random.fork("s3") });
  const slack = makeSlackService({ clock, app: SLACK_APP });
  const sqs = makeSqs(
    {
      name: `${PREFIX}-votes`,
      batchMax: 10,
      visibilitySeconds: 180,
      receivesMax: 3,
      deliver: (event) => listen("record-vote", event),
    },
    { clock, random: random.fork("sqs") },
  );
  /** What AWS answers instead, while it is set. */
  let credentials: Error | undefined;
  const sts = makeSts().handlers;
  const aws = makeAwsClients(seam, {
    s3: s3.handlers,
    sqs: sqs.handlers,
    secrets: makeSecrets({ [`${PREFIX}-slack`]: JSON.stringify(SLACK_APP) }).handlers,
    sts: {
      ...sts,
      GetCallerIdentity: (input, caller) => {
        if (credentials) throw credentials;
        return sts["GetCallerIdentity"]?.(input, caller) ?? {};
      },
    },
    sfn: makeSfn({
      clock,
      start: (r) => engine.start(r),
      stop: (...a) => engine.stop(...a),
      describe: (e) => engine.describe(e),
      list: (f) => engine.list(f),
      sendTaskSuccess: (t, o) => engine.sendTaskSuccess(t, o),
      sendTaskFailure: (t, e, c) => engine.sendTaskFailure(t, e, c),
      sendTaskHeartbeat: (t) => engine.sendTaskHeartbeat(t),
      executionName: () => engine.executionName(),
    }).handlers,
  });
  const quiet = () => {};
  const context = {
    aws,
    http: makeExchange(seam, { slack: { service: "slack", handle: slack.handle } }),
    endpoints: { slack: "https://slack" },
    bucket: BUCKET,
    deployed: {
      machineArn: (machine: string) =>
        `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${PREFIX}-${machine}`,
      votesQueueUrl: queueUrl(`${PREFIX}-votes`),
      slackSecretId: `${PREFIX}-slack`,
    },
    now: () => new Date(clock.now()),
    log: { info: quiet, warn: quiet, error: quiet },
  } as unknown as Context;
  const lambda = { clock, context: () => context, onInvocation: quiet };
  const listen = makeListening({ ...lambda, listeners });
  const engine = new Engine({
    clock,
    random: random.fork("engine"),
    machines: {
      [`${PREFIX}-migrate-cluster`]: migrate.definition,
      [`${PREFIX}-roll-back`]: back.definition,
      // As it begins: what it does afterwards is its rehearsal's matter.
      [`${PREFIX}-decommission`]: migrate.definition,
    },
    invoke: makeLambda({ ...lambda, steps }),
    region: REGION,
    account: ACCOUNT,
  });
  return {
    clock,
    s3,
    slack,
    sqs,
    engine,
    json: (key: string): unknown => JSON.parse(s3.get(key) ?? "null"),
    put: (key: string, value: unknown) => s3.put(key, JSON.stringify(value)),
    fence: (migration: string) => s3.get(keys.fence(migration)),
    refuse: (error: Error | undefined) => {
      credentials = error;
    },
    /** Runs a command as somebody, in virtual time. `interruptAfter`: Ctrl-C so many waits into it. */
    repot: async (
      person: string,
      argv: readonly string[],
      { interruptAfter = Number.POSITIVE_INFINITY }: { readonly interruptAfter?: number } = {},
    ): Promise<{ readonly code: number; readonly io: PaperIo }> => {
      const io = paperIo();
      let waits = 0;
      const live: OpenLive = (stage) =>
        liveOf(stage, aws, {
          region: REGION,
          now: () => new Date(clock.now()),
          sleep: async (milliseconds) => {
            waits += 1;
            if (waits > interruptAfter) return "interrupted";
            await clock.sleep(milliseconds);
            return "slept";
          },
        });
      const load = {
        plan: () => import("../../cli/plan.ts"),
        rehearse: () => import("../../cli/rehearse.ts"),
        live,
      };
      const code = await runOn(clock, () => main(argv, io, { load }), OPERATOR, person);
      return { code, io };
    },
    wait: async (seconds: number) => {
      const until = clock.now() + seconds * 1_000;
      clock.at(until, () => {});
      await clock.run(() => clock.now() >= until);
    },
  };
};
export type Account = ReturnType<typeof makeAccount>;

/** `UserId` of somebody, as STS and SQS know them. */
export const userId = (person: string): string => senderOf({ name: person });
