/** Preflight's judgement of what keeps data, and of the network that leads there: each wrong world that it has to catch. */

import { describe, expect, test } from "vitest";
import {
  connectionsAt,
  judgeConnections,
  judgeGroups,
  judgeQueues,
  podsAt,
  STEPS,
} from "../../domain/checks/data.ts";
import {
  covers,
  judgeAllowLists,
  judgeBalancers,
  judgeEgress,
  judgeFreeAddresses,
} from "../../domain/checks/network.ts";
import { judgeTransactionalIds } from "../../domain/checks/transactions.ts";
import type { Plan, Workload } from "../../domain/plan.ts";
import { AT, aDeployment, aPlan, aWorkload, brief, complaints } from "./checks.fixture.ts";

const STORE = {
  name: "orders-db",
  host: "orders-db.example",
  port: 5432,
  connectionsMax: 100,
  connectionsPerPod: { "shop/cart": 10 },
};
const measured = (value: number) => [{ datastore: "orders-db", now: { value } }];
const planWith = (workload: Partial<Workload>, settings: object = {}): Plan =>
  aPlan({ workloads: [aWorkload(workload)] }, { datastores: [STORE], ...settings });

describe("pods at each step", () => {
  test.each<[string, Partial<Workload>, readonly (readonly [number, number])[]]>([
    [
      "half and half",
      {},
      [
        [4, 0],
        [4, 2],
        [2, 2],
        [2, 4],
        [1, 4],
      ],
    ],
    [
      "half and half of pods that can't drain",
      { drains: false },
      [
        [4, 0],
        [4, 2],
        [4, 2],
        [4, 4],
        [4, 4],
      ],
    ],
    [
      "what starts on the target",
      { move: "start-on-target" },
      [
        [4, 0],
        [4, 4],
        [4, 4],
        [4, 4],
        [4, 4],
      ],
    ],
    [
      "what stops first",
      { move: "stop-then-start" },
      [
        [4, 0],
        [4, 0],
        [0, 4],
        [0, 4],
        [0, 4],
      ],
    ],
    [
      "what stays",
      { move: "keep-on-source" },
      [
        [4, 0],
        [4, 0],
        [4, 0],
        [4, 0],
        [4, 0],
      ],
    ],
    [
      "a cron job",
      { kind: "CronJob", move: "hand-over-schedule", replicas: 0 },
      [
        [1, 0],
        [1, 0],
        [0, 1],
        [0, 1],
        [0, 1],
      ],
    ],
  ])("%s", (_, workload, expected) => {
    const plan = planWith(workload);
    const [w] = plan.workloads as [Workload];
    expect(STEPS.map((step) => podsAt(plan, w, step)).map((p) => [p.source, p.target])).toEqual(expected);
  });

  test("keep on the source what the demand needs, where that is more than half", () => {
    const plan = planWith(
      {},
      { load: [{ host: "www.live.example", requestsPerSecond: 200, peakFactor: 1.1 }] },
    );
    const [w] = plan.workloads as [Workload];
    expect(podsAt(plan, w, "at the cut")).toEqual({ source: 3, target: 4 });
  });

  test("stand at their double only as many workloads at a time as the policy moves at once", () => {
    const workloads = ["a", "b", "c"].map((name) => aWorkload({ name, services: [`shop/${name}`] }));
    const store = { ...STORE, connectionsPerPod: { "shop/a": 1, "shop/b": 1, "shop/c": 1 } };
    const at = (concurrency: number) =>
      connectionsAt(aPlan({ workloads }, { policy: { concurrency } }), store, "while shifting", [
        "source",
        "target",
      ]);
    expect([at(1), at(3)]).toEqual([3 * 4 + 2, 3 * 6]);
  });
});

