/** Controllers that own things outside of their cluster: both run, each with its own; and what happens where somebody leaves that out. */

import { describe, expect, it } from "vitest";
import { steps } from "../../functions/index.ts";
import { changed, inMachine, leftOut, type StatesEdit } from "../../simulator/planted/edit.ts";
import { machines } from "../../workflows/index.ts";
import { workload } from "../domain/platform.ts";
import { broken, eventsOf, planned, run, WITH_EXTERNAL_DNS } from "./small.ts";

/** The real machines, that of the hand-over made wrong. */
const wrong = (edit: StatesEdit) =>
  inMachine("hand-over-controller", edit)({ machines, steps: [], listeners: [] }).machines;
const platform = () => planned(WITH_EXTERNAL_DNS);
/** What external-dns wrote, as `side host: before -> after`. */
const written = (ran: Awaited<ReturnType<typeof run>>) =>
  eventsOf(ran, "actor")
    .filter((a) => a.who.startsWith("external-dns"))
    .map(
      (a) =>
        `${a.cluster} as ${a.who.split(" ")[1]}: ${a.object} ${a.before === "none" ? "made" : a.after === "none" ? "deleted" : "changed"}`,
    );

describe("external-dns", () => {
  it("changes sides without touching the other's records", async () => {
    const ran = await run(platform());
    expect([ran.exitCode, broken(ran), ran.summary.requests.failed]).toEqual([0, [], 0]);
    expect(written(ran)).toEqual([]);
  });

  it.each(["move-workloads", "cut-traffic", "thaw"] as const)("is back after %s", async (rollBackAt) => {
    const ran = await run(platform(), { rollBackAt });
    expect([ran.exitCode, broken(ran), ran.summary.requests.failed]).toEqual([4, [], 0]);
  });

  it("with the source's identity on the target is found out before it writes", async () => {
    const ran = await run(platform(), { machines: wrong(leftOut("An identity of its own")) });
    expect(broken(ran)).toEqual(["controllers"]);
    expect(ran.summary.violations[0]?.sentence).toMatch(/external-dns runs in both clusters as shop-source/);
  });

  it.each(["crash-before-effect", "crash-after-effect", "timeout-though-applied", "duplicate"])(
    "%s at arm-controller leaves one identity each",
    async (kind) => {
      const ran = await run(platform(), { faults: [{ kind, step: "arm-controller" }] });
      expect([ran.exitCode, broken(ran), ran.summary.faults[0]?.struck]).toEqual([0, [], 1]);
    },
  );

  it("that is never stopped on the source is held before the cut", async () => {
    const made = wrong(
      changed("Is anything shared?", { Choices: [{ Condition: "{% true %}", Next: "The target owns" }] }),
    );
    const ran = await run(platform(), { machines: made });
    expect([ran.exitCode, broken(ran)]).toEqual([4, []]);
    expect(eventsOf(ran, "verdict").some((v) => v.gate === "observe-owners")).toBe(true);
  });
});

describe("a load-balancer controller", () => {
  const PARTS = (multi: boolean) => ({
    definition: `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: targetgroupbindings.elbv2.k8s.aws}
spec:
  group: elbv2.k8s.aws
  scope: Namespaced
  names: {kind: TargetGroupBinding, listKind: TargetGroupBindingList, plural: targetgroupbindings, singular: targetgroupbinding}
  versions: [{name: v1beta1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`,
    binding: `apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {name: web, namespace: shop}
spec:
  targetGroupARN: arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/0123456789abcdef
  serviceRef: {name: web, port: 8080}${multi ? "\n  multiClusterTargetGroup: true" : ""}
`,
    controller: workload("aws-load-balancer-controller", {
      replicas: 1,
      image: "public.ecr.aws/eks/aws-load-balancer-controller:v2.13.0",
      container: "resources: {requests: {cpu: 50m, memory: 64Mi}}\nargs: [--cluster-name=shop-source]",
    }),
  });

  it("shares a target group with its like where both know it", async () => {
    const ran = await run(planned(PARTS(true)));
    expect([ran.exitCode, broken(ran), ran.summary.requests.failed]).toEqual([0, [], 0]);
  });

  it("of its own is refused before anything is changed where the binding is for one cluster", async () => {
    const ran = await run(planned(PARTS(false)));
    expect([ran.exitCode, broken(ran)]).toEqual([7, []]);
    expect(ran.sentence).toMatch(/shop\/web binds its target group for one cluster only/);
  });

  it("that starts nevertheless takes the source's targets out, and is found out", async () => {
    const blind = steps.map((s) =>
      s.name === "check-kubernetes"
        ? { ...s, run: async () => ({ verdict: "pass", sentence: "All is well." }) }
        : s,
    );
    const ran = await run(planned(PARTS(false)), { steps: blind });
    expect(broken(ran)).toEqual(["controllers"]);
    expect(ran.summary.violations[0]?.sentence).toMatch(/each deregisters the other's targets/);
  });
});

it("cert-manager has nothing to tell two of them apart: the ledger decides, and the target's starts when the source's is gone", async () => {
  const certManager = workload("cert-manager", {
    replicas: 1,
    image: "quay.io/jetstack/cert-manager-controller:v1.18.2",
    container: "resources: {requests: {cpu: 50m, memory: 64Mi}}",
  });
  const platform = planned({ certManager });
  expect(platform.plan.workloads.find((w) => w.name === "cert-manager")).toMatchObject({
    move: "stop-then-start",
    controller: { way: "exclusive" },
  });
  for (const rollBackAt of [undefined, "move-workloads"] as const) {
    const ran = await run(platform, rollBackAt ? { rollBackAt } : {});
    expect([ran.exitCode, broken(ran)]).toEqual([rollBackAt ? 4 : 0, []]);
  }
});
