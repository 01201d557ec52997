/** Flooring autoscalers: they may grow and not shrink; a retry finds the same changes, whatever the first attempt has done. */

import { describe, expect, test } from "vitest";
import { floorOf, isManaged } from "../../domain/autoscalers.ts";
import type { KubeObject } from "../../domain/kube.ts";

const hpa = (spec: object): KubeObject => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "cart", namespace: "shop" },
  spec: { maxReplicas: 9, ...spec },
});
const scaled = (annotations: Record<string, string> | undefined, spec: object = {}): KubeObject => ({
  apiVersion: "keda.sh/v1alpha1",
  kind: "ScaledObject",
  metadata: { name: "cart", namespace: "shop", ...(annotations ? { annotations } : {}) },
  spec,
});

/** The object after its changes, as a merge patch makes them. */
const applied = (object: KubeObject, pinned: boolean): KubeObject =>
  floorOf(object, pinned, object).reduce<KubeObject>((o, { path, after }) => {
    const copy = structuredClone(o) as Record<string, unknown>;
    let at = copy;
    for (const part of path.slice(0, -1)) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[path.at(-1) ?? ""] = after;
    return copy as KubeObject;
  }, object);

describe.each<[string, KubeObject, boolean, Record<string, unknown>]>([
  ["an HPA without a behavior", hpa({}), false, { "spec.behavior": null }],
  [
    "an HPA that has one",
    hpa({ behavior: { scaleDown: { selectPolicy: "Max" } } }),
    false,
    { "spec.behavior.scaleDown.selectPolicy": "Max" },
  ],
  [
    "an HPA that has one for growing only",
    hpa({ behavior: { scaleUp: {} } }),
    false,
    { "spec.behavior.scaleDown": null },
  ],
  [
    "an HPA of a group member",
    hpa({ behavior: { scaleUp: { selectPolicy: "Max" }, scaleDown: { selectPolicy: "Max" } } }),
    true,
    { "spec.behavior.scaleDown.selectPolicy": "Max", "spec.behavior.scaleUp.selectPolicy": "Max" },
  ],
  [
    "an HPA whose lower bound a half would undercut",
    hpa({ minReplicas: 4 }),
    false,
    { "spec.behavior": null, "spec.minReplicas": 4 },
  ],
  [
    "a ScaledObject",
    scaled({ team: "a" }),
    false,
    { "metadata.annotations.autoscaling.keda.sh/paused-scale-in": null },
  ],
  [
    "a ScaledObject of a queue worker",
    scaled(undefined, { minReplicaCount: 3 }),
    true,
    { "metadata.annotations": null },
  ],
  ["a ScaledObject that somebody pinned", scaled({ "autoscaling.keda.sh/paused-replicas": "2" }), true, {}],
])("%s", (_name, object, pinned, wanted) => {
  test("gets these fields, with their old values for the undo", () => {
    expect(
      Object.fromEntries(floorOf(object, pinned, object).map((c) => [c.path.join("."), c.before])),
    ).toEqual(wanted);
  });

  test("is asked for the same by a retry after the effect", () => {
    const asked = (o: KubeObject) => floorOf(o, pinned, object).map((c) => [c.path, c.after]);
    expect(asked(applied(object, pinned))).toEqual(asked(object));
  });
});

test("KEDA's own HPAs are KEDA's", () => {
  const owned = hpa({});
  expect(
    isManaged({
      ...owned,
      metadata: { ...owned.metadata, ownerReferences: [{ kind: "ScaledObject", controller: true }] },
    }),
  ).toBe(true);
  expect(isManaged(owned)).toBe(false);
});
