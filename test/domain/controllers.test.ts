/** Identities of controllers, and whose records are whose. */

import { describe, expect, it } from "vitest";
import { controllerOf, identityOf, ownerIn, withIdentity, withOwner } from "../../domain/controllers.ts";

const identity = { source: "old", target: "new", zoneId: "Z2", armed: false };

describe("how two of a controller get along", () => {
  it.each([
    ["external-dns", "owned"],
    ["AWS Load Balancer Controller", "beside"],
    ["Karpenter", "beside"],
    ["Cluster Autoscaler", "beside"],
    ["cert-manager", "exclusive"],
    ["Crossplane", "exclusive"],
    ["something new", "exclusive"],
  ])("%s: %s", (product, way) => {
    expect(controllerOf(product).way).toBe(way);
  });
});

describe("the target's identity", () => {
  const args = ["--source=ingress", "--zone-id-filter=Z1", "--txt-owner-id=old", "--policy=sync"];
  it("of external-dns: its own owner id and zone, and no right to delete until it owns", () => {
    const own = (armed: boolean) =>
      withIdentity("external-dns", [{ name: "main", args }], { ...identity, armed })[0]?.args;
    expect(own(false)).toEqual([
      "--source=ingress",
      "--zone-id-filter=Z2",
      "--txt-owner-id=new",
      "--policy=upsert-only",
    ]);
    expect(own(true)?.at(-1)).toBe("--policy=sync");
  });

  it("of external-dns that says nothing of itself: all is said, and sync is its default", () => {
    const [own] = withIdentity("external-dns", [{ args: ["--source=service"] }], {
      ...identity,
      armed: true,
    });
    expect(own?.args).toEqual([
      "--source=service",
      "--txt-owner-id=new",
      "--zone-id-filter=Z2",
      "--policy=sync",
    ]);
  });

  it("of a load-balancer controller, an autoscaler and Karpenter: the target's name", () => {
    expect(
      withIdentity("AWS Load Balancer Controller", [{ args: ["--cluster-name=old", "--v=2"] }], identity)[0]
        ?.args,
    ).toEqual(["--cluster-name=new", "--v=2"]);
    expect(
      withIdentity(
        "Cluster Autoscaler",
        [{ args: ["--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/old"] }],
        identity,
      )[0]?.args,
    ).toEqual(["--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/new"]);
    const karpenter = withIdentity(
      "Karpenter",
      [{ env: [{ name: "CLUSTER_NAME", value: "old" }] }],
      identity,
    );
    expect(identityOf("Karpenter", karpenter)).toBe("new");
  });

  it("leaves a companion in the pod alone", () => {
    const companion = { name: "proxy", args: ["--listen=:8080"] };
    expect(withIdentity("external-dns", [{ name: "main", args }, companion], identity)[1]).toBe(companion);
  });
});

describe("the registry's records", () => {
  const text = '"heritage=external-dns,external-dns/owner=old,external-dns/resource=ingress"';
  it.each([
    [text, "old", text.replace("owner=old", "owner=new")],
    [text, "other", text],
    ['"v=spf1 -all"', "old", '"v=spf1 -all"'],
  ])("%s of %s", (value, from, after) => {
    expect(withOwner(value, from, "new")).toBe(after);
  });
  it("name their owner", () => expect([ownerIn(text), ownerIn('"v=spf1"')]).toEqual(["old", undefined]));
});
