/** What manifests and settings say acts in the world: delays, room on nodes, capacity, grace, TTLs, schedules. */

import { describe, expect, it } from "vitest";
import { RIGHT } from "../../simulator/planted/catalogue.ts";
import { changed, inMachine } from "../../simulator/planted/edit.ts";
import { env, workload } from "../domain/platform.ts";
import { grown } from "../infra/platforms.ts";
import { broken, eventsOf, GENTLE, planned, type Ran, run, TICK, WEB } from "./small.ts";

const probe = (initialDelaySeconds: number) =>
  `readinessProbe: {httpGet: {path: /ready, port: 8080}, initialDelaySeconds: ${initialDelaySeconds}, periodSeconds: 5}`;
const load = (requestsPerSecond: number) => ({ load: [{ host: "www.shop.example.org", requestsPerSecond }] });
const ending = ({ exitCode, summary }: Ran) => [exitCode, summary.requests.failed, summary.violations];
const COMPLETED = [0, 0, []];

const selecting = () =>
  planned(
    { web: WEB(probe(5), GENTLE, "nodeSelector: {disk: fast}") },
    { source: { nodePools: [{ name: "general", labels: { disk: "fast" } }] } },
  );

/** Takes the source's half whatever the plan says of its pods. */
const heedless = () =>
  inMachine(
    "shift",
    changed("May the source give up its half?", {
      Choices: [{ Condition: "{% true %}", Next: "Source down to its half" }],
    }),
  )(RIGHT);

