/** What a rollback and its approvals go by, as data: decisions over votes, the order of undos, keys, and commands for people. */

import { describe, expect, it } from "vitest";
import { decide, type Request, refusalOf, type Vote } from "../../domain/approvals.ts";
import { byHand } from "../../domain/by-hand.ts";
import { peakDemands, podsForDemand } from "../../domain/capacity.ts";
import type { Effect } from "../../domain/effects.ts";
import { EffectSchema } from "../../domain/effects.ts";
import { listsOf, storedPlan } from "../../domain/items.ts";
import { entryOfDone, isForward, keys, undoKeyOf } from "../../domain/journal.ts";
import { undoLists } from "../../domain/undo.ts";
import { smallPlan } from "../functions/bench.ts";
import { aPlan, aWorkload } from "./checks.fixture.ts";

const request = (quorum = 2): Request => ({
  question: {
    id: "q",
    kind: "approval",
    phase: "cut-traffic",
    sentence: "Cut.",
    choices: ["granted", "denied", "retry", "roll-back"],
    quorum,
  },
  plan: "abc",
  token: "t",
  quorum,
  askedAt: "2026-03-03T02:00:00.000Z",
  expiresAt: "2026-03-03T06:00:00.000Z",
  requesters: ["r"],
});
const MEMORY = { migration: "m", bucket: "memory" };
const vote = (person: string, choice: string, over: Partial<Vote> = {}): Vote => ({
  person,
  choice,
  plan: "abc",
  at: "2026-03-03T02:00:00.000Z",
  ...over,
});

