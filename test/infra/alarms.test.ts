/** The alarms of a stage against docs/runbook.md, both ways: whoever is woken finds what to do, and no entry is about what nobody is woken for. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ALARMING } from "../../functions/reconcile.ts";
import { machines } from "../../workflows/index.ts";
import { ROOT } from "./setup.ts";
import { graphOf, jsonOf, ofType, textOf } from "./stages.ts";

const graph = graphOf("prod");
const PREFIX = "repot-prod-";
const alarms = ofType(graph, "aws:cloudwatch/metricAlarm:MetricAlarm");
const deployed = alarms.map((a) => textOf(a, "name").slice(PREFIX.length)).sort();

/** What the headings under "Alarms" name. `MACHINE` stands for each machine, `NAME` and others for nothing of ours. */
const inRunbook = (text: string): readonly string[] => {
  const [, section = ""] = text.split(/^## Alarms$/m);
  const [alarmsOnly = ""] = section.split(/^## /m);
  return [...alarmsOnly.matchAll(/^### (.*)$/gm)]
    .flatMap(([, heading = ""]) => [...heading.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name))
    .flatMap((name) =>
      name.includes("MACHINE") ? machines.map((m) => name.replace("MACHINE", m.name)) : [name],
    )
    .sort();
};

describe("an alarm", () => {
  const text = readFileSync(join(ROOT, "docs/runbook.md"), "utf8");

  it("stands in the runbook, and the runbook has no other", () => {
    expect(deployed.length).toBeGreaterThan(30);
    expect(inRunbook(text)).toEqual(deployed);
  });

  it("would be missed there", () => {
    expect(inRunbook(text.replace("### `votes-wait`", "### Votes"))).not.toEqual(deployed);
  });

  it("wakes somebody, and says where to read on", () => {
    for (const alarm of alarms) {
      expect(alarm.inputs).toMatchObject({
        alarmActions: ["arn:aws:sns:eu-central-1:111122223333:repot-prod-alarms"],
        comparisonOperator: "GreaterThanThreshold",
        treatMissingData: "notBreaching",
      });
      expect(textOf(alarm, "alarmDescription")).toMatch(/^[A-Z].+\. docs\/runbook\.md/);
    }
  });

  it("goes to everybody whom the deployment names", () => {
    const mails = ofType(graph, "aws:sns/topicSubscription:TopicSubscription");
    expect(mails.map((m) => m.inputs["endpoint"])).toEqual(["platform-on-call@streamhouse.example"]);
  });
});

describe("what alarms look at is there", () => {
  it("counts the reconciler's lines as the function writes them", () => {
    const filters = ofType(graph, "aws:cloudwatch/logMetricFilter:LogMetricFilter");
    const byMetric = filters.map((f) => {
      const { name, namespace } = f.inputs["metricTransformation"] as Readonly<Record<string, string>>;
      return [name, namespace, f.inputs["logGroupName"], f.inputs["pattern"]];
    });
    const group = "/aws/lambda/repot-prod-reconcile";
    expect(byMetric).toEqual([
      ["page-untold", "repot-prod", group, JSON.stringify(ALARMING.untold)],
      ["question-waits", "repot-prod", group, JSON.stringify(ALARMING.waiting)],
      ["reconciler-found", "repot-prod", group, JSON.stringify(ALARMING.found)],
    ]);
    for (const [metric, namespace] of byMetric)
      expect(
        alarms.filter((a) => a.inputs["metricName"] === metric && a.inputs["namespace"] === namespace).length,
      ).toBe(1);
  });

  it("names only queues, functions and machines of the stack", () => {
    const known = (type: string, field: string) => ofType(graph, type).map((r) => textOf(r, field));
    const there = {
      QueueName: known("aws:sqs/queue:Queue", "name"),
      FunctionName: known("aws:lambda/function:Function", "name"),
      StateMachineArn: known("aws:sfn/stateMachine:StateMachine", "name").map(
        (name) => `arn:aws:states:eu-central-1:111122223333:stateMachine:${name}`,
      ),
    };
    for (const alarm of alarms)
      for (const [dimension, value] of Object.entries(alarm.inputs["dimensions"] ?? {}))
        expect(there[dimension as keyof typeof there], alarm.name).toContain(value);
  });

  it("is on a dashboard that is JSON", () => {
    const [dashboard] = ofType(graph, "aws:cloudwatch/dashboard:Dashboard");
    const { widgets } = jsonOf(dashboard, "dashboardBody") as { readonly widgets: readonly unknown[] };
    expect(widgets.length).toBe(4);
  });
});
