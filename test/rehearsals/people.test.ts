/** People and operators at their worst, over whole rehearsals with the real door, queue, worker, rule and reconciler; and the mistakes that they would bring to light. */

import { GetObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import type { Phase } from "../../domain/phases.ts";
import { steps as realSteps } from "../../functions/index.ts";
import type { Listener } from "../../functions/listener.ts";
import type { AwsClients, Step } from "../../functions/step.ts";
import type { FaultRequest } from "../../simulator/faults/strikes.ts";
import { SLACK_APP } from "../../simulator/services/deployed.ts";
import { rich, run } from "./small.ts";
import { unfenced, withListener, withStep } from "./wrong/edit.ts";

const at = (kind: string, step: string, seconds?: number): FaultRequest => ({
  kind,
  step,
  ...(seconds === undefined ? {} : { seconds }),
});

describe("people", () => {
  test.each<[string, FaultRequest, number]>([
    ["who click twice are counted once", at("approval-twice", "ask-people"), 0],
    ["who come too late change nothing any more", at("approval-late", "ask-people"), 5],
    ["of whom one denies are heard", at("approval-contradictory", "ask-people"), 4],
    ["whom nobody named decide nothing", at("approval-by-nobody-entitled", "ask-people"), 0],
    ["are asked again when Slack is back", at("slack-down", "ask-people", 900), 0],
    ["who are never reached keep nothing frozen", at("slack-down", "ask-people"), 5],
  ])("%s", async (_, fault, exitCode) => {
    const ran = await run(rich(), { faults: [fault] });
    expect(ran.summary.faults[0]?.struck, "struck").toBeGreaterThan(0);
    expect([ran.exitCode, ran.summary.violations, ran.summary.requests.failed]).toEqual([exitCode, [], 0]);
  });

  test("who press Roll back on the question about the cut bring everything home, without a quorum", async () => {
    const asks = withStep("ask-people", (right) => (input, context) => {
      const { question } = input as { readonly question: { readonly choices: readonly string[] } };
      // Nobody grants and nobody denies here: the only other way is back.
      return right(
        { ...(input as object), question: { ...question, choices: ["granted", "roll-back"] } },
        context,
      );
    });
    const ran = await run(rich(), { steps: asks, approve: "deny" });
    expect([ran.exitCode, ran.summary.violations]).toEqual([4, []]);
    expect(ran.events).toContainEqual(
      expect.objectContaining({ type: "approval", sentence: expect.stringContaining("roll-back") }),
    );
  });
});

describe("an execution", () => {
  test.each<[string, FaultRequest, number]>([
    ["that is aborted before the delegation is taken back", at("execution-aborted", "scale-workload"), 4],
    ["whose end no event told of is found", at("event-lost", "scale-workload"), 4],
    ["whose end is told twice is taken back once", at("event-twice", "scale-workload"), 4],
    [
      "that is aborted after the delegation waits for people",
      at("execution-aborted", "observe-stragglers"),
      5,
    ],
    [
      "that is aborted after the delegation without an event waits for people",
      at("event-lost", "observe-stragglers"),
      5,
    ],
    ["that is started a second time is refused at the door", at("started-twice", "validate-start"), 0],
    ["that is started a second time on the way is refused, too", at("started-twice", "scale-workload"), 0],
  ])("%s", async (_, fault, exitCode) => {
    const ran = await run(rich(), { faults: [fault] });
    expect(ran.summary.faults[0]?.struck, "struck").toBeGreaterThan(0);
    expect([ran.exitCode, ran.summary.violations, ran.summary.requests.failed]).toEqual([exitCode, [], 0]);
    const rollbacks = ran.events.filter(
      (e) => e.type === "execution" && e.machine === "roll-back" && e.status === "started",
    );
    expect(rollbacks.length).toBe(exitCode === 4 ? 1 : 0);
  });

  test.each(["build-target", "freeze", "move-workloads"] as const)(
    "that is redriven while it is rolled back after %s runs into the fence",
    async (rollBackAt) => {
      const ran = await run(rich(), { rollBackAt, faults: [at("redriven-after-rollback", "raise-fence")] });
      expect(ran.summary.faults[0]?.struck, "struck").toBeGreaterThan(0);
      expect([ran.exitCode, ran.summary.violations]).toEqual([4, []]);
    },
  );
});

const deaf: (right: Step["run"]) => Step["run"] = () => async () => ({ batchItemFailures: [] });

type Wrong = {
  readonly listeners?: readonly Listener[];
  readonly steps?: readonly Step[];
  readonly fault: FaultRequest;
  readonly rollBackAt?: Phase;
};

/** A worker that reads another plan: one that names everybody an approver. */
const credulous =
  (right: Step["run"]): Step["run"] =>
  (input, context) => {
    const { s3 } = context.aws;
    const send = async (command: GetObjectCommand) => {
      const answer = await s3.send(command);
      if (!/plan\.json$/.test(command.input.Key ?? "") || !(command instanceof GetObjectCommand))
        return answer;
      const plan = JSON.parse((await answer.Body?.transformToString()) ?? "") as {
        readonly settings: { readonly approvals: { readonly approvers: object[] } };
      };
      plan.settings.approvals.approvers.push({ person: "U0STRANGER", role: "nobody" });
      return { ...answer, Body: { transformToString: async () => JSON.stringify(plan) } };
    };
    return right(input, { ...context, aws: { ...context.aws, s3: { send } as unknown as typeof s3 } });
  };

describe("a mistake", () => {
  test.each<[string, string, Wrong]>([
    [
      "a rule that nobody listens to, and a reconciler that finds nothing",
      "left-behind",
      {
        listeners: withListener("answer-ending", deaf).map((l) =>
          l.name === "reconcile" ? { ...l, run: deaf(l.run) } : l,
        ),
        fault: at("execution-aborted", "scale-workload"),
      },
    ],
    [
      "a reconciler that finds nothing, where the event is lost",
      "left-behind",
      { listeners: withListener("reconcile", deaf), fault: at("event-lost", "scale-workload") },
    ],
    [
      "a start that takes no lock",
      "one-run",
      {
        steps: withStep(
          "validate-start",
          (right) => (input, context) =>
            right(input, { ...context, aws: { ...context.aws, sfn: forgetful } }),
        ),
        fault: at("started-twice", "scale-workload"),
      },
    ],
    [
      "a worker that lets anybody vote",
      "approvals",
      {
        listeners: withListener("record-vote", credulous),
        fault: at("approval-by-nobody-entitled", "ask-people"),
      },
    ],
    [
      "steps that don't look at the fence, where a migration is redriven",
      "fence",
      {
        steps: realSteps.map((step) =>
          step.name === "raise-fence"
            ? step
            : { ...step, run: (input, context) => step.run(input, unfenced(context)) },
        ),
        fault: at("redriven-after-rollback", "raise-fence"),
        rollBackAt: "build-target",
      },
    ],
    [
      "a log line with the app's token",
      "secrets",
      {
        listeners: withListener("receive-click", (right) => (input, context) => {
          context.log.warn(`Posting as ${SLACK_APP.botToken}.`);
          return right(input, context);
        }),
        fault: at("approval-twice", "ask-people"),
      },
    ],
  ])("%s is found out", async (_, invariant, { fault, ...wrong }) => {
    const ran = await run(rich(), { ...wrong, faults: [fault] });
    expect(ran.summary.faults[0]?.struck, "struck").toBeGreaterThan(0);
    expect(ran.summary.violations.map((v) => v.invariant)).toContain(invariant);
  });
});

/** Step Functions that says of every execution that it has ended. */
const forgetful = { send: async () => ({ status: "SUCCEEDED" }) } as unknown as AwsClients["sfn"];