describe("a decision", () => {
  it.each<[string, readonly Vote[], string | undefined]>([
    ["stays open without votes", [], undefined],
    ["stays open below its quorum", [vote("a", "granted")], undefined],
    ["counts people, not clicks", [vote("a", "granted"), vote("a", "granted")], undefined],
    ["is granted by its quorum", [vote("a", "granted"), vote("b", "granted")], "granted"],
    [
      "is denied by one, whatever others granted",
      [vote("a", "granted"), vote("b", "granted"), vote("c", "denied")],
      "denied",
    ],
    ["is a rollback by one", [vote("a", "roll-back")], "roll-back"],
    [
      "is denied where one denies and one rolls back",
      [vote("a", "roll-back"), vote("b", "denied")],
      "denied",
    ],
    ["is a retry by one", [vote("a", "retry")], "retry"],
    ["doesn't add different choices up", [vote("a", "granted"), vote("b", "maybe")], undefined],
  ])("%s", (_, votes, expected) => {
    expect(decide(votes, request())?.decision).toBe(expected);
    expect(decide([...votes].reverse(), request()), "in any order").toEqual(decide(votes, request()));
  });

  it.each<[string, Vote, RegExp | undefined]>([
    ["in time by an approver", vote("a", "granted"), undefined],
    ["by a stranger", vote("z", "granted"), /not an approver/],
    ["of the requester's own grant", vote("r", "granted"), /can't grant/],
    ["of the requester's denial", vote("r", "denied"), undefined],
    ["for another plan", vote("a", "granted", { plan: "other" }), /another plan/],
    ["with no choice of the question", vote("a", "sure"), /not among/],
    ["at the very moment of the expiry", vote("a", "granted", { at: "2026-03-03T06:00:00.000Z" }), /expired/],
  ])("takes or refuses a vote %s", (_, cast, why) => {
    const refusal = refusalOf(
      cast,
      request(),
      ["a", "b", "r"].map((person) => ({ person, role: "platform" })),
    );
    if (why) expect(refusal).toMatch(why);
    else expect(refusal).toBeUndefined();
  });
});

describe("the order of undos", () => {
  const key = (operation: string, move: string) => `migrations/m/journal/${operation}/forward-${move}.json`;

  it("is capacity by workload, then DNS, then the rest, newest first; what is exclusive is no capacity", () => {
    const entries = [
      key("0001-lower-ttls", "0.000"),
      key("0003-shift:shop/cart", "0-target-up"),
      key("0003-shift:shop/cart", "1-source-down"),
      key("0004-shift:shop/web", "1-source-down"),
      key("0005-hand-over:shop/scheduler", "0-source-stop"),
      key("0006-raise-target:shop/cart", "0-raise"),
      key("0007-delegate-zone", "0.000"),
      key("0007-delegate-zone", "0.001"),
      key("0008-repoint-old-zone", "0.www"),
      key("0009-lower-source:shop/cart", "0-lower"),
      key("10010-stop-load", "0"),
    ];
    const lists = undoLists(entries);
    expect(lists.capacity).toEqual([[entries[9], entries[2]], [entries[3]]]);
    expect(lists.dns).toEqual([[entries[8]], [entries[7]], [entries[6]]]);
    expect(lists.rest.flat()).toEqual([entries[10], entries[5], entries[4], entries[1], entries[0]]);
    expect(undoLists([...entries].reverse()), "in any order of the listing").toEqual(lists);
  });

  it("leaves nothing out and nothing twice", () => {
    const entries = [
      "0003-shift:a/b",
      "0004-hand-over:a/c",
      "0007-delegate-zone",
      "0011-retire-source:a/b",
    ].flatMap((o) => ["0", "1-source-down"].map((m) => key(o, m)));
    const { capacity, dns, rest } = undoLists(entries);
    expect([...capacity.flat(), ...dns.flat(), ...rest.flat()].sort()).toEqual([...entries].sort());
  });
});

describe("keys of the journal", () => {
  const of = (move: string, direction: "forward" | "undo" = "forward") =>
    keys.entry({ migration: "m", operation: "0003-install-bundle", move, direction });

  it("tell the mark of one move from the entry of another (an object called `etl.done` would never be undone)", () => {
    const [entry, namesake] = [of("ConfigMap.shop.etl"), of("ConfigMap.shop.etl.done")];
    expect(keys.done(entry)).not.toBe(namesake);
    expect([entry, namesake, keys.done(entry), keys.done(namesake), of("x", "undo")].map(isForward)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(entryOfDone(keys.done(namesake))).toBe(namesake);
    expect(entryOfDone(namesake)).toBeUndefined();
  });

  it("lead from an entry to its undo, also where the move speaks of going forward", () => {
    expect(undoKeyOf(of("0.forward-proxy"))).toBe(of("0.forward-proxy", "undo"));
  });
});

describe("a command for a person", () => {
  const cart = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "cart" };
  const cases: readonly (readonly [Effect, RegExp])[] = [
    [
      { kind: "set-field", cluster: "source", object: cart, path: ["spec", "replicas"], before: 4, after: 2 },
      /^kubectl --context source patch -n shop deployment\.v1\.apps\/cart .* '\{"spec":\{"replicas":4\}\}'$/,
    ],
    [
      {
        kind: "set-field",
        cluster: "target",
        object: { apiVersion: "v1", kind: "Namespace", name: "shop" },
        path: ["metadata", "labels", "x"],
        before: null,
        after: "it's",
      },
      /patch namespace\/shop .*"x":null/,
    ],
    [
      {
        kind: "create-object",
        cluster: "target",
        object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" } },
      },
      /^kubectl --context target delete -n shop configmap\/a$/,
    ],
    [
      {
        kind: "create-objects",
        cluster: "target",
        objects: [
          { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
          { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" } },
        ],
      },
      /^kubectl --context target delete -n shop configmap\/a; kubectl --context target delete namespace\/shop$/,
    ],
    [
      {
        kind: "delete-object",
        cluster: "source",
        before: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "it's", uid: "u", resourceVersion: "7" },
        },
      },
      /create -f - <<< '.*it'\\''s.*'$/,
    ],
    [
      {
        kind: "set-record",
        zoneId: "Z1",
        before: {
          name: "a.",
          type: "A",
          values: ["192.0.2.1"],
          ttlSeconds: 60,
          setIdentifier: "blue",
          weight: 5,
        },
        after: null,
      },
      /"Action":"UPSERT".*"SetIdentifier":"blue","Weight":5,"TTL":60/,
    ],
    [
      {
        kind: "set-record",
        zoneId: "Z1",
        before: null,
        after: {
          name: "a.",
          type: "A",
          alias: { hostedZoneId: "Z2", dnsName: "lb.", evaluateTargetHealth: true },
        },
      },
      /"Action":"DELETE".*"EvaluateTargetHealth":true/,
    ],
    [
      { kind: "create-zone", name: "a.example", callerReference: "repot-m" },
      /^aws route53 delete-hosted-zone --id "\$\(aws route53 list-hosted-zones-by-name --dns-name a\.example .*repot-m/,
    ],
    [
      { kind: "create-cluster", name: "eks", version: "1.33", clientToken: "t", roleArn: "r", subnetIds: [] },
      /^\[ "\$\(aws eks describe-cluster --name eks --query .* --output text\)" = 'm' \] && aws eks delete-cluster --name eks$/,
    ],
    [
      { kind: "set-owner", thing: "shop/scheduler", before: "source", after: "target" },
      /"owner":"source".*put-object --bucket memory .*owners\/shop%2Fscheduler\.json.* --if-match /,
    ],
  ];

  it.each(cases.map(([effect, expected]) => ({ kind: effect.kind, effect, expected })))(
    "undoes $kind in one line",
    ({ effect, expected }) => {
      expect(byHand(effect, MEMORY)).toMatch(expected);
      expect(byHand(effect, MEMORY)).not.toMatch(/\n|undefined|resourceVersion|"uid"/);
    },
  );

  it("is there for every kind of effect", () => {
    const kinds = EffectSchema.options.map((option) => option.shape.kind.value);
    expect([...new Set(cases.map(([effect]) => effect.kind))].sort()).toEqual([...kinds].sort());
  });
});

describe("capacity", () => {
  const web = aWorkload({
    name: "web",
    services: ["shop/web"],
    calls: [{ service: "shop/cart", optional: false }] as never,
  });
  const plan = (capacity: readonly object[]) =>
    aPlan(
      {
        workloads: [web, aWorkload()],
        hosts: [{ host: "www.live.example", namespace: "shop", service: "web" }],
      },
      { capacity, load: [{ host: "www.live.example", requestsPerSecond: 50, peakFactor: 2 }] },
    );

  it("counts a host's peak for everything that its requests need", () => {
    expect([...peakDemands(plan([]))].sort()).toEqual([
      ["shop/cart", 100],
      ["shop/web", 100],
    ]);
  });

  it.each([
    ["all pods where a pod's capacity isn't known", [], 100, 4],
    ["the demand with headroom, rounded up", [{ workload: "*", requestsPerSecondPerPod: 100 }], 100, 2],
    [
      "a workload's own figure before the common one",
      [
        { workload: "*", requestsPerSecondPerPod: 100 },
        { workload: "shop/cart", requestsPerSecondPerPod: 50 },
      ],
      100,
      3,
    ],
    ["one pod without any demand", [{ workload: "*", requestsPerSecondPerPod: 100 }], 0, 1],
  ])("takes %s", (_, capacity, demand, pods) => {
    expect(podsForDemand(plan(capacity), aWorkload(), demand)).toBe(pods);
  });
});

describe("items", () => {
  it("never let the source go below what the demand needs, and name every operation of theirs", () => {
    const [cart] = listsOf(
      smallPlan({}, { load: [{ host: "www.live.example", requestsPerSecond: 120, peakFactor: 2 }] }),
    ).raise;
    expect(cart).toMatchObject({
      half: 2,
      sourceKeeps: 4,
      operations: {
        move: "0003-shift:shop/cart",
        raise: "0006-raise-target:shop/cart",
        lower: "0010-lower-source:shop/cart",
        retire: "0012-retire-source:shop/cart",
      },
    });
  });

  it("store the plan last: whoever finds it finds its lists", () => {
    const names = storedPlan(smallPlan(), "abc").map(([key]) => key);
    expect(names.at(-1)).toBe(keys.plan("abc"));
    expect(names).toEqual(
      expect.arrayContaining([
        keys.objects("abc"),
        keys.wave("abc", "move-0"),
        keys.wave("abc", "raise"),
        keys.wave("abc", "retire"),
      ]),
    );
  });
});
