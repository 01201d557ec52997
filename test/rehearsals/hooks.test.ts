/** A platform whose pods a webhook of its own must allow: it comes to the target after what answers for it, and goes first on the way back. */

import { describe, expect, it } from "vitest";
import { hookServices, isDue, isHook } from "../../domain/hooks.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { undoLists } from "../../domain/undo.ts";
import { FAULTS } from "../../simulator/faults/catalogue.ts";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { changed, inMachine, inOrder } from "../../simulator/planted/edit.ts";
import { guarded } from "./guarded.ts";
import { broken, eventsOf, run } from "./small.ts";

describe("a webhook that must answer for every pod", () => {
  it("comes after the wave with its backend, and the platform moves", async () => {
    const ran = await run(guarded());
    expect([ran.exitCode, ran.summary.requests.failed, broken(ran)], ran.sentence).toEqual([0, 0, []]);
    const done = eventsOf(ran, "effect").filter((e) => e.status === "done");
    const hook = done.find((e) => e.step === "restore-hooks")?.at ?? Number.NaN;
    const start = (name: string) =>
      done.find((e) => e.step === "scale-workload" && e.key.includes(name) && e.key.includes("target"))?.at ??
      0;
    expect(hook).toBeGreaterThan(start("shop/guardian"));
    expect(hook).toBeLessThan(start("shop/web"));
    expect(
      ran.objects.targetAfter.filter(
        (o) => o.kind === "ValidatingWebhookConfiguration" && o.metadata.name === "guardian",
      ),
    ).toHaveLength(1);
  });

  it.each(["move-workloads", "cut-traffic", "thaw"] as const)(
    "goes first when everything goes back after %s: no undo is refused by it",
    async (phase) => {
      const ran = await run(guarded(), { rollBackAt: phase });
      expect([ran.exitCode, ran.summary.requests.failed, broken(ran)], ran.sentence).toEqual([4, 0, []]);
      const undone = eventsOf(ran, "effect").filter((e) => e.direction === "undo" && e.status === "done");
      expect(undone[0]?.step).toBe("undo-effect");
      expect(undone[0]?.key).toContain("restore-hooks");
    },
  );

  it.each(
    FAULTS.filter((f) => f.scope === "call" && f.seldomSteps.includes("restore-hooks")).map((f) => f.kind),
  )("comes in spite of %s at restore-hooks", async (kind) => {
    const ran = await run(guarded(), { faults: [{ kind, step: "restore-hooks" }] });
    expect([ran.exitCode, ran.summary.requests.failed, broken(ran)], ran.sentence).toEqual([0, 0, []]);
    expect(ran.summary.faults[0]?.struck).toBeGreaterThan(0);
  });

  it("that comes before what answers for it holds the run until it goes back: the wrong order is found out", async () => {
    const wrong = inMachine(
      "move-workloads",
      changed("Restore the webhooks", {
        Arguments: {
          StateMachineArn: "${in-batches}",
          Input: { run: "{% $run %}", step: "${restore-hooks}", subject: "99" },
        },
      }),
      inOrder("Fill the zone", "Restore the webhooks", "Another wave?"),
    );
    expect(broken(await run(guarded(), wrong(RIGHT)))).toEqual(["waves"]);
    const ran = await run(guarded(), { ...wrong(RIGHT), unwatched: ["waves"] });
    expect([ran.exitCode, ran.summary.requests.failed]).toEqual([4, 0]);
    expect(ran.sentence).toContain("as it was");
  });
});

describe("hooks as data", () => {
  const configuration = (policy: string | undefined): KubeObject => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "m" },
    webhooks: [
      {
        name: "a",
        ...(policy === undefined ? {} : { failurePolicy: policy }),
        clientConfig: { service: { namespace: "shop", name: "guardian" } },
      },
      { name: "b", clientConfig: { url: "https://elsewhere.example" } },
    ],
  });
  const api = (service: object | null): KubeObject => ({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1.x" },
    spec: { service },
  });

  it.each([
    ["Fail", ["shop/guardian"]],
    [undefined, ["shop/guardian"]],
    ["Ignore", []],
  ])("with failurePolicy %s must answer: %j", (policy, services) => {
    expect(hookServices(configuration(policy), true)).toEqual(services);
    expect(hookServices(configuration(policy))).toEqual(["shop/guardian"]);
  });

  it("are aggregated APIs too, but not those of the API server itself", () => {
    expect([isHook(api({ namespace: "shop", name: "metrics" })), isHook(api(null))]).toEqual([true, false]);
    expect(isHook({ apiVersion: "v1", kind: "Service", metadata: { name: "x" } })).toBe(false);
  });

  it("are due once every wave with something behind them is over", () => {
    const { plan } = guarded();
    const wave = plan.workloads.find((w) => w.name === "guardian")?.wave ?? Number.NaN;
    expect(isDue(configuration("Fail"), plan, wave)).toBe(false);
    expect(isDue(configuration("Fail"), plan, wave + 1)).toBe(true);
    expect(isDue(api({ namespace: "far", name: "away" }), plan, 0), "nobody of the plan is behind it").toBe(
      true,
    );
  });

  it("are undone before capacity, and nowhere else", () => {
    const key = (operation: string, move: string) => `migrations/m/journal/${operation}/forward-${move}.json`;
    const lists = undoLists([key("0014-restore-hooks", "a"), key("0030-shift:shop/web", "1-source-down")]);
    expect(lists.hooks.flat()).toEqual([key("0014-restore-hooks", "a")]);
    expect([...lists.capacity, ...lists.dns, ...lists.rest].flat()).not.toContain(
      key("0014-restore-hooks", "a"),
    );
  });
});
