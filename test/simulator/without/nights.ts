/** How a night without one wait, drain, check or gate is tried: once with it, when nothing may break, and once without. */

import { expect, it } from "vitest";
import { loadPlatform } from "../../../cli/campaign.ts";
import type { Outcome } from "../../../domain/events.ts";
import type { Case, Platform } from "../../../simulator/campaign/case.ts";
import { runCase, type Verdict } from "../../../simulator/campaign/run.ts";
import { RIGHT } from "../../../simulator/planted/catalogue.ts";
import { without } from "../../../simulator/planted/without.ts";
import { workload } from "../../domain/platform.ts";
import { booksOf, GENTLE, planned, SETTINGS, TICK, WEB, WITH_EXTERNAL_DNS } from "../../rehearsals/small.ts";

export type Night = {
  /** examples/small where absent. */
  readonly platform?: () => Platform;
  readonly faults?: Case["faults"];
  readonly rollBackAt?: Case["rollBackAt"];
  /** 1 where absent; another where it takes chance to show it (how soon all servers of a zone agree, say). */
  readonly seed?: number;
  /** What breaks without the step: an invariant, or "liveness" for a run that doesn't end as it was meant to. */
  readonly breaks: string;
  /** How the run with the step ends, where that is neither its completion nor what its faults or its rollback lead to. */
  readonly ends?: Outcome;
};
export type Nights = Readonly<Record<string, Night>>;

let small: Promise<Platform> | undefined;
const smallOnce = (): Promise<Platform> => {
  small ??= loadPlatform(undefined, { stdin: async () => new Uint8Array() });
  return small;
};

const rights = new Map<string, Promise<Verdict>>();
/** Many steps are left out of the same night: it is rehearsed whole once. */
const rightOnce = (platform: Platform, tried: Case): Promise<Verdict> => {
  const key = JSON.stringify(tried);
  const known = rights.get(key) ?? runCase(platform, tried, RIGHT);
  rights.set(key, known);
  return known;
};

const unstruck = ({ struck }: Verdict): readonly string[] =>
  struck.filter((fault) => fault.struck === 0).map((fault) => `${fault.kind}@${fault.step}`);

/** A test for each step of a table. */
export const shows = (nights: Nights): void => {
  it.each(Object.entries(nights))("%s", async (step, night) => {
    const platform = night.platform?.() ?? (await smallOnce());
    const tried: Case = {
      format: 1,
      platform: platform.hash,
      seed: night.seed ?? 1,
      approve: "auto",
      faults: night.faults ?? [],
      ...(night.rollBackAt === undefined ? {} : { rollBackAt: night.rollBackAt }),
    };
    const right = await rightOnce(platform, tried);
    const broke = night.ends === undefined ? right.breach : OF_ENDS.get(right.breach?.name ?? "");
    expect(broke, `with it: ${right.outcome}: ${right.breach?.sentence}`).toBeUndefined();
    if (night.ends !== undefined) expect(right.outcome, right.sentence).toBe(night.ends);
    expect(unstruck(right), "faults that never struck").toEqual([]);
    const wrong = await runCase(platform, tried, without([step])(RIGHT));
    expect(wrong.breach?.name, `without it: ${wrong.outcome}: ${wrong.breach?.sentence}`).toBe(night.breaks);
  });
};

/** A night that names its end is judged by that end: whatever else broke is named here. */
const OF_ENDS = {
  get: (name: string): string | undefined =>
    name === "" || name === "liveness" || name === "rollback-incomplete" ? undefined : name,
};

type Settings = Readonly<Record<string, unknown>>;
const DNS = SETTINGS.dns;
const probe = (initialDelaySeconds: number) =>
  `readinessProbe: {httpGet: {path: /ready, port: 8080}, initialDelaySeconds: ${initialDelaySeconds}, periodSeconds: 5}`;

