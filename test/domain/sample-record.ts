/** A made-up record, as a run would write it: for tests of the views, which know nothing but lines. */

import type { RunEvent, SideTraffic, Summary } from "../../domain/events.ts";
import type { Verdict } from "../../domain/gates.ts";
import { PHASES, type Phase } from "../../domain/phases.ts";

const HOUR = 3_600;

/** Begin of each phase, in hours; the seventh ends at 102. */
const STARTS: { readonly [P in Phase]: number } = {
  preflight: 0,
  "build-target": 48.2,
  freeze: 49.1,
  "move-workloads": 49.4,
  "cut-traffic": 51.1,
  thaw: 52.3,
  decommission: 100.6,
};
const END = 101.4;

const NAMES = ["edge/web", "edge/api-gateway", "catalog/catalog", "playback/playback", "accounts/accounts"];

const endOf = (phase: Phase): number => {
  const next = PHASES[PHASES.indexOf(phase) + 1];
  return next === undefined ? END : STARTS[next];
};

const side = (requests: number, failed: number, p99Ms: number): SideTraffic => ({
  served: Math.round(requests),
  failed,
  paused: 0,
  statuses: {
    "200": Math.round(requests * 0.9),
    "204": Math.round(requests * 0.06),
    "404": Math.round(requests * 0.04),
  },
  p99Ms: requests > 0 ? p99Ms : null,
  p995Ms: requests > 0 ? p99Ms * 1.25 : null,
});

/** How much of the traffic the target has at an hour: none, then all, within half an hour of the cut. */
const shareAt = (hours: number): number => Math.min(1, Math.max(0, (hours - 51.5) / 0.5));

const trafficAt = (hours: number, seconds: number, failing: boolean): RunEvent => {
  const rate = 480 * (1 + 0.75 * Math.cos(((hours - 17.5) / 12) * Math.PI));
  const share = shareAt(hours);
  const failed = failing && hours > 51.55 && hours < 51.8 ? Math.round(rate * 0.03 * seconds) : 0;
  const source = side(rate * seconds * (1 - share), 0, 180 + 30 * Math.sin(hours));
  const target = side(rate * seconds * share, failed, 150 + 25 * Math.sin(hours * 1.3));
  return {
    at: Math.round(hours * HOUR),
    type: "traffic",
    served: source.served + target.served,
    failed,
    paused: 0,
    failedAnyway: Math.round(rate * seconds * 0.001),
    source,
    target,
    dnsTargetShare: {
      "honours-ttl": share,
      capped: Math.max(0, Math.min(1, share * 0.9)),
      "child-centric": Math.max(0, share - 0.05),
      "ignores-ttl": Math.max(0, Math.min(1, (hours - 51.6) / 1.5)),
    },
  };
};

const verdict = (check: string, subject: string, is: Verdict["verdict"], value: number | null): Verdict => ({
  check,
  subject,
  verdict: is,
  sentence: is === "pass" ? "As it should be." : "The query gave too few samples.",
  ...(is === "pass" ? {} : { remedy: "Look at the scrape of the target, then ask again." }),
  evidence: [
    {
      what: "share of answers that are errors",
      value,
      threshold: "at most 0.5 % above the source",
      samples: is === "pass" ? 12_000 : 3,
      source: 'sum(rate(http_requests_total{code=~"5.."}[5m]))',
      observedAt: "2026-11-25T02:10:00.000Z",
    },
  ],
});

const scaleEffect = (phase: Phase, i: number, name: string, at: number): readonly RunEvent[] => {
  const [namespace = "", workload = ""] = name.split("/");
  const line = (status: "intended" | "done", later: number): RunEvent => ({
    at: at + later,
    type: "effect",
    key: `migrations/streaming/journal/${String(i).padStart(4, "0")}-shift:${name}/forward-1-${PHASES.indexOf(phase)}.json`,
    step: "scale-workload",
    direction: "forward",
    status,
    effect: {
      kind: "set-field",
      cluster: "target",
      object: { apiVersion: "apps/v1", kind: "Deployment", namespace, name: workload },
      path: ["spec", "replicas"],
      before: 0,
      after: 3,
    },
  });
  return [line("intended", 0), line("done", 2)];
};

const phaseLines = (phase: Phase, failing: boolean): readonly RunEvent[] => {
  const at = STARTS[phase] * HOUR;
  const hold: Verdict[] = [verdict("metrics/error-share", "catalog/catalog", "unknown", null)];
  const pass: Verdict[] = NAMES.map((name) => verdict("metrics/error-share", name, "pass", 0.0012));
  return [
    { at, type: "phase", phase, status: "started" },
    { at, type: "execution", machine: phase, execution: `${phase}-1`, status: "started", historyEvents: 1 },
    ...Array.from(
      { length: 40 },
      (_, i): RunEvent => ({
        at: at + i,
        type: "transition",
        machine: phase,
        execution: `${phase}-1`,
        state: `State ${i}`,
      }),
    ),
    ...(phase === "preflight"
      ? []
      : NAMES.flatMap((name, i) => scaleEffect(phase, i, name, at + 60 + i * 60))),
    {
      at: at + 400,
      type: "verdict",
      phase,
      gate: `${phase} is over`,
      verdicts: phase === "cut-traffic" ? hold : pass,
    },
    {
      at: at + 700,
      type: "verdict",
      phase,
      gate: `${phase} is over`,
      verdicts: failing && phase === "cut-traffic" ? hold : pass,
    },
    {
      at: endOf(phase) * HOUR,
      type: "execution",
      machine: phase,
      execution: `${phase}-1`,
      status: "succeeded",
      historyEvents: 210,
    },
    { at: endOf(phase) * HOUR, type: "phase", phase, status: "completed" },
  ];
};

