/** Preflight, Kubernetes, as far as manifests and settings tell: APIs that the target's version no longer serves, and schedules it can't read. Pure. */

import { Cron } from "croner";
import { IANAZone } from "luxon";
import type { Verdict } from "../gates.ts";
import { byCodeUnit, refOf, sentenceOf } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { at, workloadKindOf } from "../pods.ts";
import { judging, objectsOf, seen, some } from "./judging.ts";

type Judged = Pick<Plan, "platform" | "settings" | "objects">;

/** Source: kubernetes.io/docs/reference/using-api/deprecation-guide. The minor version is the first that doesn't serve it. */
const REMOVED: readonly (readonly [apiVersion: string, kinds: string, minor: number, instead: string])[] = [
  [
    "extensions/v1beta1",
    "Deployment DaemonSet ReplicaSet NetworkPolicy PodSecurityPolicy",
    16,
    "apps/v1 or networking.k8s.io/v1",
  ],
  ["apps/v1beta1", "Deployment StatefulSet", 16, "apps/v1"],
  ["apps/v1beta2", "Deployment StatefulSet DaemonSet ReplicaSet", 16, "apps/v1"],
  ["extensions/v1beta1", "Ingress", 22, "networking.k8s.io/v1"],
  ["networking.k8s.io/v1beta1", "Ingress IngressClass", 22, "networking.k8s.io/v1"],
  [
    "admissionregistration.k8s.io/v1beta1",
    "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
    22,
    "admissionregistration.k8s.io/v1",
  ],
  ["apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 22, "apiextensions.k8s.io/v1"],
  ["apiregistration.k8s.io/v1beta1", "APIService", 22, "apiregistration.k8s.io/v1"],
  [
    "rbac.authorization.k8s.io/v1beta1",
    "Role ClusterRole RoleBinding ClusterRoleBinding",
    22,
    "rbac.authorization.k8s.io/v1",
  ],
  ["scheduling.k8s.io/v1beta1", "PriorityClass", 22, "scheduling.k8s.io/v1"],
  ["storage.k8s.io/v1beta1", "StorageClass CSIDriver CSINode VolumeAttachment", 22, "storage.k8s.io/v1"],
  ["coordination.k8s.io/v1beta1", "Lease", 22, "coordination.k8s.io/v1"],
  ["certificates.k8s.io/v1beta1", "CertificateSigningRequest", 22, "certificates.k8s.io/v1"],
  ["batch/v1beta1", "CronJob", 25, "batch/v1"],
  ["discovery.k8s.io/v1beta1", "EndpointSlice", 25, "discovery.k8s.io/v1"],
  ["events.k8s.io/v1beta1", "Event", 25, "events.k8s.io/v1"],
  ["autoscaling/v2beta1", "HorizontalPodAutoscaler", 25, "autoscaling/v2"],
  ["policy/v1beta1", "PodDisruptionBudget PodSecurityPolicy", 25, "policy/v1"],
  ["node.k8s.io/v1beta1", "RuntimeClass", 25, "node.k8s.io/v1"],
  ["autoscaling/v2beta2", "HorizontalPodAutoscaler", 26, "autoscaling/v2"],
  [
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "FlowSchema PriorityLevelConfiguration",
    26,
    "flowcontrol.apiserver.k8s.io/v1",
  ],
  ["storage.k8s.io/v1beta1", "CSIStorageCapacity", 27, "storage.k8s.io/v1"],
  [
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "FlowSchema PriorityLevelConfiguration",
    29,
    "flowcontrol.apiserver.k8s.io/v1",
  ],
  [
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "FlowSchema PriorityLevelConfiguration",
    32,
    "flowcontrol.apiserver.k8s.io/v1",
  ],
];

const removedApis = (plan: Judged, observedAt: string): Verdict => {
  const version = plan.settings.target.kubernetesVersion;
  const minor = Number(version.split(".")[1]);
  const objects = objectsOf(plan);
  const gone = objects.flatMap((o) => {
    const row = REMOVED.find(
      ([api, kinds, since]) => api === o.apiVersion && kinds.split(" ").includes(o.kind) && minor >= since,
    );
    return row
      ? [
          `${sentenceOf(refOf(o))} is written for ${o.apiVersion}, which ended with 1.${row[2]} (now ${row[3]})`,
        ]
      : [];
  });
  const say = judging(observedAt)("kubernetes/removed-apis", plan.settings.target.name);
  const evidence = [
    seen(
      "objects of an API that the target doesn't serve",
      gone.length,
      "0",
      `objects of the plan, against Kubernetes ${version}`,
      objects.length,
    ),
  ];
  return gone.length === 0
    ? say.pass(`Kubernetes ${version} serves the API of each object, as far as its own kinds go.`, evidence)
    : say.fail(
        `${some(gone.sort(byCodeUnit), 3)}.`,
        "Convert them (kubectl convert) and deploy them to the source first.",
        evidence,
      );
};

const FIELD = /^[\d*,/\-A-Za-z?LW#]+$/;

/** Five fields, a macro, or a zone in front of them, which batch/v1 refuses. */
const isCron = (schedule: string): boolean => {
  try {
    new Cron(schedule, { paused: true });
    return true;
  } catch {
    return false;
  }
};

const scheduleProblem = (schedule: string): string | undefined => {
  if (/^(CRON_)?TZ=/.test(schedule))
    return "names its time zone in the schedule, which batch/v1 refuses: use spec.timeZone";
  if (/^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every \d+[smh])$/.test(schedule))
    return undefined;
  const fields = schedule.trim().split(/\s+/);
  if (fields.length === 5 && !isCron(schedule))
    return `has the schedule ${schedule}, whose fields are out of their ranges`;
  return fields.length === 5 && fields.every((f) => FIELD.test(f))
    ? undefined
    : "has a schedule that is no cron expression of five fields";
};

const schedules = (plan: Judged, observedAt: string): Verdict => {
  const jobs = objectsOf(plan).filter((o) => workloadKindOf(o) === "CronJob");
  const wrong = jobs.flatMap((o) => {
    const zone = at(o, "spec", "timeZone");
    const problem =
      scheduleProblem(String(at(o, "spec", "schedule") ?? "")) ??
      (zone === undefined || IANAZone.isValidZone(String(zone))
        ? undefined
        : `names the time zone ${String(zone)}, which there isn't`);
    return problem ? [`${sentenceOf(refOf(o))} ${problem}`] : [];
  });
  const say = judging(observedAt)("kubernetes/schedules", plan.settings.target.name);
  const evidence = [
    seen(
      "CronJobs that the target would refuse",
      wrong.length,
      "0",
      "objects of the plan",
      objectsOf(plan).length,
    ),
  ];
  return wrong.length === 0
    ? say.pass(
        jobs.length === 0 ? "There is no CronJob." : "Each CronJob's schedule is one that the target takes.",
        evidence,
      )
    : say.fail(`${some(wrong.sort(byCodeUnit), 3)}.`, "Correct the schedule on the source first.", evidence);
};

/**
 * Judges the plan's objects against the target's version.
 * @param observedAt when the judgement was made, ISO 8601: evidence only.
 */
export const checkManifests = (plan: Judged, observedAt = ""): Verdict[] => [
  removedApis(plan, observedAt),
  schedules(plan, observedAt),
];
