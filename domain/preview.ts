/** The plan as people read it before they approve it: workload by workload, object by object, what is assumed, asked and impossible, and its price. */

import type { GroupPlan } from "./kafka-policy.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "./kube.ts";
import { nameOf, type Plan, type Workload } from "./plan.ts";
import { workloadKindOf } from "./pods.ts";

const MOVE: Readonly<Record<Workload["move"], string>> = {
  "start-on-target": "starts in full on the target, then everything else",
  "half-and-half": "half on each side, then 100 % and the floor",
  "stop-then-start": "stops on the source, then starts on the target",
  "shift-workers": "workers of one queue, step by step: more on the target, then fewer on the source",
  "shift-group": "its members move by their group's policy",
  "copy-with-pause": "stops on the source, its volumes are copied and verified, then starts on the target",
  "hand-over-controller": "runs on both sides, each owning only its own; what is shared is handed over",
  "hand-over-schedule": "its schedule is handed over between two ticks",
  "keep-on-source": "stays on the source, reached through its Service",
  none: "doesn't move",
};

const seconds = (s: number): string => (s < 120 ? `${s} s` : `${Math.round(s / 6) / 10} min`);

const title = (text: string): string => `\n${text}\n${"─".repeat(text.length)}\n`;

const bullets = (lines: readonly string[]): string => lines.map((line) => `  - ${line}\n`).join("");

const section = (name: string, lines: readonly string[], none: string): string =>
  `${title(name)}${lines.length === 0 ? `  ${none}\n` : bullets(lines)}`;

const counts = (w: Workload): string => {
  if (w.kind === "DaemonSet") return "a pod on each node";
  if (w.kind === "CronJob" || w.kind === "Job") return "no pods of its own";
  const pods = w.replicas === 1 ? "1 pod" : `${w.replicas} pods`;
  return w.move === "half-and-half"
    ? `${pods}, ${w.half} on each side, ${w.floor} left on the source after the cut`
    : pods;
};

const facts = (w: Workload): string[] => [
  `${counts(w)}; Ready after ${seconds(w.readySecondsExpected)} at the earliest, waited for up to ${seconds(w.readyDeadlineSeconds)}`,
  ...(w.pauseSecondsMax === null ? [] : [`paused for at most ${seconds(w.pauseSecondsMax)}`]),
  ...(w.copy ? [`copies ${w.copy.claims.map((c) => `PersistentVolumeClaim ${c}`).join(", ")}`] : []),
  ...(w.autoscaler === undefined ? [] : [`its replicas are also written by ${w.autoscaler}`]),
  ...(w.producer === true ? ["produces to Kafka: watched for transactional ids that are used twice"] : []),
  ...(w.hosts.length === 0 ? [] : [`answers for ${w.hosts.join(", ")}`]),
  ...(w.services.length === 0 ? [] : [`behind Service ${w.services.join(", ")}`]),
  ...(w.calls.length === 0 ? [] : [`calls ${w.calls.map((c) => c.service).join(", ")}`]),
  ...w.evidence.map(
    (e) => `because: ${e.sentence} (${e.object}, ${e.field}${e.inferred === true ? "; inferred" : ""})`,
  ),
];

const workloadText = (w: Workload): string => {
  const asked = w.offered && w.move === "none" ? `needs a decision: ${w.offered.join(" or ")}` : MOVE[w.move];
  const head = `${w.kind} ${nameOf(w)}: ${w.class}${w.decision === undefined ? "" : ` (${w.decision})`}, ${asked}`;
  return `${head}\n${facts(w)
    .map((line) => `    ${line}\n`)
    .join("")}`;
};

const waveName = (wave: number | null): string => {
  if (wave === null) return "Not moved";
  return wave === 0 ? "Wave 0: what everything else stands on" : `Wave ${wave}`;
};

const workloadsText = (plan: Plan): string => {
  const waves = [...new Set(plan.workloads.map((w) => w.wave))].sort(
    (a, b) => (a ?? Infinity) - (b ?? Infinity),
  );
  return waves
    .map((wave) => {
      const inWave = plan.workloads.filter((w) => w.wave === wave);
      return `${title(waveName(wave))}${inWave.map(workloadText).join("")}`;
    })
    .join("");
};

