/** Effects over the simulated services: made once however often they are called, undone by value, and never at the cost of somebody else's change. */

import { describe, expect, it } from "vitest";
import { applyEffect, undoEffect } from "../../adapters/effects/index.ts";
import { ownReference } from "../../adapters/effects/zones.ts";
import { makeRoute53 } from "../../adapters/route53.ts";
import type { Effect, RecordSet } from "../../domain/effects.ts";
import { Conflict, OwnedElsewhere, Transient } from "../../domain/errors.ts";
import { keys } from "../../domain/journal.ts";
import type { KubeObject } from "../../domain/kube.ts";
import { CREATED_BY } from "../../domain/kube.ts";
import { anObject } from "../domain/checks.fixture.ts";
import { CART, HOST, makeStepBench, objects, RUN, type StepBench, ZONE } from "../functions/bench.ts";
import { deployment } from "../functions/move-bench.ts";

const ALL = {
  s3: ["GetObject", "PutObject", "ListBucket"],
  route53: [
    "CreateHostedZone",
    "DeleteHostedZone",
    "GetHostedZone",
    "ListHostedZonesByName",
    "ListResourceRecordSets",
    "ChangeResourceRecordSets",
  ],
  eks: ["CreateCluster", "DeleteCluster", "DescribeCluster"],
  kubernetes: {
    source: ["get planned", "patch planned", "create planned", "delete planned", "patch deployments/scale"],
    target: ["get planned", "patch planned", "create planned", "delete planned", "patch deployments/scale"],
  },
};

const on = (bench: StepBench) => ({
  apply: (effect: Effect) => bench.within(ALL, () => applyEffect(effect, bench.clients)),
  undo: (effect: Effect) => bench.within(ALL, () => undoEffect(effect, bench.clients)),
  route53: <T>(ask: (route53: ReturnType<typeof makeRoute53>) => Promise<T>) =>
    bench.within(ALL, () => ask(makeRoute53(bench.context.aws.route53))),
});

const ours = (name: string, more: object = {}): KubeObject => {
  const object = anObject("v1", "ConfigMap", name, { data: { level: "info" }, ...more });
  return { ...object, metadata: { ...object.metadata, annotations: { [CREATED_BY]: RUN.migration } } };
};
const create = (object: KubeObject): Effect => ({
  kind: "create-object",
  cluster: "target",
  object: object as never,
});
const scale = (before: number, after: number, cluster: "source" | "target" = "source"): Effect => ({
  kind: "set-field",
  cluster,
  object: { ...CART },
  path: ["spec", "replicas"],
  before,
  after,
});
const annotations = (before: object | null, after: object): Effect => ({
  kind: "set-field",
  cluster: "source",
  object: { ...CART },
  path: ["metadata", "annotations"],
  before: before as never,
  after: after as never,
});
const mapRef = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name });
const zoneEffect: Effect = { kind: "create-zone", name: ZONE, callerReference: ownReference(RUN.migration) };
const www = (value: string): RecordSet => ({ name: `${HOST}.`, type: "A", ttlSeconds: 300, values: [value] });

const replicas = (bench: StepBench, side: "source" | "target" = "source") =>
  (bench.live(side, CART)?.["spec"] as { readonly replicas: number } | undefined)?.replicas;