describe("the connection budget", () => {
  test("of the right world passes with the figure of every step", () => {
    const [verdict] = judgeConnections(planWith({}), measured(40), AT);
    expect(verdict).toMatchObject({ verdict: "pass", subject: "orders-db" });
    expect(verdict?.evidence.map((e) => e.value)).toEqual([40, 40, 60, 40, 60, 50]);
    expect(complaints(verdict ? [verdict] : [])).toEqual([]);
  });

  test.each<[string, Plan, ReturnType<typeof measured>, string]>([
    [
      "fleets that fit the limit but not 80 % of it",
      planWith({}, { datastores: [{ ...STORE, connectionsMax: 74 }] }),
      measured(40),
      "fail",
    ],
    [
      "pods that can't drain, so both fleets stand at full",
      planWith({ drains: false }, { datastores: [{ ...STORE, connectionsMax: 99 }] }),
      measured(40),
      "fail",
    ],
    ["connections of others that leave no room", planWith({}), measured(70), "fail"],
    ["a store that nobody measures", planWith({}), [], "unknown"],
    [
      "a store that gives no answer",
      planWith({}),
      [{ datastore: "orders-db", now: { missing: "No sample." } }] as never,
      "unknown",
    ],
    [
      "a workload that the plan doesn't know",
      planWith({}, { datastores: [{ ...STORE, connectionsPerPod: { "shop/basket": 10 } }] }),
      measured(0),
      "unknown",
    ],
  ])("%s is caught", (_, plan, now, verdict) => {
    const verdicts = judgeConnections(plan, now, AT);
    expect(brief(verdicts)).toEqual([`data/connections: ${verdict}`]);
    expect(complaints(verdicts)).toEqual([]);
  });

  test("counts a datastore that is rebuilt inside the cluster for each side alone", () => {
    const db = aWorkload({
      name: "orders-db",
      class: "stateful",
      move: "start-on-target",
      decision: "rebuild",
      services: ["shop/orders-db"],
    });
    const inside = { ...STORE, host: "orders-db.shop.svc", connectionsMax: 50 };
    const judge = (workload: Workload) =>
      judgeConnections(
        aPlan({ workloads: [aWorkload(), workload] }, { datastores: [inside] }),
        measured(40),
        AT,
      );
    expect(brief(judge(db))).toEqual(["data/connections: pass"]);
    expect(brief(judge({ ...db, move: "keep-on-source", decision: "keep-on-source" }))).toEqual([
      "data/connections: fail",
    ]);
  });

  test("without a limit in repot.yaml is a pass that says what to watch", () => {
    expect(brief(judgeConnections(aPlan(), [], AT))).toEqual(["data/connections: pass"]);
  });
});

const GROUP = { group: "orders", topic: "orders", workload: "shop/cart", staticIdPrefix: "orders" };

describe("groups and queues", () => {
  const member: Partial<Workload> = { class: "group-member", move: "stop-then-start" };

  test("of the right world pass", () => {
    const verdicts = judgeGroups(
      planWith(member, { groups: [GROUP] }),
      [{ name: "orders", now: { value: 12 } }],
      AT,
    );
    expect(brief(verdicts)).toEqual(["data/groups: pass", "data/static-ids: pass", "data/group-lag: pass"]);
    expect(complaints(verdicts)).toEqual([]);
  });

  test.each<[string, Plan, string]>([
    [
      "a lag that nobody exports",
      planWith(member, { groups: [{ ...GROUP, group: "payments" }] }),
      "data/group-lag: unknown",
    ],
    [
      "static ids on both sides at once",
      planWith({ class: "group-member" }, { groups: [GROUP] }),
      "data/static-ids: fail",
    ],
    [
      "two workloads with the same static ids",
      planWith(member, { groups: [GROUP, { ...GROUP, workload: "shop/other" }] }),
      "data/static-ids: fail",
    ],
  ])("%s is caught", (_, plan, verdict) => {
    expect(brief(judgeGroups(plan, [{ name: "orders", now: { value: 12 } }], AT))).toContain(verdict);
  });

  test("have a depth, or the check is unknown", () => {
    const plan = planWith({}, { queues: [{ queue: "mail", kind: "rabbitmq", workload: "shop/cart" }] });
    expect(brief(judgeQueues(plan, [{ name: "mail", now: { value: 0 } }], AT))).toEqual([
      "data/queue-depth: pass",
    ]);
    expect(brief(judgeQueues(plan, [{ name: "mail", now: { missing: "No sample." } }], AT))).toEqual([
      "data/queue-depth: unknown",
    ]);
  });
});

