/**
 * Ways to make the simulated world, or its judges, too kind. After each of them the test suite must fail; here stands by which tests at
 * least. `npm run test:mutations` tries them all, each in a copy of the project; mutations.test.ts holds that they still fit the code.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

export type Replacement = {
  /** From the project's root. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly becomes: string;
};

export type Mutation = {
  readonly name: string;
  /** The kindness, as a person would tell it. */
  readonly sentence: string;
  readonly replacements: readonly Replacement[];
  /** Who finds it out at least: a test file, and the title of a test of it. */
  readonly found: { readonly file: string; readonly title: string };
};

const WORLD = "simulator/world";
const SERVICES = "simulator/services";

const OF_THE_WORLD: readonly Mutation[] = [
  {
    name: "unlimited-room",
    sentence: "A ready pod takes whatever comes.",
    replacements: [
      {
        file: `${WORLD}/traffic/answers.ts`,
        find: "const capacity = workload?.requestsPerSecondPerPod ?? Number.POSITIVE_INFINITY;",
        becomes: "const capacity = Number.POSITIVE_INFINITY;",
      },
    ],
    found: {
      file: "test/simulator/traffic.test.ts",
      title: "beyond the capacity of its pods the excess fails, and long before it requests take longer",
    },
  },
  {
    name: "nothing-cached",
    sentence: "Resolvers ask again for each request.",
    replacements: [
      {
        file: `${WORLD}/dns/cohort.ts`,
        find: "return Math.max(KEEPS_MS_MIN, Math.round(seconds * 1000));",
        becomes: "return KEEPS_MS_MIN;",
      },
    ],
    found: {
      file: "test/simulator/dns.test.ts",
      title: "without waiting out the old TTL leaves many on the source for up to two days",
    },
  },
  {
    name: "if-none-match-ignored",
    sentence: "A conditional put overwrites what is there.",
    replacements: [
      {
        file: `${SERVICES}/s3.ts`,
        find: 'if (input.IfNoneMatch === "*" && latest) throw precondition("If-None-Match");',
        becomes: "",
      },
    ],
    found: {
      file: "test/contracts/s3.test.ts",
      title:
        "takes a 412 on equal content for the lost answer of its own success, and another content for a conflict",
    },
  },
  {
    name: "if-match-ignored",
    sentence: "A conditional replacement overwrites whatever version is there.",
    replacements: [
      {
        file: `${SERVICES}/s3.ts`,
        find: 'if (unquoted(latest.etag) !== unquoted(input.IfMatch)) throw precondition("If-Match");',
        becomes: "",
      },
    ],
    found: { file: "test/contracts/s3.test.ts", title: "replaces only what it has read" },
  },
  {
    name: "every-version-accepted",
    sentence: "A write with an old resourceVersion is as good as one with the current.",
    replacements: [
      {
        file: `${WORLD}/cluster/registry.ts`,
        find: 'if (version !== undefined && version !== "" && version !== textAt(before, "metadata", "resourceVersion"))\n      throw status.conflict(resource, name, status.MODIFIED);',
        becomes: "void version;",
      },
    ],
    found: { file: "test/contracts/kubernetes.test.ts", title: "a replace of an old version" },
  },
  {
    name: "every-scale-accepted",
    sentence: "A Scale with an old resourceVersion is as good as one with the current.",
    replacements: [
      {
        file: `${WORLD}/cluster/scale.ts`,
        find: 'if (version !== undefined && version !== textAt(object, "metadata", "resourceVersion"))\n    throw conflict(resource, name, MODIFIED);',
        becomes: "void version;",
      },
    ],
    found: { file: "test/contracts/kubernetes.test.ts", title: "a scale of an old version" },
  },
  {
    name: "nothing-refused",
    sentence: "Admission refuses nothing.",
    replacements: [
      {
        file: `${WORLD}/cluster/admission/index.ts`,
        find: "protectSystem(judged);\n    webhooks(machine, endpoints, judged);\n    podSecurity(machine, judged);\n    policies(judged);\n    quotas(machine, judged);",
        becomes: "",
      },
    ],
    found: {
      file: "test/contracts/kubernetes-admission.test.ts",
      title: "refuses, up to a second after it was written, with 422 and its sentence",
    },
  },
  ...(
    [
      [
        "webhooks",
        "webhooks(machine, endpoints, judged);",
        "a webhook that must answer and can't blocks its writes with 500",
      ],
      [
        "pod-security",
        "podSecurity(machine, judged);",
        "pod security refuses what its level forbids with 403",
      ],
      [
        "policies",
        "policies(judged);",
        "exempts nobody by itself, the administrator neither; updates and deletes are refused too",
      ],
      ["quotas", "quotas(machine, judged);", "a quota refuses one pod too many with 403"],
    ] as const
  ).map(
    ([name, find, title]): Mutation => ({
      name: `no-${name}`,
      sentence: `Admission leaves its ${name.replace("-", " ")} out.`,
      replacements: [{ file: `${WORLD}/cluster/admission/index.ts`, find, becomes: "" }],
      found: { file: "test/contracts/kubernetes-admission.test.ts", title },
    }),
  ),
  {
    name: "ready-at-once",
    sentence: "A pod is ready in the moment in which it starts.",
    replacements: [
      { file: `${WORLD}/cluster/timing.ts`, find: "readyMs: readyMs + gates,", becomes: "readyMs: 0," },
    ],
    found: {
      file: "test/simulator/cluster-workloads.test.ts",
      title: "initialDelaySeconds of nine minutes take nine minutes",
    },
  },
  {
    name: "started-at-once",
    sentence: "Images are there before they are pulled.",
    replacements: [
      { file: `${WORLD}/cluster/pods.ts`, find: "return latest - now;", becomes: "return 0;" },
      {
        file: `${WORLD}/cluster/timing.ts`,
        find: "startMs: 1_000 + inits * Math.round(random.between(1_000, 3_000)),",
        becomes: "startMs: 0,",
      },
    ],
    found: {
      file: "test/simulator/cluster-workloads.test.ts",
      title: "nothing is probed: what pull and start take",
    },
  },
  {
    name: "undeclared-allowed",
    sentence: "A step may call what it never declared.",
    replacements: [
      {
        file: `${SERVICES}/seam-permissions.ts`,
        find: "const book = allowed ? used : denied;",
        becomes: "allowed = true;\n    const book = used;",
      },
    ],
    found: {
      file: "test/simulator/seam.test.ts",
      title: "an undeclared call is denied as the service denies it, and changes nothing",
    },
  },
  {
    name: "undeclared-verbs-allowed",
    sentence: "A step may do to Kubernetes what it never declared.",
    replacements: [
      {
        file: `${SERVICES}/seam-permissions.ts`,
        find: 'return note(invocation.step, "kubernetes", `${side}:${used}`, covered || wild !== undefined);',
        becomes: 'return note(invocation.step, "kubernetes", `${side}:${used}`, true);',
      },
    ],
    found: { file: "test/simulator/planted.test.ts", title: "undeclared-call by permissions" },
  },
  {
    name: "insync-at-once",
    sentence: "Route 53 says INSYNC before any server has the change.",
    replacements: [
      {
        file: `${SERVICES}/route53.ts`,
        find: 'Status: this.options.clock.now() >= change.insyncAt ? "INSYNC" : "PENDING",',
        becomes: 'Status: "INSYNC",',
      },
    ],
    found: {
      file: "test/contracts/route53.test.ts",
      title: "is PENDING until each server has it, at a moment of its own, 20 to 60 s later",
    },
  },
  {
    name: "served-at-once",
    sentence: "A change is at every server in the moment in which it is made.",
    replacements: [
      {
        file: `${WORLD}/dns/zones.ts`,
        find: "const SYNC_SECONDS = [20, 60] as const;",
        becomes: "const SYNC_SECONDS = [0, 0] as const;",
      },
    ],
    found: {
      file: "test/contracts/route53.test.ts",
      title: "is PENDING until each server has it, at a moment of its own, 20 to 60 s later",
    },
  },
];

