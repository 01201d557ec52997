/** The graph of a stage against the declarations, both ways: every step, machine and listener is deployed as it is declared, and nothing else is. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import aslValidator from "asl-validator";
import { describe, expect, it } from "vitest";
import { isInVpc } from "../../domain/permissions/policy.ts";
import { readStart } from "../../domain/start.ts";
import { steps } from "../../functions/index.ts";
import type { Listener } from "../../functions/listener.ts";
import { listeners } from "../../functions/listeners.ts";
import { readDeployment } from "../../infra/deployment.ts";
import { machines } from "../../workflows/index.ts";
import { ROOT } from "./setup.ts";
import { type Graph, graphOf, jsonOf, ofType, type Resource, textOf } from "./stages.ts";

const ACCOUNTS = { dev: "444455556666", prod: "111122223333" } as const;
const STAGES = ["dev", "prod"] as const;
type StageName = (typeof STAGES)[number];

const graphs: Record<StageName, Graph> = { dev: graphOf("dev"), prod: graphOf("prod") };
const declared = [...steps, ...listeners];
const functionsOf = (graph: Graph) => ofType(graph, "aws:lambda/function:Function");
const named = (resources: readonly Resource[], name: string) =>
  resources.find((r) => r.inputs["name"] === name);

describe.each(STAGES)("%s", (stage) => {
  const graph = graphs[stage];
  const prefix = `repot-${stage}`;
  const lambdaArn = (name: string) =>
    `arn:aws:lambda:eu-central-1:${ACCOUNTS[stage]}:function:${prefix}-${name}`;
  const machineArn = (name: string) =>
    `arn:aws:states:eu-central-1:${ACCOUNTS[stage]}:stateMachine:${prefix}-${name}`;

  it("evaluates without an error", () => {
    expect(graph.errors).toEqual([]);
  });

  it("has a function for each step and listener, and no other", () => {
    expect(
      functionsOf(graph)
        .map((f) => textOf(f, "name"))
        .sort(),
    ).toEqual(declared.map((step) => `${prefix}-${step.name}`).sort());
  });

  it.each(declared.map((step) => [step.name, step] as const))(
    "%s is deployed as it is declared",
    (name, step) => {
      const fn = named(functionsOf(graph), `${prefix}-${name}`);
      expect(fn?.inputs).toMatchObject({
        architectures: ["arm64"],
        runtime: "nodejs24.x",
        timeout: "trigger" in step ? (step as Listener).timeoutSeconds : 30,
        role: `arn:aws:iam::${ACCOUNTS[stage]}:role/${prefix}-${name}`,
        loggingConfig: { logFormat: "JSON", logGroup: `/aws/lambda/${prefix}-${name}` },
        environment: { variables: { REPOT_STEP: name, POWERTOOLS_SERVICE_NAME: "repot" } },
      });
      expect(fn?.inputs["vpcConfig"] !== undefined).toBe(isInVpc(step));
      const build = graph.builds.find((b) => b.handler.endsWith(`/${name}.handler`));
      expect(build?.properties).toMatchObject({ format: "esm", minify: true, splitting: true });
      // `sourcemap: false` would ship the map.
      expect(build?.properties).not.toHaveProperty("sourcemap");
    },
  );

  it("has a Standard machine for each definition, and no other", () => {
    expect(
      ofType(graph, "aws:sfn/stateMachine:StateMachine")
        .map((m) => textOf(m, "name"))
        .sort(),
    ).toEqual(machines.map((m) => `${prefix}-${m.name}`).sort());
  });

  it.each(machines.map((m) => [m.name, m] as const))(
    "%s is, byte for byte, what is rehearsed, with ARNs in place; asl-validator takes it",
    (name, machine) => {
      const deployed = named(ofType(graph, "aws:sfn/stateMachine:StateMachine"), `${prefix}-${name}`);
      let expected = JSON.stringify(machine.definition);
      for (const step of declared) expected = expected.replaceAll(`\${${step.name}}`, lambdaArn(step.name));
      for (const m of machines) expected = expected.replaceAll(`\${${m.name}}`, machineArn(m.name));
      expected = expected.replaceAll("${bucket}", `${prefix}-memory-${ACCOUNTS[stage]}`);
      expect(textOf(deployed, "definition")).toBe(expected);
      expect(expected).not.toMatch(/\$\{/);
      expect(deployed?.inputs).toMatchObject({
        type: "STANDARD",
        loggingConfiguration: { level: "ALL", includeExecutionData: false },
        tracingConfiguration: { enabled: true },
      });
      const logs = `/aws/vendedlogs/states/${prefix}-${name}`;
      expect(named(ofType(graph, "aws:cloudwatch/logGroup:LogGroup"), logs)).toBeDefined();
      const result = aslValidator(JSON.parse(expected), { checkArn: false });
      expect(result.isValid, result.errorsText()).toBe(true);
    },
  );

  it("keeps logs for a bounded time, all of them", () => {
    for (const group of ofType(graph, "aws:cloudwatch/logGroup:LogGroup"))
      expect(group.inputs["retentionInDays"]).toBe(stage === "prod" ? 400 : 30);
  });

  it("has a trigger for each listener, as it is declared", () => {
    for (const { name, trigger } of listeners) {
      const has = (type: string, match: (r: Resource) => boolean) => ofType(graph, type).some(match);
      if (trigger.kind === "http")
        expect(
          has(
            "aws:apigatewayv2/route:Route",
            (r) => r.inputs["routeKey"] === `${trigger.method} ${trigger.path}`,
          ),
          name,
        ).toBe(true);
      if (trigger.kind === "queue")
        expect(
          has("aws:lambda/eventSourceMapping:EventSourceMapping", (r) =>
            textOf(r, "functionName").endsWith(`${prefix}-${name}`),
          ),
          name,
        ).toBe(true);
      if (trigger.kind === "rule") {
        const rule = named(ofType(graph, "aws:cloudwatch/eventRule:EventRule"), `${prefix}-${name}`);
        const pattern = jsonOf(rule, "eventPattern") as { readonly detail: object };
        expect(pattern).toEqual({
          ...trigger.pattern,
          detail: { ...trigger.pattern.detail, stateMachineArn: trigger.machines.map(machineArn) },
        });
      }
      if (trigger.kind === "schedule")
        expect(
          named(ofType(graph, "aws:scheduler/schedule:Schedule"), `${prefix}-${name}`)?.inputs,
        ).toMatchObject({ flexibleTimeWindow: { mode: "OFF" } });
    }
  });

  it("names in its functions' environment no secret", () => {
    for (const fn of functionsOf(graph)) {
      const { variables } = fn.inputs["environment"] as {
        readonly variables: Readonly<Record<string, string>>;
      };
      const ours = Object.keys(variables).filter((key) => !key.startsWith("SST_"));
      expect(ours.sort()).toEqual([
        "POWERTOOLS_LOG_LEVEL",
        "POWERTOOLS_SERVICE_NAME",
        "REPOT_BROKERS",
        "REPOT_BUCKET",
        "REPOT_CLUSTERS",
        "REPOT_MACHINE_ARN",
        "REPOT_SLACK_SECRET",
        "REPOT_STEP",
        "REPOT_VOTES_QUEUE_URL",
      ]);
    }
  });
});

describe("the bucket", () => {
  const graph = graphs.prod;
  const name = "repot-prod-memory-111122223333";
  const about = (type: string) => ofType(graph, type).find((r) => r.inputs["bucket"] === name)?.inputs;

  it("is versioned, encrypted by a customer key, locked, private and its owner's", () => {
    expect(about("aws:s3/bucketVersioning:BucketVersioning")).toMatchObject({
      versioningConfiguration: { status: "Enabled" },
    });
    expect(
      about("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"),
    ).toMatchObject({
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }],
    });
    expect(about("aws:s3/bucket:Bucket")).toMatchObject({ objectLockEnabled: true });
    expect(about("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")).toMatchObject({
      rule: { defaultRetention: { mode: "GOVERNANCE", days: 400 } },
    });
    expect(about("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(about("aws:s3/bucketOwnershipControls:BucketOwnershipControls")).toMatchObject({
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
  });

  it("refuses plain HTTP, deletions, and puts without a condition", () => {
    const policy = ofType(graph, "aws:s3/bucketPolicy:BucketPolicy").find((r) => r.inputs["bucket"] === name);
    const { Statement } = jsonOf(policy, "policy") as {
      readonly Statement: readonly {
        readonly Sid: string;
        readonly Effect: string;
        readonly Condition?: object;
      }[];
    };
    expect(Statement.every((s) => s.Effect === "Deny")).toBe(true);
    expect(Statement.map((s) => s.Sid)).toEqual([
      "OnlyOverTls",
      "OnlyModernTls",
      "NothingIsDeleted",
      "NothingIsWrittenBlindly",
      "NoLockIsBypassed",
    ]);
    expect(Statement.find((s) => s.Sid === "NothingIsWrittenBlindly")?.Condition).toEqual({
      Null: { "s3:if-match": "true", "s3:if-none-match": "true" },
    });
  });

  it("is not Velero's: that has one of its own, which may forget", () => {
    const buckets = ofType(graph, "aws:s3/bucket:Bucket").map((b) => textOf(b, "bucket"));
    expect(buckets.sort()).toEqual([name, "repot-prod-velero-111122223333"]);
  });
});

describe("stages", () => {
  const STATEFUL = ["aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:sfn/stateMachine:StateMachine"];

  it("production retains and protects, the others go when they are asked to", () => {
    expect(graphs.prod.app).toMatchObject({ removal: "retain", protect: true });
    expect(graphs.dev.app).toMatchObject({ removal: "remove", protect: false });
    for (const type of STATEFUL) {
      expect(ofType(graphs.prod, type).length).toBeGreaterThan(0);
      for (const r of ofType(graphs.prod, type))
        expect([r.name, r.protect, r.retainOnDelete]).toEqual([r.name, true, true]);
      for (const r of ofType(graphs.dev, type))
        expect([r.name, r.protect, r.retainOnDelete]).toEqual([r.name, false, false]);
    }
  });

  it("the configuration is short, and imports nothing before SST says where it runs", () => {
    const text = readFileSync(join(ROOT, "sst.config.ts"), "utf8");
    expect(text.split("\n").length).toBeLessThanOrEqual(30);
    expect(text).not.toMatch(/^import /m);
  });
});

describe("a cutover's schedule", () => {
  const [schedule] = ofType(graphs.prod, "aws:scheduler/schedule:Schedule").filter((r) =>
    r.name.startsWith("Cutover"),
  );

  it("rings once, in its time zone, names its execution, gives up within the window, and buries what it could not deliver", () => {
    expect(schedule?.inputs).toMatchObject({
      scheduleExpression: "at(2026-11-10T03:30:00)",
      scheduleExpressionTimezone: "Europe/Berlin",
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
        retryPolicy: { maximumEventAgeInSeconds: 3_600 },
        deadLetterConfig: { arn: "arn:aws:sqs:eu-central-1:111122223333:repot-prod-dead-schedules" },
      },
    });
    const target = schedule?.inputs["target"] as { readonly input: string } | undefined;
    expect(JSON.parse(target?.input ?? "{}")).toMatchObject({
      StateMachineArn: "arn:aws:states:eu-central-1:111122223333:stateMachine:repot-prod-migrate-cluster",
      Name: "streaming-0d910544-20261110033000",
    });
  });

  it("starts with an input that the first state takes, and what can't be delivered in time is not delivered late", () => {
    const { target } = (schedule?.inputs ?? {}) as {
      readonly target: {
        readonly input: string;
        readonly retryPolicy: { readonly maximumEventAgeInSeconds: number };
      };
    };
    const { Input: input } = JSON.parse(target.input) as { readonly Input: string };
    const [cutover] = readDeployment("prod").cutovers;
    expect(readStart(JSON.parse(input))).toEqual({
      plan: cutover?.plan,
      migration: "streaming-0d910544",
      requester: null,
    });
    expect(target.retryPolicy.maximumEventAgeInSeconds).toBeLessThan(cutover?.windowSeconds ?? 0);
  });
});