describe("transactional ids", () => {
  const judge = (
    value: string | undefined,
    workload: Partial<Workload> = {},
    name = "KAFKA_TRANSACTIONAL_ID",
  ) =>
    judgeTransactionalIds(
      aPlan({
        workloads: [aWorkload(workload)],
        objects: [
          aDeployment("cart", {
            container: { env: [{ name, ...(value === undefined ? { valueFrom: {} } : { value }) }] },
          }),
        ] as never,
      }),
      AT,
    ).verdict;

  test.each([
    ["a literal id of several pods", "orders", {}, undefined, "fail"],
    ["a literal id of one pod that runs on both sides", "orders", { replicas: 1 }, undefined, "fail"],
    [
      "a literal id of one pod that stops first",
      "orders",
      { replicas: 1, move: "stop-then-start" as const },
      undefined,
      "pass",
    ],
    ["an id made of the pod's name", "orders-$(POD_NAME)", {}, undefined, "pass"],
    ["an id from elsewhere", undefined, {}, undefined, "pass"],
    ["a prefix", "orders", {}, "KAFKA_TRANSACTIONAL_ID_PREFIX", "pass"],
    ["another variable", "orders", {}, "ORDER_ID", "pass"],
  ] as const)("%s", (_, value, workload, name, verdict) => {
    expect(judge(value, workload, name)).toBe(verdict);
  });
});

describe("the network", () => {
  test.each([
    ["203.0.113.10", "203.0.113.10", true],
    ["203.0.113.0/24", "203.0.113.10", true],
    ["203.0.113.0/28", "203.0.113.16", false],
    ["0.0.0.0/0", "203.0.113.10", true],
    ["203.0.113.0/33", "203.0.113.10", false],
    ["everybody", "203.0.113.10", false],
    ["203.0.113.999/24", "203.0.113.10", false],
  ])("the entry %s covers %s: %s", (entry, address, expected) => {
    expect(covers(entry, address)).toBe(expected);
  });

  const party = (allows: readonly string[]) =>
    aPlan({}, { thirdParties: [{ name: "bank", host: "bank.example", allows }] });

  test.each([
    ["a list with all addresses", ["203.0.113.0/28"], "pass"],
    ["a list that lacks one of two", ["203.0.113.10"], "fail"],
    ["a list of names only", ["nat.live.example"], "fail"],
    ["no list", [], "pass"],
  ] as const)("an allow-list: %s", (_, allows, verdict) => {
    const verdicts = judgeAllowLists(party(allows), AT);
    expect(brief(verdicts)).toEqual([`network/allow-list: ${verdict}`]);
    expect(complaints(verdicts)).toEqual([]);
  });

  test.each([
    ["the plan's addresses", { value: ["203.0.113.10", "203.0.113.11"] }, "pass"],
    ["one address too few", { value: ["203.0.113.10"] }, "fail"],
    ["no gateway", { value: [] }, "unknown"],
    ["no right to look", { missing: "Not allowed." }, "unknown"],
  ] as const)("NAT gateways with %s", (_, gateways, verdict) => {
    expect(judgeEgress(aPlan(), gateways, AT).verdict).toBe(verdict);
  });

  const subnet = (freeAddresses: number, zone = "a") => ({ id: `subnet-${zone}`, zone, freeAddresses });

  // Four pods and two nodes, and a fifth more: eight.
  test.each([
    ["room", { value: [subnet(4), subnet(4, "b")] }, "pass"],
    ["one address too few", { value: [subnet(4), subnet(3, "b")] }, "fail"],
    ["one zone", { value: [subnet(400)] }, "fail"],
    ["no subnet", { value: [] }, "unknown"],
    ["no right to look", { missing: "Not allowed." }, "unknown"],
  ] as const)("subnets with %s", (_, subnets, verdict) => {
    expect(judgeFreeAddresses(aPlan(), subnets, AT).verdict).toBe(verdict);
  });

  test.each([
    [
      "active",
      ["lb.example"],
      [{ dnsName: "lb.example", isActive: true }],
      "pass",
      "1 load balancer of the source is active",
    ],
    [
      "failed",
      ["lb.example"],
      [{ dnsName: "lb.example", isActive: false }],
      "fail",
      "lb.example isn't active",
    ],
    [
      "not the source's, and failed",
      ["lb.example"],
      [
        { dnsName: "lb.example", isActive: true },
        { dnsName: "x.example", isActive: false },
      ],
      "pass",
      "is active",
    ],
    ["of another make", ["classic.example"], [], "pass", "classic.example is not among"],
  ] as const)("a load balancer that is %s", (_, entries, balancers, verdict, sentence) => {
    expect(judgeBalancers({ value: entries }, { value: balancers }, "shop", AT)).toMatchObject({
      verdict,
      sentence: expect.stringContaining(sentence),
    });
  });
});