/** Platforms that make something matter, each with one thing of its own. */
export const PLATFORMS = {
  plain: () => planned(),
  /** Its two hosts get so many requests a second each. */
  asked: (requestsPerSecond: number, more: Settings = {}) =>
    planned({}, { load: [{ host: "web.shop.example.org", requestsPerSecond }], ...more }),
  /** What the zone and its delegation live, and what they are lowered to. */
  living: (ttlSeconds: number, loweredTtlSeconds: number, more: Settings = {}) =>
    planned({}, { dns: { ...DNS, ttlSeconds, loweredTtlSeconds }, ...more }),
  /** Nobody counts as a straggler: the cut is quick. */
  hasty: { policy: { bakeSeconds: 900, stragglerShareMax: 1 } },
  /** A database that lets so many connections in; each pod of the web tier holds ten. */
  stored: (connectionsMax: number) =>
    planned(
      {},
      {
        datastores: [
          { name: "db", host: "db.example.org", connectionsMax, connectionsPerPod: { "shop/web": 10 } },
        ],
      },
    ),
  /** The guard looks once an hour: what begins in between is for the gates to find. */
  calm: (more: Settings = {}) => planned({}, { gates: { continuousSeconds: 3_600 }, ...more }),
  /** Jobs that take a little longer than their schedule's period, one at a time. */
  busyJobs: () =>
    planned({
      tick: TICK("5-59/15 * * * *")
        .replace("schedule", "concurrencyPolicy: Forbid\n  startingDeadlineSeconds: 60\n  schedule")
        .replace("name: main,", 'name: main, command: [sh, -c, "sleep 1000"],'),
    }),
  windowed: (start: string, end: string, more: Settings = {}) =>
    planned({}, { window: { timeZone: "UTC", start, end }, ...more }),
  approvers: (people: number, answersAfterSeconds: number) => ({
    approvals: {
      approvers: Array.from({ length: people }, (_, i) => ({
        person: `approver-${i}`,
        role: "lead",
        slack: `U${i}`,
        answersAfterSeconds,
      })),
      quorum: 1,
      decommissionQuorum: 2,
    },
  }),
  bank: (allows: readonly string[], targetGoesOutBy: string) =>
    planned(
      {},
      {
        thirdParties: [{ name: "bank", host: "bank.example.org", allows, calledBy: ["shop/web"] }],
        source: { ...SETTINGS.source, egressAddresses: ["203.0.113.1"] },
        target: { ...SETTINGS.target, egressAddresses: [targetGoesOutBy] },
      },
    ),
  /** Its pods need nodes that only the source has. */
  choosy: () =>
    planned(
      { web: WEB(probe(5), GENTLE, "nodeSelector: {disk: fast}") },
      { source: { nodePools: [{ name: "general", labels: { disk: "fast" } }] } },
    ),
  /** Small nodes, which take long to come up. */
  sluggish: () =>
    planned(
      {},
      {
        target: {
          nodePools: [
            {
              name: "general",
              nodesMin: 1,
              nodesMax: 6,
              cpuPerNode: 1.5,
              memoryGibPerNode: 8,
              startSeconds: 2_000,
            },
          ],
        },
      },
    ),
  /** Its pods take so long to be ready. */
  slow: (seconds: number, more: Settings = {}) => planned({ web: WEB(probe(seconds)) }, more),
  /** An ingress controller, which the first wave starts, and whose pods take so long to be ready. */
  slowIngress: (seconds: number) =>
    planned({
      ingress: workload("ingress-nginx-controller", {
        replicas: 2,
        image: "registry.k8s.io/ingress-nginx/controller:v1.11.3",
        service: 80,
        container: `${GENTLE}\n${probe(seconds)}`,
      }),
    }),
  /** More than one pod of the source carries, and less than two of what it calls. */
  busy: {
    load: [
      { host: "web.shop.example.org", requestsPerSecond: 110 },
      { host: "www.shop.example.org", requestsPerSecond: 1 },
    ],
  },
  /** Gates want more samples than anybody's traffic gives them. */
  demanding: () => planned({}, { gates: { samplesMin: 900_000 } }),
  /** A pipeline that deploys every few minutes, as a member of these groups. */
  deployed: (...groups: readonly string[]) =>
    planned(
      {},
      {
        pipelines: [
          {
            name: "deploy-shop",
            user: "ci:shop",
            groups,
            deploys: ["shop/web", "shop/cart"],
            deploysPerDay: 400,
          },
        ],
      },
    ),
  /** A role that comes by an annotation which nothing on EKS reads. */
  annotated: () =>
    planned({
      web: WEB().replace(
        "metadata: {labels: {app: web}}",
        "metadata: {labels: {app: web}, annotations: {iam.amazonaws.com/role: shop-web}}",
      ),
    }),
  /** An object that is written for an API which the target no longer serves. */
  dated: () =>
    planned({
      budget: `apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
`,
    }),
  /** A volume of so many GiB is copied, and people have approved a pause of a day. */
  library: (gib: number) =>
    planned(booksOf(gib), {
      decisions: { "shop/books": "copy-with-pause" },
      pauses: { "shop/books": 86_400 },
    }),
  /** A broker that its clients know by a name of the source alone. */
  unnamed: () => planned({}, { kafka: { bootstrapServers: ["broker-0.kafka.svc:9092"] } }),
  /** An external-dns that writes into every zone of the name. */
  unpinned: () =>
    planned({
      ...WITH_EXTERNAL_DNS,
      externalDns: (WITH_EXTERNAL_DNS["externalDns"] ?? "").replace("--zone-id-filter=Z0123SHOP, ", ""),
    }),
} as const;
