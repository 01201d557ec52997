/** Preflight's judgement of what controllers of two clusters would fight over: target groups that both bind, certificates that the target would order anew. Pure. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { at as field } from "../pods.ts";
import { counted, judging, objectsOf, seen, some } from "./judging.ts";

type WithObjects = Pick<Plan, "platform" | "objects" | "workloads">;

const nameIn = ({ metadata }: KubeObject): string => `${metadata.namespace ?? "default"}/${metadata.name}`;

const inGroup = (group: string, kind: string) => (o: KubeObject) =>
  o.kind === kind && o.apiVersion.startsWith(`${group}/`);

/** Whether a binding's controller knows that others register in its target group, too, and leaves those alone (controller 2.10 and later). */
export const isMultiCluster = (binding: KubeObject): boolean =>
  field(binding, "spec", "multiClusterTargetGroup") === true;

export const isBinding = inGroup("elbv2.k8s.aws", "TargetGroupBinding");

/** Bindings that the controller makes itself, for its own Ingresses and Services: each cluster's has its own. */
const isOwned = (binding: KubeObject): boolean =>
  Array.isArray(binding.metadata["ownerReferences"]) ||
  binding.metadata.labels?.["ingress.k8s.aws/stack"] !== undefined ||
  binding.metadata.labels?.["service.k8s.aws/stack"] !== undefined;

/**
 * kubernetes/target-groups: a binding is restored with the ARN of its target group, and the target's controller then registers the target's pods
 * there and takes away whatever else is registered: the source's, while they serve.
 */
export const judgeTargetGroups = (plan: WithObjects, at: string): Verdict => {
  const say = judging(at)("kubernetes/target-groups", plan.platform);
  const bindings = objectsOf(plan)
    .filter(isBinding)
    .filter((o) => !isOwned(o));
  const alone = bindings
    .filter((o) => !isMultiCluster(o))
    .map(nameIn)
    .sort(byCodeUnit);
  const evidence = [
    seen(
      "TargetGroupBindings for one cluster only",
      alone.length,
      "0",
      "the plan's TargetGroupBindings",
      objectsOf(plan).length,
    ),
  ];
  if (bindings.length === 0) return say.pass("No target group is bound by hand.", evidence);
  return alone.length === 0
    ? say.pass(
        `${counted(bindings.length, "target group")} may be bound by both clusters: each controller leaves the other's targets alone.`,
        evidence,
      )
    : say.fail(
        `${some(alone)} ${alone.length === 1 ? "binds its target group" : "bind their target groups"} for one cluster only: as soon as the target's load-balancer controller sees the restored ${alone.length === 1 ? "binding" : "bindings"}, it takes the source's pods out, and they take the target's out in turn.`,
        "Set spec.multiClusterTargetGroup: true on the source first (AWS Load Balancer Controller 2.10 or later), wait until its ConfigMap of targets is there, and make the plan again.",
        evidence,
      );
};

/** Let's Encrypt: certificates for the very same names in a week, and for one registered domain. */
export const DUPLICATES_MAX = 5;
export const PER_DOMAIN_MAX = 50;

/** `shop.example.org` and `*.shop.example.org` count for `example.org`. Without the list of public suffixes this is a lower bound of domains. */
const domainOf = (name: string): string => name.split(".").slice(-2).join(".");

/**
 * kubernetes/certificates: a Certificate whose Secret comes along is found valid on the target and left alone; one without is ordered anew, and the
 * authority counts. Only one side's cert-manager runs at a time, by the ledger.
 */
export const judgeCertificates = (plan: WithObjects, at: string): Verdict => {
  const say = judging(at)("kubernetes/certificates", plan.platform);
  const certificates = objectsOf(plan).filter(inGroup("cert-manager.io", "Certificate"));
  const secrets = new Set(objectsOf(plan).flatMap((o) => (o.kind === "Secret" ? [nameIn(o)] : [])));
  const ordered = certificates.filter(
    (o) =>
      !secrets.has(`${o.metadata.namespace ?? "default"}/${String(field(o, "spec", "secretName") ?? "")}`),
  );
  const names = ordered.map((o) =>
    [...((field(o, "spec", "dnsNames") ?? []) as readonly string[])].sort(byCodeUnit),
  );
  const worst = (of: readonly string[]): readonly [string, number] => {
    const counts = new Map<string, number>();
    for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
    return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ["", 0] as const);
  };
  const [same, duplicates] = worst(names.map((n) => n.join(", ")));
  const [domain, perDomain] = worst(names.flatMap((n) => [...new Set(n.map(domainOf))]));
  const source = "the plan's Certificates and Secrets";
  const evidence = [
    seen(
      "certificates that the target orders anew",
      ordered.length,
      "as few as can be",
      source,
      objectsOf(plan).length,
    ),
    seen("of these for the very same names", duplicates, `at most ${DUPLICATES_MAX} a week`, source),
    seen("of these for one registered domain", perDomain, `at most ${PER_DOMAIN_MAX} a week`, source),
  ];
  const remedy =
    "Take the Secrets of the certificates along in the manifests, so that the target's cert-manager finds them valid and orders nothing.";
  if (duplicates > DUPLICATES_MAX)
    return say.fail(
      `The target would order ${duplicates} certificates for ${same}; an ACME authority gives ${DUPLICATES_MAX} a week for the same names, and then none for days.`,
      remedy,
      evidence,
    );
  if (perDomain > PER_DOMAIN_MAX)
    return say.fail(
      `The target would order ${perDomain} certificates under ${domain}; an ACME authority gives ${PER_DOMAIN_MAX} a week for one registered domain.`,
      remedy,
      evidence,
    );
  return say.pass(
    certificates.length === 0
      ? "The plan has no Certificate."
      : ordered.length === 0
        ? `${counted(certificates.length, "certificate")} ${certificates.length === 1 ? "comes" : "come"} along with ${certificates.length === 1 ? "its Secret" : "their Secrets"}; nothing is ordered.`
        : `${counted(ordered.length, "certificate")} of ${certificates.length} ${ordered.length === 1 ? "is" : "are"} ordered anew on the target, by one cert-manager at a time; a rollback and another try order again.`,
    evidence,
  );
};
