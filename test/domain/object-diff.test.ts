/** What counts as a difference between two objects, and what a server sets by itself. */

import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../domain/kube.ts";
import { diffObjects, isExpected } from "../../domain/object-diff.ts";

const object = (kind: string, spec: object, metadata: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind,
  metadata: { name: "cart", namespace: "shop", ...metadata },
  spec,
});
const fields = (left: KubeObject, right: KubeObject) => diffObjects(left, right).map((d) => d.field);
const containers = (...list: object[]) => ({ template: { spec: { containers: list } } });

describe("No difference", () => {
  test.each<[string, KubeObject, KubeObject]>([
    [
      "ids, versions and owners of the other cluster",
      object("Deployment", {}, { uid: "1", resourceVersion: "9", ownerReferences: [{}] }),
      object("Deployment", {}, { uid: "2", generation: 3 }),
    ],
    [
      "Velero's labels and kubectl's memory",
      object("Deployment", {}, { labels: { "velero.io/restore-name": "r" } }),
      object("Deployment", {}, { annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" } }),
    ],
    [
      "addresses and ports that each cluster allocates",
      object("Service", {
        clusterIP: "10.0.0.1",
        clusterIPs: ["10.0.0.1"],
        ports: [{ port: 80, nodePort: 30001 }],
      }),
      object("Service", { clusterIP: "172.20.1.1", ports: [{ port: 80, nodePort: 31999 }] }),
    ],
    [
      "defaults that one API server has filled in",
      object("Deployment", containers({ name: "a" })),
      object(
        "Deployment",
        containers({
          name: "a",
          imagePullPolicy: "Always",
          terminationMessagePath: "/dev/termination-log",
          securityContext: {},
        }),
      ),
    ],
    [
      "the order of named items",
      object("Deployment", containers({ name: "a" }, { name: "b" })),
      object("Deployment", containers({ name: "b" }, { name: "a" })),
    ],
    [
      "the volume that a claim is bound to",
      object("PersistentVolumeClaim", { volumeName: "pv-1" }),
      object("PersistentVolumeClaim", {}),
    ],
  ])("%s", (_name, left, right) => {
    expect(fields(left, right)).toEqual([]);
  });
});

describe("A difference", () => {
  test.each<[string, KubeObject, KubeObject, readonly string[]]>([
    [
      "an image, by the container's name",
      object("Deployment", containers({ name: "app", image: "a:1" })),
      object("Deployment", containers({ name: "app", image: "a:2" })),
      ["spec.template.spec.containers[app].image"],
    ],
    [
      "a value that is no default",
      object("Deployment", containers({ name: "a" })),
      object("Deployment", containers({ name: "a", imagePullPolicy: "Never" })),
      ["spec.template.spec.containers[a].imagePullPolicy"],
    ],
    [
      "a container more",
      object("Deployment", containers({ name: "a" })),
      object("Deployment", containers({ name: "a" }, { name: "spy", image: "x" })),
      ["spec.template.spec.containers[spy].image", "spec.template.spec.containers[spy].name"],
    ],
    [
      "a label of a team's own",
      object("Deployment", {}, { labels: { team: "a" } }),
      object("Deployment", {}, { labels: { team: "b" } }),
      ["metadata.labels.team"],
    ],
    [
      "a headless Service that got an address",
      object("Service", { clusterIP: "None" }),
      object("Service", { clusterIP: "10.0.0.1" }),
      ["spec.clusterIP"],
    ],
    [
      "false against absent",
      object("StorageClass", { allowVolumeExpansion: false }),
      object("StorageClass", { allowVolumeExpansion: true }),
      ["spec.allowVolumeExpansion"],
    ],
  ])("%s", (_name, left, right, wanted) => {
    expect(fields(left, right)).toEqual(wanted);
  });

  test("says which field one merge patch can set: a list only as a whole", () => {
    const [d] = diffObjects(
      object("Deployment", containers({ name: "app", image: "a:1" })),
      object("Deployment", containers({ name: "app", image: "a:2" })),
    );
    expect(d?.path).toEqual(["spec", "template", "spec", "containers"]);
  });
});

describe("A planned change", () => {
  const left = object("CronJob", { startingDeadlineSeconds: null });
  const [difference] = diffObjects(left, object("CronJob", { startingDeadlineSeconds: 60 }));
  test.each([
    [
      "the field with the value that was planned",
      { object: "CronJob shop/cart", field: "spec.startingDeadlineSeconds", to: 60 },
      true,
    ],
    ["a branch above it", { object: "CronJob shop/cart", field: "spec", to: "whatever" }, true],
    ["another value", { object: "CronJob shop/cart", field: "spec.startingDeadlineSeconds", to: 90 }, false],
    [
      "another object",
      { object: "CronJob shop/other", field: "spec.startingDeadlineSeconds", to: 60 },
      false,
    ],
    [
      "a field whose name only begins alike",
      { object: "CronJob shop/cart", field: "spec.startingDeadline", to: 60 },
      false,
    ],
  ])("%s", (_name, expected, is) => {
    expect(difference && isExpected(left, difference, [expected])).toBe(is);
  });
});
