/** Fields that a schema doesn't know, for the kinds that Repot applies: server-side apply of one is an error, not a warning. */

import { type Fields, fieldsAt, isFields, listAt } from "../../world/cluster/fields.ts";
import type { Resource } from "../../world/cluster/kinds.ts";

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

const TOP = words("apiVersion kind metadata spec status");
const METADATA =
  words(`name generateName namespace labels annotations finalizers ownerReferences uid resourceVersion generation
  creationTimestamp deletionTimestamp deletionGracePeriodSeconds managedFields selfLink`);
const POD =
  words(`activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks
  ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets initContainers nodeName
  nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy
  runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN
  shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes`);
const CONTAINER =
  words(`args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resizePolicy
  resources restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce terminationMessagePath
  terminationMessagePolicy tty volumeDevices volumeMounts workingDir`);
const SPECS: Readonly<Record<string, ReadonlySet<string>>> = {
  Deployment: words(
    "minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector strategy template",
  ),
  ReplicaSet: words("minReadySeconds replicas selector template"),
  StatefulSet:
    words(`minReadySeconds ordinals persistentVolumeClaimRetentionPolicy podManagementPolicy replicas revisionHistoryLimit
    selector serviceName template updateStrategy volumeClaimTemplates`),
  DaemonSet: words("minReadySeconds revisionHistoryLimit selector template updateStrategy"),
  CronJob:
    words(`concurrencyPolicy failedJobsHistoryLimit jobTemplate schedule startingDeadlineSeconds successfulJobsHistoryLimit
    suspend timeZone`),
  Job: words(`activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector maxFailedIndexes
    parallelism podFailurePolicy podReplacementPolicy selector successPolicy suspend template ttlSecondsAfterFinished`),
  Pod: POD,
  HorizontalPodAutoscaler: words(
    "behavior maxReplicas metrics minReplicas scaleTargetRef targetCPUUtilizationPercentage",
  ),
  PodDisruptionBudget: words("maxUnavailable minAvailable selector unhealthyPodEvictionPolicy"),
  ValidatingAdmissionPolicy: words(
    "auditAnnotations failurePolicy matchConditions matchConstraints paramKind validations variables",
  ),
  ValidatingAdmissionPolicyBinding: words("matchResources paramRef policyName validationActions"),
  Namespace: words("finalizers"),
};

const stranger = (value: Fields, known: ReadonlySet<string>, path: string): string | undefined => {
  const name = Object.keys(value).find((key) => !known.has(key));
  return name === undefined ? undefined : `${path}.${name}`;
};

const inPod = (spec: Fields, path: string): string | undefined =>
  stranger(spec, POD, path) ??
  ["containers", "initContainers"]
    .flatMap((list) =>
      listAt(spec, list).map((c) =>
        stranger(c, CONTAINER, `${path}.${list}[name=${JSON.stringify(c.name)}]`),
      ),
    )
    .find((found) => found !== undefined);

/** The first field that isn't in the schema, as `.spec.foo`; undefined where all are, or where the kind's schema isn't kept here. */
export const unknownFields = (resource: Resource, object: Fields): string | undefined => {
  const known = SPECS[resource.kind];
  if (resource.custom || !known) return undefined;
  const template = fieldsAt(object, "spec", "template");
  const job = fieldsAt(object, "spec", "jobTemplate", "spec");
  return (
    stranger(object, TOP, "") ??
    stranger(fieldsAt(object, "metadata"), METADATA, ".metadata") ??
    stranger(fieldsAt(object, "spec"), known, ".spec") ??
    (resource.kind === "Pod" ? inPod(fieldsAt(object, "spec"), ".spec") : undefined) ??
    (isFields(template.spec) ? inPod(template.spec, ".spec.template.spec") : undefined) ??
    inPod(fieldsAt(job, "template", "spec"), ".spec.jobTemplate.spec.template.spec")
  );
};