describe("a field", () => {
  it("is set once, however often the effect is made (a program that writes blindly would write three times)", async () => {
    const bench = makeStepBench();
    const outcomes = [];
    for (let i = 0; i < 3; i += 1) outcomes.push((await on(bench).apply(scale(4, 2))).outcome);
    expect(outcomes).toEqual(["made", "stood", "stood"]);
    expect(bench.changes()).toEqual(["source patch deployments/scale"]);
    expect(replicas(bench)).toBe(2);
  });

  it.each([
    ["goes back to the old value, not by a difference", 2, "made", 4],
    ["stays where the effect never happened", 4, "stood", 4],
    ["stays where a developer has set it since (an undo by value alone would overwrite it)", 7, "left", 7],
  ] as const)("%s", async (_, now, outcome, expected) => {
    const bench = makeStepBench();
    if (now !== 4) await bench.as("source", "developer").scale(CART, now);
    expect((await on(bench).undo(scale(4, 2))).outcome).toBe(outcome);
    expect(replicas(bench)).toBe(expected);
    expect((await on(bench).undo(scale(4, 2))).outcome).toBe(outcome === "made" ? "stood" : outcome);
  });

  it("goes back on the target whatever an autoscaler made of it: its pods are there because of us", async () => {
    const bench = makeStepBench();
    await bench.as("target", "autoscaler").scale(CART, 7);
    expect((await on(bench).undo(scale(0, 2, "target"))).outcome).toBe("made");
    expect(replicas(bench, "target")).toBe(0);
  });

  it("that is a map is replaced whole, back and forth (a bare merge patch would keep the keys that have to go)", async () => {
    const bench = makeStepBench();
    await bench
      .as("source", "developer")
      .mergePatch(CART, { metadata: { annotations: { team: "video", "on-call": "amara" } } });
    const before = bench.live("source", CART)?.metadata.annotations ?? {};
    const after = { team: "video", paused: "true" };
    await on(bench).apply(annotations(before, after));
    expect(bench.live("source", CART)?.metadata.annotations).toEqual(after);
    await on(bench).undo(annotations(before, after));
    expect(bench.live("source", CART)?.metadata.annotations).toEqual(before);
  });

  it("that was absent is absent again", async () => {
    const bench = makeStepBench();
    const effect: Effect = {
      kind: "set-field",
      cluster: "source",
      object: { ...CART },
      path: ["metadata", "labels", "moved"],
      before: null,
      after: "yes",
    };
    await on(bench).apply(effect);
    expect(bench.live("source", CART)?.metadata.labels?.["moved"]).toBe("yes");
    await on(bench).undo(effect);
    expect(bench.live("source", CART)?.metadata.labels ?? {}).not.toHaveProperty("moved");
  });

  it("that somebody changes between our read and our write is a Conflict, and theirs stands", async () => {
    let bench: StepBench | undefined;
    let struck = false;
    bench = makeStepBench({
      fault: (call) => {
        if (struck || call.moment !== "before" || !call.action.startsWith("patch")) return undefined;
        struck = true;
        bench?.meanwhile("source", "PATCH", "/apis/apps/v1/namespaces/shop/deployments/cart", {
          metadata: { labels: { release: "2" } },
        });
        return undefined;
      },
    });
    const effect: Effect = {
      kind: "set-field",
      cluster: "source",
      object: { ...CART },
      path: ["metadata", "labels", "moved"],
      before: null,
      after: "yes",
    };
    await expect(on(bench).apply(effect)).rejects.toThrow(Conflict);
    expect(bench.live("source", CART)?.metadata.labels).toMatchObject({ release: "2" });
  });
});

describe("an object", () => {
  it("is created once and deleted once", async () => {
    const bench = makeStepBench();
    const { apply, undo } = on(bench);
    expect([
      (await apply(create(ours("fresh")))).outcome,
      (await apply(create(ours("fresh")))).outcome,
    ]).toEqual(["made", "stood"]);
    expect([
      (await undo(create(ours("fresh")))).outcome,
      (await undo(create(ours("fresh")))).outcome,
    ]).toEqual(["made", "stood"]);
    expect(bench.live("target", mapRef("fresh"))).toBeUndefined();
  });

  it("that others had made stays when its creation is undone (a program that deletes by name would take it)", async () => {
    const bench = makeStepBench({
      onTarget: [...objects, anObject("v1", "ConfigMap", "theirs", { data: {} })],
    });
    expect(await on(bench).apply(create(ours("theirs")))).toMatchObject({
      outcome: "stood",
      note: expect.stringContaining("before us"),
    });
    expect((await on(bench).undo(create(ours("theirs")))).outcome).toBe("left");
    expect(bench.live("target", mapRef("theirs"))).toBeDefined();
  });

  it("of another migration of ours stays, too", async () => {
    const other = ours("theirs");
    const bench = makeStepBench({
      onTarget: [
        ...objects,
        { ...other, metadata: { ...other.metadata, annotations: { [CREATED_BY]: "shop-0" } } },
      ],
    });
    expect((await on(bench).undo(create(ours("theirs")))).outcome).toBe("left");
  });

  it("that was deleted comes back as it was, and once", async () => {
    const bench = makeStepBench();
    const before = bench.live("source", CART) as KubeObject;
    const { status: _status, ...rest } = before;
    const effect: Effect = { kind: "delete-object", cluster: "source", before: rest as never };
    await on(bench).apply(effect);
    await on(bench).apply(effect);
    expect(bench.live("source", CART)).toBeUndefined();
    expect([(await on(bench).undo(effect)).outcome, (await on(bench).undo(effect)).outcome]).toEqual([
      "made",
      "stood",
    ]);
    expect(bench.live("source", CART)?.["spec"]).toEqual(before["spec"]);
  });

  it("that is still going is waited for: what is taken for the old one would go with it", async () => {
    const held = ours("held");
    const bench = makeStepBench({
      onTarget: [...objects, { ...held, metadata: { ...held.metadata, finalizers: ["example.com/slow"] } }],
    });
    await bench.as("target", "developer").remove(mapRef("held"));
    expect(bench.live("target", mapRef("held"))?.metadata["deletionTimestamp"]).toBeDefined();
    await expect(on(bench).apply(create(held))).rejects.toThrow(Transient);
    await expect(
      on(bench).undo({ kind: "delete-object", cluster: "target", before: held as never }),
    ).rejects.toThrow(/still being deleted/);
  });
});