/** Where an invariant begins to look; `{` where it does so in several lines. */
const CHECK = /check: (\([^)]*\)|\w+) => ?(\{?)/;

const INVARIANTS = join(ROOT, "simulator/invariants");

/** Tests of what no planted bug can break: only a mistake of the rehearsal itself does. */
const ELSEWHERE: Readonly<Record<string, Mutation["found"]>> = {
  views: { file: "test/simulator/judges.test.ts", title: "a record whose time runs back breaks views" },
};

/** Each invariant returns before it has looked. */
const OF_INVARIANTS: readonly Mutation[] = readdirSync(INVARIANTS).flatMap((each) => {
  const file = `simulator/invariants/${each}`;
  const text = readFileSync(join(ROOT, file), "utf8");
  const name = /^\s*name: "([a-z0-9-]+)",$/m.exec(text)?.[1];
  const [find, given, brace] = CHECK.exec(text) ?? [];
  if (name === undefined || find === undefined) return [];
  const becomes =
    `check: ${given} => ${brace === "{" ? "{ if (name_()) return [];" : "name_() ? [] :"}`.replaceAll(
      "name_()",
      "Boolean(1)",
    );
  return [
    {
      name: `${name}-returns-early`,
      sentence: `The invariant ${name} returns before it has looked.`,
      replacements: [{ file, find, becomes }],
      found: ELSEWHERE[name] ?? { file: "test/simulator/planted.test.ts", title: `by ${name}` },
    },
  ];
});

/** What is judged of a run as a whole. */
const OF_RUNS: readonly Mutation[] = [
  {
    name: "liveness-returns-early",
    sentence: "How a run ended is nobody's business.",
    replacements: [
      {
        file: "simulator/campaign/run.ts",
        find: 'if (approve !== "auto" || rollBackOn',
        becomes: 'if (Boolean(1) || approve !== "auto" || rollBackOn',
      },
    ],
    found: { file: "test/simulator/planted.test.ts", title: "by liveness" },
  },
  {
    name: "rollback-incomplete-returns-early",
    sentence: "An incomplete rollback is as good as a complete one.",
    replacements: [
      {
        file: "simulator/campaign/run.ts",
        find: "if (exitCode === 8 && ",
        becomes: "if (exitCode === -1 && ",
      },
    ],
    found: { file: "test/simulator/planted.test.ts", title: "by rollback-incomplete" },
  },
  {
    name: "unexpected-returns-early",
    sentence: "A rehearsal that breaks down is taken for one that ended.",
    replacements: [
      {
        file: "simulator/campaign/run.ts",
        find: ': { name: "unexpected", sentence };',
        becomes: ": undefined;",
      },
    ],
    found: { file: "test/simulator/judges.test.ts", title: "a rehearsal that breaks down is a finding" },
  },
];

export const MUTATIONS: readonly Mutation[] = [...OF_THE_WORLD, ...OF_INVARIANTS, ...OF_RUNS];