const readyLines = (): readonly RunEvent[] =>
  NAMES.flatMap((workload, i): RunEvent[] => [
    { at: 0, type: "ready", cluster: "source", workload, ready: 4, wanted: 4 },
    { at: 49.5 * HOUR + i * 60, type: "ready", cluster: "target", workload, ready: 2, wanted: 2 },
    { at: 51.2 * HOUR, type: "ready", cluster: "target", workload, ready: 4, wanted: 4 },
    { at: 52 * HOUR, type: "ready", cluster: "source", workload, ready: 1, wanted: 1 },
    { at: 101 * HOUR, type: "ready", cluster: "source", workload, ready: 0, wanted: 0 },
  ]);

const otherLines = (failing: boolean): readonly RunEvent[] => [
  {
    at: 51.12 * HOUR,
    type: "approval",
    question: "cut-traffic",
    status: "asked",
    sentence: "May the traffic be cut over?",
  },
  {
    at: 51.2 * HOUR,
    type: "approval",
    question: "cut-traffic",
    status: "granted",
    person: "amara",
    sentence: "Granted by amara, platform-lead.",
  },
  { at: 49.1 * HOUR, type: "freeze", status: "began", minutes: 0 },
  { at: 52.3 * HOUR, type: "freeze", status: "ended", minutes: 192 },
  {
    at: 49.8 * HOUR,
    type: "actor",
    who: "ci:catalog",
    cluster: "source",
    object: "Deployment catalog/catalog",
    field: "spec.template",
    before: "2026.11.3",
    after: "2026.11.4",
    allowed: false,
  },
  {
    at: 50.1 * HOUR,
    type: "fault",
    kind: "timeout-though-applied",
    step: "scale-workload",
    sentence: "The answer to a scale of catalog/catalog was lost.",
  },
  {
    at: 50.2 * HOUR,
    type: "permission",
    step: "scale-workload",
    service: "kubernetes",
    action: "patch deployments/scale",
    allowed: true,
  },
  {
    at: 51.7 * HOUR,
    type: "notice",
    level: "warning",
    sentence: "The gate cut-traffic held for 5 minutes: too few samples.",
  },
  ...(failing
    ? ([
        {
          at: 51.55 * HOUR,
          type: "failing",
          cluster: "target",
          host: "play.live.streamhouse.example",
          workload: "playback/playback",
          reason: "no endpoint of it is ready there",
        },
        {
          at: 51.6 * HOUR,
          type: "violation",
          invariant: "traffic/no-failed-request",
          sentence: "4,310 requests of play.live.streamhouse.example failed because of the move.",
          line: 1_200,
        },
      ] satisfies RunEvent[])
    : []),
];

/** All lines of a run that completed (or that let requests fail), in the order of their time. */
export const sampleRecord = (failing = false): readonly RunEvent[] => {
  const lines: RunEvent[] = [
    {
      at: 0,
      type: "run",
      platform: "streaming",
      plan: "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce",
      seed: 1,
      startsAt: "2026-11-23T01:30:00.000Z",
      migration: "streaming-1",
    },
    ...NAMES.map((name): RunEvent => {
      const [namespace = "", workload = ""] = name.split("/");
      return {
        at: 0,
        type: "workload",
        namespace,
        name: workload,
        kind: "Deployment",
        class: "stateless",
        move: "half-and-half",
      };
    }),
    ...PHASES.flatMap((phase) => phaseLines(phase, failing)),
    ...readyLines(),
    ...otherLines(failing),
  ];
  for (let minute = 5; minute <= END * 60; minute += 5) lines.push(trafficAt(minute / 60, 300, failing));
  return lines
    .map((line, i) => ({ line, i }))
    .sort((a, b) => a.line.at - b.line.at || a.i - b.i)
    .map(({ line }) => line);
};

/** A summary that goes with it. */
export const sampleSummary = (
  counts: Omit<Summary, "type" | "outcome" | "wallSeconds" | "digest" | "unusedPermissions">,
  outcome: Summary["outcome"],
): Summary => ({
  ...counts,
  type: "summary",
  outcome,
  wallSeconds: 4.2,
  digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  unusedPermissions: { "lower-ttls": ["route53:GetChange"] },
});
