/** Pipelines and operators: they write at their own moments, as themselves, and a freeze or the switch stops them. */

import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../domain/kube.ts";
import type { Side } from "../../domain/phases.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import { type ActorsOptions, makeActors, PIPELINE_SWITCH } from "../../simulator/world/actors.ts";
import { deployment, deploymentRef, makeWorld, STARTS_AT, service } from "./cluster-fixtures.ts";

const VAP = "admissionregistration.k8s.io/v1";
const FREEZE: readonly KubeObject[] = [
  {
    apiVersion: VAP,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "freeze" },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ["apps"], apiVersions: ["*"], operations: ["UPDATE"], resources: ["deployments"] },
        ],
      },
      validations: [{ expression: "request.userInfo.username.startsWith('system:')", message: "Frozen." }],
    },
  },
  {
    apiVersion: VAP,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "freeze" },
    spec: { policyName: "freeze", validationActions: ["Deny"] },
  },
];
const turned = (paused: string, target: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { ...PIPELINE_SWITCH },
  data: { paused, target },
});
const PIPELINE = { name: "shop", user: "ci-shop", groups: ["ci"], deploys: ["shop/cart"], deploysPerDay: 24 };

const start = (objects: readonly KubeObject[], options: Partial<ActorsOptions> = {}) => {
  const clock = new Clock(STARTS_AT);
  const source = makeWorld({ clock, objects: [deployment("cart", 1), service("cart"), ...objects] });
  const target = makeWorld({ clock, side: "target", objects: [deployment("cart", 1)] });
  const clusters = { source: source.cluster, target: target.cluster };
  const events = source.events;
  const actors = makeActors({
    clock,
    random: makeRandom(3),
    pipelines: [PIPELINE],
    clusters,
    targetOf: () => "source",
    emit: (event) => void events.push(event),
    ...options,
  });
  const deploys = () =>
    events.flatMap((e) => (e.type === "actor" && e.who.startsWith("developer:") ? [e] : []));
  return { source, target, actors, deploys, wait: source.wait };
};

describe("pipelines", () => {
  test("deploy as themselves, at their own moments, and each deploy is on the record", async () => {
    const { source, deploys, wait } = start([]);
    wait(86_400);
    expect(deploys().length).toBeGreaterThan(10);
    expect(
      deploys().every((d) => d.allowed && d.cluster === "source" && d.object === "Deployment shop/cart"),
    ).toBe(true);
    expect((await source.kube.get(deploymentRef("cart"))).metadata["generation"]).toBe(deploys().length + 1);
  });
  test("are refused by a freeze that they don't know of", async () => {
    const { source, deploys, wait } = start(FREEZE);
    wait(86_400);
    expect(deploys().length).toBeGreaterThan(10);
    expect(deploys().some((d) => d.allowed)).toBe(false);
    expect((await source.kube.get(deploymentRef("cart"))).metadata["generation"]).toBe(1);
  });
  test("stand still while the switch is off", () => {
    const { deploys, actors, wait } = start([turned("true", "source")]);
    wait(86_400);
    expect(deploys()).toEqual([]);
    expect(actors.deployNow("shop")).toBeUndefined();
  });
  test.each<[string, Side, readonly KubeObject[]]>([
    ["the switch says", "target", [turned("false", "target")]],
    ["they always did, where it says nothing", "source", []],
  ])("deploy where %s", (_name, side, objects) => {
    const { deploys, actors } = start(objects);
    expect(actors.deployNow("shop")).toBe(true);
    expect(deploys().map((d) => d.cluster)).toEqual([side]);
  });
  test("are made up where the settings have none", () => {
    const { actors, deploys, wait } = start([], { pipelines: [] });
    expect(actors.pipelines).toMatchObject([{ user: "ci-shop", deploys: ["shop/cart"] }]);
    wait(3 * 86_400);
    expect(deploys().length).toBeGreaterThan(0);
  });
  test("stop when the run is over", () => {
    const { actors, deploys, wait } = start([]);
    actors.stop();
    wait(86_400);
    expect(deploys()).toEqual([]);
  });
});

test("an operator goes on with its own objects, frozen or not", () => {
  const { source, wait } = start(FREEZE);
  wait(2 * 86_400);
  const notes = source.events.filter((e) => e.type === "actor" && e.who === "operator");
  expect(notes.length).toBeGreaterThan(3);
  expect(notes).toMatchObject(notes.map(() => ({ allowed: true, object: "Service shop/cart" })));
});