describe("what manifests say", () => {
  it("nine minutes to readiness lengthen the freeze, once for the half and once for the whole", async () => {
    const [quick, slow] = [await run(planned()), await run(planned({ web: WEB(probe(540)) }))];
    expect([ending(quick), ending(slow)]).toEqual([COMPLETED, COMPLETED]);
    const longer = slow.summary.freezeMinutes - quick.summary.freezeMinutes;
    expect(longer).toBeGreaterThan(9);
    expect(longer).toBeLessThan(21);
  });

  it.each([
    [
      "asks for more CPU than a node has",
      planned({ web: WEB(probe(5), "resources: {requests: {cpu: 64}}") }),
    ],
    ["selects nodes that only the source has", selecting()],
  ])("a pod that %s never completes", async (_, plan) => {
    const ran = await run(plan);
    expect(ran.exitCode).toBe(7);
    expect(ran.sentence).toContain("shop/web: no node of the target takes it");
    expect(ran.events.filter((e) => e.type === "effect")).toEqual([]);
  });

  it("a volume that is shown has its disk, what Retain leaves on the target is retained there, and a record's TTL is lowered", async () => {
    const ran = await run(grown());
    expect(ending(ran)).toEqual(COMPLETED);
    const made = eventsOf(ran, "effect").filter((e) => e.direction === "forward" && e.status === "done");
    expect(
      made.flatMap(({ effect }) =>
        effect.kind === "set-field" && effect.path.at(-1) === "persistentVolumeReclaimPolicy"
          ? [[effect.cluster, effect.before, effect.after]]
          : [],
      ),
    ).toContainEqual(["target", "Delete", "Retain"]);
    const lowered = made.flatMap(({ effect, step }) =>
      effect.kind === "set-record" && effect.before?.type === "A" && step === "lower-ttls"
        ? [[effect.before.ttlSeconds, effect.after?.ttlSeconds]]
        : [],
    );
    expect(lowered).toEqual([[300, 60]]);
  });

  it("a pod that fits no node stays pending where preflight is looked over", async () => {
    const careless = changed("What did they say?", {
      Choices: [{ Condition: "{% false %}", Next: "Refused" }],
      Default: "Remember the start",
    });
    const program = inMachine("preflight", careless)(RIGHT);
    const ran = await run(selecting(), { ...program, goesOn: true });
    expect(ran.summary.outcome).toBe("violated");
    expect(broken(ran)).toEqual(["gates"]);
    expect(
      ran.events.some(
        (e) => e.type === "execution" && e.machine === "migrate-cluster" && e.status === "succeeded",
      ),
    ).toBe(false);
  });

  it("load above capacity fails requests, without a move as well", async () => {
    const ran = await run(planned({}, load(1_000)), { rollBackAt: "preflight" });
    expect(ran.summary.requests.failedAnyway).toBeGreaterThan(10_000);
    // What fits is served: four pods of web before two of cart, which carry 200.
    expect(ran.summary.requests.served / ran.summary.virtualSeconds).toBeLessThan(200);
  });

  it("pods without a grace period stay while somebody uses them; taken all the same, they fail requests", async () => {
    const abrupt = planned({
      web: WEB(
        probe(5),
        "resources: {requests: {cpu: 200m, memory: 128Mi}}",
        "terminationGracePeriodSeconds: 0",
      ),
    });
    expect(ending(await run(abrupt))).toEqual(COMPLETED);
    const forced = await run(abrupt, heedless());
    expect(broken(forced)).toEqual(["requests"]);
    expect(forced.sentence).toContain("stopped while the balancer still sends to them");
    expect(ending(await run(planned(), heedless()))).toEqual(COMPLETED);
  });

  it("pods that never share a node, and select it by a deprecated label, get one each, and on too few nodes the target isn't reached", async () => {
    const apart = `terminationGracePeriodSeconds: 40
affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}`;
    const web = WEB(probe(5), GENTLE, `${apart}\nnodeSelector: {beta.kubernetes.io/os: linux}`);
    expect(ending(await run(planned({ web })))).toEqual(COMPLETED);
    const few = { target: { nodePools: [{ name: "general", nodesMin: 2, nodesMax: 3 }] } };
    const held = await run(planned({ web }, few), { approve: "never" });
    expect(ending(held)).toEqual([5, 0, []]);
    expect(JSON.stringify(held.events)).toContain("3 node(s) didn't match pod anti-affinity rules");
  });

  it("what a team's own deploys fail isn't the move's doing, on whichever cluster they happen", async () => {
    const web = workload("web", {
      replicas: 2,
      spec: "strategy: {type: Recreate}",
      container: env("CART", "http://cart.shop:8080"),
    });
    const ran = await run(planned({ web }, { policy: { bakeSeconds: 43_200 } }));
    expect(ending(ran)).toEqual(COMPLETED);
    const deployed = ran.events.filter((e) => e.type === "actor" && e.object === "Deployment shop/web");
    expect(deployed.map((e) => e.type === "actor" && e.cluster)).toContain("target");
    // One in a thousand fails on any day; the rest is the deploys'.
    expect(ran.summary.requests.failedAnyway).toBeGreaterThan(ran.summary.requests.served * 0.0011);
  });

  it("a platform that nobody outside asks for anything moves all the same", async () => {
    const inward = { dns: undefined, load: undefined, classes: {}, groups: [], queues: [], pipelines: [] };
    const none = { web: null, webService: null, cart: null, meter: null, worker: null };
    const quiet = planned(none, inward);
    expect(quiet.plan.hosts).toEqual([]);
    expect(ending(await run(quiet))).toEqual(COMPLETED);
  });

  it("a TTL is waited out before anything begins", async () => {
    const dns = (ttlSeconds: number) => ({
      dns: {
        zone: "shop.example.org",
        parent: "example.org",
        ttlSeconds,
        hosts: [{ host: "www.shop.example.org", service: "shop/web" }],
      },
    });
    const builtAt = async (ttlSeconds: number) =>
      (await run(planned({}, dns(ttlSeconds)), { rollBackAt: "preflight" })).events.find(
        (e) => e.type === "phase" && e.status === "completed",
      )?.at ?? 0;
    const [short, long] = [await builtAt(900), await builtAt(7_200)];
    expect(Math.round((long - short) / 60)).toBe((7_200 - 900) / 60);
  });

  it.each(["* * * * *", "33 8 * * *"])(
    "a cron job is handed over between two ticks of %s, and back",
    async (schedule) => {
      const plan = planned({ tick: TICK(schedule) });
      expect(ending(await run(plan, { seed: 7 }))).toEqual(COMPLETED);
      expect(ending(await run(plan, { seed: 7, rollBackAt: "move-workloads" }))).toEqual([4, 0, []]);
    },
  );
});
