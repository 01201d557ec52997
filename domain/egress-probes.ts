/**
 * Trying destinations from inside a cluster, as data: CronJobs that open TCP connections every few minutes and write what became of them into
 * their termination message, which the API shows in the pod's status. No right to read logs is needed for it, and what somebody has mended shows
 * by itself.
 */

import * as z from "zod";
import { ours, SYSTEM_NAMESPACE } from "./bundle.ts";
import { type Destination, placeOf } from "./destinations.ts";
import type { KubeObject } from "./kube.ts";
import type { Side } from "./phases.ts";
import { at } from "./pods.ts";

const PROBE_IMAGE = "ghcr.io/repot-dev/probe:0.1.0";
/** Label of the Jobs' pods. */
export const EGRESS_PROBE = "repot.dev/egress-probe";
/** A termination message holds 4,096 bytes; an answer about one destination takes up to 120. */
export const DESTINATIONS_PER_JOB = 25;
/** How often each is tried: a cluster goes out by several addresses, and a firewall may know only some of them. */
export const TRIES = 4;

export const OUTCOMES = ["connected", "timeout", "refused", "no-name"] as const;

/** What the probe writes: short names, since the space is short. */
export const ProbeReportSchema = z.object({
  /** The public address that the echo saw; null where it gave no answer. */
  egress: z.string().nullable(),
  to: z.array(
    z.object({
      /** `host:port` as it was asked for. */
      at: z.string(),
      /** What the name resolved to; null where it didn't. */
      ip: z.string().nullable(),
      /** The worst of all tries. */
      is: z.enum(OUTCOMES),
    }),
  ),
});
export type ProbeReport = z.infer<typeof ProbeReportSchema>;

export const probeName = (index: number): string => `egress-${String(index).padStart(2, "0")}`;

/** The probes of one side: one for so many destinations, and one even where there is none, for the egress address. */
export const probesOf = (
  migration: string,
  destinations: readonly Destination[],
  echo: string,
): readonly KubeObject[] =>
  Array.from({ length: Math.max(1, Math.ceil(destinations.length / DESTINATIONS_PER_JOB)) }, (_, index) =>
    ours(migration, {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: probeName(index), namespace: SYSTEM_NAMESPACE },
      spec: {
        schedule: "*/5 * * * *",
        suspend: false,
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: 120,
        successfulJobsHistoryLimit: 2,
        failedJobsHistoryLimit: 1,
        jobTemplate: {
          spec: {
            // A destination that can't be reached is a finding, not a failure of the Job.
            backoffLimit: 1,
            activeDeadlineSeconds: 240,
            template: {
              metadata: { labels: { [EGRESS_PROBE]: "true" } },
              spec: probing(
                destinations.slice(index * DESTINATIONS_PER_JOB, (index + 1) * DESTINATIONS_PER_JOB),
                echo,
              ),
            },
          },
        },
      },
    }),
  );

const probing = (destinations: readonly Destination[], echo: string) => ({
  restartPolicy: "Never",
  containers: [
    {
      name: "probe",
      image: PROBE_IMAGE,
      args: [
        ...["--egress-echo", echo, "--tries", String(TRIES), "--timeout-seconds", "5"],
        ...destinations.flatMap((to) => ["--connect", placeOf(to)]),
      ],
      resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { memory: "64Mi" } },
    },
  ],
});

/** What one side found out, by its newest report about each place. */
export type Tried = {
  readonly side: Side;
  readonly egress: readonly string[];
  /** By place, with when the report was made (milliseconds since 1970). */
  readonly byPlace: ReadonlyMap<
    string,
    ProbeReport["to"][number] & { readonly at: string; readonly endedAtMs: number }
  >;
};

const messageOf = (pod: KubeObject): { readonly text: string; readonly endedAtMs: number } | undefined => {
  const statuses = at(pod, "status", "containerStatuses");
  const ended = at(Array.isArray(statuses) ? statuses[0] : undefined, "state", "terminated");
  const [text, endedAt] = [at(ended, "message"), at(ended, "finishedAt")];
  return typeof text === "string" && typeof endedAt === "string"
    ? { text, endedAtMs: Date.parse(endedAt) }
    : undefined;
};

/**
 * @param pods Those with the probes' label; what isn't over, or said nothing that can be read, counts as not reported.
 * @param sinceMs Older reports say nothing about now.
 */
export const readReports = (side: Side, pods: readonly KubeObject[], sinceMs: number): Tried => {
  const byPlace = new Map<string, ProbeReport["to"][number] & { readonly endedAtMs: number }>();
  const egress = new Set<string>();
  for (const pod of pods) {
    const message = messageOf(pod);
    const report = message && message.endedAtMs >= sinceMs ? reportOf(message.text) : undefined;
    if (!message || !report) continue;
    if (report.egress !== null) egress.add(report.egress);
    for (const to of report.to)
      if ((byPlace.get(to.at)?.endedAtMs ?? 0) <= message.endedAtMs)
        byPlace.set(to.at, { ...to, endedAtMs: message.endedAtMs });
  }
  return { side, egress: [...egress].sort(), byPlace };
};

const reportOf = (text: string): ProbeReport | undefined => {
  try {
    const parsed = ProbeReportSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
};