describe("a record set", () => {
  const zoneOf = async (bench: StepBench) =>
    (await on(bench).route53((r) => r.zonesByName(ZONE)))[0]?.id ?? "";
  const now = async (bench: StepBench, zoneId: string) =>
    on(bench).route53((r) => r.recordsOf(zoneId, HOST, "A"));

  it("is changed once and brought back", async () => {
    const bench = makeStepBench();
    const zoneId = await zoneOf(bench);
    const effect: Effect = {
      kind: "set-record",
      zoneId,
      before: www("192.0.2.10"),
      after: www("198.51.100.7"),
    };
    expect([(await on(bench).apply(effect)).outcome, (await on(bench).apply(effect)).outcome]).toEqual([
      "made",
      "stood",
    ]);
    bench.wait(60);
    expect([(await on(bench).undo(effect)).outcome, (await on(bench).undo(effect)).outcome]).toEqual([
      "made",
      "stood",
    ]);
    expect((await now(bench, zoneId))[0]?.values).toEqual(["192.0.2.10"]);
    expect(bench.changes()).toHaveLength(2);
  });

  it("that somebody changed after the intent is not overwritten by it, nor by its undo (a blind UPSERT would)", async () => {
    const bench = makeStepBench();
    const zoneId = await zoneOf(bench);
    const effect: Effect = {
      kind: "set-record",
      zoneId,
      before: www("192.0.2.10"),
      after: www("198.51.100.7"),
    };
    await on(bench).route53((r) => r.change(zoneId, [{ action: "UPSERT", record: www("203.0.113.99") }]));
    await expect(on(bench).apply(effect)).rejects.toThrow(/somebody else/);
    expect((await on(bench).undo(effect)).outcome).toBe("left");
    expect((await now(bench, zoneId))[0]?.values).toEqual(["203.0.113.99"]);
  });

  it("that we added is deleted by its undo, and one that never was is no error", async () => {
    const bench = makeStepBench();
    const zoneId = await zoneOf(bench);
    const added = { ...www("198.51.100.7"), name: `new.${ZONE}.` };
    const effect: Effect = { kind: "set-record", zoneId, before: null, after: added };
    expect((await on(bench).undo(effect)).outcome).toBe("stood");
    await on(bench).apply(effect);
    bench.wait(60);
    expect((await on(bench).undo(effect)).outcome).toBe("made");
    expect(await on(bench).route53((r) => r.recordsOf(zoneId, added.name, "A"))).toEqual([]);
  });
});