const costText = ({ rebalances, longestDelayMs, duplicates }: GroupPlan["cost"]): string =>
  `at most ${rebalances} rebalances, ${longestDelayMs} ms for any message, ${duplicates} read twice`;

const groupText = (g: GroupPlan): string => {
  const others = g.costs
    .filter((c) => c.policy !== g.policy)
    .map((c) => `${c.policy}: ${c.rebalances} / ${c.longestDelayMs} ms / ${c.duplicates}`);
  const chosen = g.policy === g.recommended ? "recommended" : `chosen; recommended is ${g.recommended}`;
  return [
    `${g.group} (topic ${g.topic}, members ${g.workload}): ${g.policy}, ${chosen}; ${g.membersMin} to ${g.membersMax} members; ${costText(g.cost)}.`,
    ` ${g.reason}`,
    ` Figures: ${g.cost.source}.`,
    others.length === 0 ? "" : ` Others would cost (rebalances / delay / read twice): ${others.join("; ")}.`,
  ].join("");
};

/** What happens to everything that isn't a workload: restored as it is, or with the listed change. */
const objectsText = (plan: Plan): string => {
  const others = (plan.objects as unknown as readonly KubeObject[])
    .filter((o) => !workloadKindOf(o))
    .map((o) => sentenceOf(refOf(o)));
  const lines = others.sort(byCodeUnit).map((name) => {
    const changes = plan.changes.filter((c) => c.object === name);
    return `${name}: ${changes.length === 0 ? "restored as it is" : changes.map((c) => `${c.field} changes`).join(", ")}`;
  });
  return section("Other objects", lines, "None.");
};

const changesText = (plan: Plan): string =>
  section(
    "Where the target will differ",
    plan.changes.map(
      (c) => `${c.object}, ${c.field}: ${JSON.stringify(c.from)} → ${JSON.stringify(c.to)}. ${c.why}`,
    ),
    "Nowhere: the target equals the source field by field.",
  );

const headText = (plan: Plan, hash: string): string => {
  const classes = new Map<string, number>();
  for (const w of plan.workloads) classes.set(w.class, (classes.get(w.class) ?? 0) + 1);
  const tally = [...classes].sort(([a], [b]) => byCodeUnit(a, b)).map(([name, n]) => `${n} ${name}`);
  const { source, target, dns, window } = plan.settings;
  return [
    `Plan of ${plan.platform}: ${source.name} (${source.kubernetesVersion}) → ${target.name} (${target.kubernetesVersion})`,
    `SHA-256    ${hash}`,
    `Migration  ${plan.migration}`,
    `Workloads  ${plan.workloads.length}: ${tally.join(", ")}`,
    `Zone       ${dns.zone}, delegated by ${dns.parent}; hosts ${[...new Set(plan.hosts.map((h) => h.host))].join(", ") || "none"}`,
    `Window     ${window.days.length > 0 ? window.days.join(", ") : window.weekdays.length > 0 ? `weekdays ${window.weekdays.join(", ")}` : "every day"} ${window.start}–${window.end} ${window.timeZone}`,
    `Price      about ${plan.price.stateTransitions} state transitions, ${plan.price.doubleRunningHours} hours with both clusters, ${plan.price.freezeMinutes} minutes of freeze`,
    "",
  ].join("\n");
};

/**
 * The whole preview, ending with a line break.
 * @param hash SHA-256 of the bytes of plan.json: what approvers sign.
 */
export const previewOf = (plan: Plan, hash: string): string =>
  [
    headText(plan, hash),
    workloadsText(plan),
    ...(plan.groups ? [section("Consumer groups", plan.groups.map(groupText), "None.")] : []),
    objectsText(plan),
    changesText(plan),
    section(
      "Operations",
      plan.operations.map((o) => `${o.id}: ${o.sentence}`),
      "None.",
    ),
    section("Assumptions (a rehearsal accepts them, a real start refuses them)", plan.assumptions, "None."),
    section("What Repot can't do here", plan.limits, "Nothing that it knows of."),
    section(
      "Decisions to make",
      plan.open.map((o) => o.question),
      "None: the plan can be approved.",
    ),
  ].join("");