describe("a zone", () => {
  it("is created once, and its undo leaves the old zone of the same name", async () => {
    const bench = makeStepBench();
    const { apply, undo, route53 } = on(bench);
    expect([(await apply(zoneEffect)).outcome, (await apply(zoneEffect)).outcome]).toEqual(["made", "stood"]);
    expect(await route53((r) => r.zonesByName(ZONE))).toHaveLength(2);
    expect([(await undo(zoneEffect)).outcome, (await undo(zoneEffect)).outcome]).toEqual(["made", "stood"]);
    expect((await route53((r) => r.zonesByName(ZONE))).map((z) => z.callerReference)).not.toContain(
      ownReference(RUN.migration),
    );
  });

  it("that holds a record of somebody else's stays, and names it", async () => {
    const bench = makeStepBench();
    await on(bench).apply(zoneEffect);
    const fresh = (await on(bench).route53((r) => r.zonesByName(ZONE))).find(
      (z) => z.callerReference === ownReference(RUN.migration),
    );
    await on(bench).route53((r) =>
      r.change(fresh?.id ?? "", [{ action: "UPSERT", record: www("203.0.113.5") }]),
    );
    expect(await on(bench).undo(zoneEffect)).toMatchObject({
      outcome: "left",
      note: expect.stringContaining(HOST),
    });
  });
});

describe("a cluster", () => {
  const effect: Effect = {
    kind: "create-cluster",
    name: "shop-eks",
    version: "1.33",
    clientToken: "repot-shop-1",
    roleArn: "arn:aws:iam::111122223333:role/eks",
    subnetIds: ["subnet-a", "subnet-b"],
  };

  it("is created once, carries our tag, and its undo before it exists is no error", async () => {
    const bench = makeStepBench();
    expect((await on(bench).undo(effect)).outcome).toBe("stood");
    expect([(await on(bench).apply(effect)).outcome, (await on(bench).apply(effect)).outcome]).toEqual([
      "made",
      "stood",
    ]);
    bench.wait(3_600);
    expect((await on(bench).undo(effect)).outcome).toBe("made");
    expect((await on(bench).undo(effect)).outcome).toBe("stood");
  });

  it("of another migration is adopted and never deleted", async () => {
    const bench = makeStepBench();
    await bench.within(ALL, () => applyEffect(effect, { ...bench.clients, migration: "shop-0" }));
    bench.wait(3_600);
    expect(await on(bench).apply(effect)).toMatchObject({
      outcome: "stood",
      note: expect.stringContaining("before us"),
    });
    expect((await on(bench).undo(effect)).outcome).toBe("left");
  });
});

describe("an owner", () => {
  const effect: Effect = { kind: "set-owner", thing: "shop/scheduler", before: "source", after: "target" };
  const owner = (bench: StepBench) => bench.json(keys.owner(RUN.migration, "shop/scheduler"));

  it("is the source until it is passed on, once, and back", async () => {
    const bench = makeStepBench();
    expect((await on(bench).undo(effect)).outcome).toBe("stood");
    expect([(await on(bench).apply(effect)).outcome, (await on(bench).apply(effect)).outcome]).toEqual([
      "made",
      "stood",
    ]);
    expect(owner(bench)).toEqual({ thing: "shop/scheduler", owner: "target" });
    expect((await on(bench).undo(effect)).outcome).toBe("made");
    expect(owner(bench)).toEqual({ thing: "shop/scheduler", owner: "source" });
  });

  it("that a third party set is not passed on by anybody", async () => {
    const bench = makeStepBench();
    bench.put(keys.owner(RUN.migration, "shop/scheduler"), { thing: "shop/scheduler", owner: "nobody" });
    await expect(on(bench).apply(effect)).rejects.toThrow(OwnedElsewhere);
    expect(owner(bench)).toMatchObject({ owner: "nobody" });
  });
});

it("a namesake that comes into being while we create is looked at, not taken for ours", async () => {
  let bench: StepBench | undefined;
  bench = makeStepBench({
    fault: (call) => {
      if (call.moment === "before" && call.action.startsWith("create"))
        bench?.meanwhile(
          "target",
          "POST",
          "/apis/apps/v1/namespaces/shop/deployments",
          deployment("fresh"),
          "application/json",
        );
      return undefined;
    },
  });
  await expect(on(bench).apply(create(deployment("fresh")))).resolves.toEqual({
    outcome: "stood",
    note: "It was there before us, and stays after us.",
  });
});
