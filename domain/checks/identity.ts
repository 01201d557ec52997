/** Preflight's judgement of identities: pods that use AWS, and people and machines that come in from outside. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit, type KubeObject, refOf, sentenceOf } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { at as field, isLoose, type PodSpec, templateOf, workloadKindOf } from "../pods.ts";
import { answered, counted, judging, type Observed, objectsOf, seen, some } from "./judging.ts";

type WithObjects = Pick<Plan, "platform" | "objects">;

const ROLE = "eks.amazonaws.com/role-arn";
/** What kube2iam and kiam read; nothing on EKS does. */
const OLD_ROLE = "iam.amazonaws.com/role";
const ARN = /^arn:aws[a-z-]*:iam::(\d{12}):role\/.+$/;

const isWindows = (spec: PodSpec): boolean =>
  spec.nodeSelector?.["kubernetes.io/os"] === "windows" || field(spec, "os", "name") === "windows";

/** identity/pod-roles: each pod that uses AWS gets its role on the target. */
export const judgePodRoles = (plan: WithObjects, account: Observed<string>, at: string): Verdict => {
  const say = judging(at)("identity/pod-roles", plan.platform);
  const source = `annotations ${ROLE} and ${OLD_ROLE} in the plan`;
  if (!("value" in account)) return say.unanswered(account.missing, "sts:GetCallerIdentity");
  const roles = objectsOf(plan).flatMap((o) => {
    const arn = o.kind === "ServiceAccount" ? o.metadata.annotations?.[ROLE] : undefined;
    return arn === undefined ? [] : [{ who: sentenceOf(refOf(o)), arn }];
  });
  const old = objectsOf(plan)
    .filter((o) => {
      const kind = workloadKindOf(o);
      return kind !== undefined && templateOf(o, kind).metadata?.annotations?.[OLD_ROLE] !== undefined;
    })
    .map((o) => sentenceOf(refOf(o)));
  const malformed = roles.filter((r) => !ARN.test(r.arn)).map((r) => r.who);
  const abroad = roles
    .filter((r) => ARN.exec(r.arn) && ARN.exec(r.arn)?.[1] !== account.value)
    .map((r) => r.who);
  const evidence = [
    seen("service accounts with a role", roles.length, "well-formed ARNs", source, objectsOf(plan).length),
    seen("pods that get their role from kube2iam or kiam", old.length, "0", source, objectsOf(plan).length),
  ];
  if (old.length > 0)
    return say.fail(
      `${some(old.sort(byCodeUnit))} ${old.length === 1 ? "gets its" : "get their"} AWS role by ${OLD_ROLE}, which nothing on EKS reads: the pods would run on the node's role.`,
      "Give their service accounts roles of their own (Pod Identity, or IRSA for old SDKs and Windows), and take the annotation away.",
      evidence,
    );
  if (malformed.length > 0)
    return say.fail(
      `${some(malformed)} ${malformed.length === 1 ? "names" : "name"} something that is no role's ARN.`,
      `Correct the annotation ${ROLE}.`,
      evidence,
    );
  if (roles.length === 0) return say.pass("No service account of the plan has an AWS role.", evidence);
  const afar =
    abroad.length === 0
      ? ""
      : ` ${some(abroad)} ${abroad.length === 1 ? "takes a role" : "take roles"} of another account.`;
  return say.pass(
    `${counted(roles.length, "service account")} ${roles.length === 1 ? "has its" : "have their"} role by annotation; watch that each role's trust policy names the target's OIDC provider once it exists.${afar}`,
    evidence,
  );
};

/** identity/windows: what can't have Pod Identity. */
export const judgeWindows = (plan: WithObjects, at: string): Verdict => {
  const say = judging(at)("identity/windows", plan.platform);
  const withRole = new Set(
    objectsOf(plan).flatMap((o) =>
      o.kind === "ServiceAccount" && o.metadata.annotations?.[ROLE] !== undefined
        ? [`${o.metadata.namespace ?? "default"}/${o.metadata.name}`]
        : [],
    ),
  );
  const windows = objectsOf(plan).flatMap((o) => {
    const kind = workloadKindOf(o);
    const spec = kind === undefined ? undefined : templateOf(o, kind).spec;
    return spec && isWindows(spec)
      ? [
          {
            who: sentenceOf(refOf(o)),
            account: `${o.metadata.namespace ?? "default"}/${spec.serviceAccountName ?? "default"}`,
          },
        ]
      : [];
  });
  const roles = windows.filter((w) => withRole.has(w.account)).map((w) => w.who);
  const evidence = [
    seen(
      "Windows workloads with a role",
      roles.length,
      "by IRSA, never by Pod Identity",
      "pod templates of the plan",
      objectsOf(plan).length,
    ),
  ];
  if (windows.length === 0) return say.pass("No workload runs on Windows.", evidence);
  return say.pass(
    roles.length === 0
      ? `${counted(windows.length, "Windows workload")} use no AWS role.`
      : `${some(roles)} ${roles.length === 1 ? "runs" : "run"} on Windows with a role: watch that it stays with IRSA, since Pod Identity knows no Windows.`,
    evidence,
  );
};

type Subject = { readonly kind: string; readonly name: string };

const subjectsOf = (object: KubeObject): readonly Subject[] => {
  const subjects = field(object, "subjects");
  return Array.isArray(subjects)
    ? subjects.flatMap((s: unknown) =>
        isLoose(s) && typeof s["kind"] === "string" && typeof s["name"] === "string"
          ? [{ kind: s["kind"], name: s["name"] }]
          : [],
      )
    : [];
};

/** Names that every API server gives by itself. */
const BUILT_IN =
  /^system:(authenticated|unauthenticated|serviceaccounts(:.+)?|serviceaccount:.+|nodes|node:.+|masters|monitoring|kube-.+|bootstrappers.*|anonymous|discovery|apiserver)$/;

/** identity/access-entries: people and machines from outside enter the target by access entries, whose groups can't start with `system:`. */
export const judgeAccess = (
  plan: WithObjects,
  bindings: Observed<readonly KubeObject[]>,
  at: string,
): Verdict => {
  const say = judging(at)("identity/access-entries", plan.platform);
  const source = "RoleBindings and ClusterRoleBindings of the source";
  if (!("value" in bindings)) return say.unanswered(bindings.missing, source);
  const named = bindings.value.flatMap((b) =>
    b.metadata.name.startsWith("system:")
      ? []
      : subjectsOf(b).filter((s) => s.kind === "Group" || s.kind === "User"),
  );
  const people = [...new Set(named.map((s) => `${s.kind} ${s.name}`))].sort(byCodeUnit);
  const stuck = [
    ...new Set(
      named.filter((s) => s.name.startsWith("system:") && !BUILT_IN.test(s.name)).map((s) => s.name),
    ),
  ].sort(byCodeUnit);
  const masters = named.some((s) => s.name === "system:masters");
  const evidence = [
    seen(
      "groups and users from outside",
      people.length,
      "none of ours starts with system:",
      source,
      answered(bindings.value),
    ),
  ];
  if (stuck.length > 0)
    return say.fail(
      `${some(stuck)} ${stuck.length === 1 ? "is a name" : "are names"} that an access entry refuses: its groups can't start with "system:".`,
      "Bind the same roles to a group with another name, on both clusters, before the move.",
      evidence,
    );
  const admins = masters ? " system:masters becomes the access policy AmazonEKSClusterAdminPolicy." : "";
  return say.pass(
    people.length === 0
      ? "No role of the source is bound to a group or user from outside."
      : `${counted(people.length, "group or user", "groups and users")} from outside ${people.length === 1 ? "gets" : "get"} the same RBAC by access entries: ${some(people)}.${admins}`,
    evidence,
  );
};

export type TargetSeen = { readonly status: string; readonly version: string };

/** identity/target-name: the name of the target is free, or is the cluster that we adopt. */
export const judgeTargetName = (
  plan: Pick<Plan, "settings">,
  found: Observed<TargetSeen | undefined>,
  at: string,
): Verdict => {
  const { target } = plan.settings;
  const say = judging(at)("identity/target-name", target.name);
  const source = "eks:DescribeCluster";
  if (!("value" in found)) return say.unanswered(found.missing, source);
  const there = found.value;
  const evidence = [
    seen(
      "an EKS cluster of this name",
      there === undefined ? "none" : `${there.status}, ${there.version}`,
      `none, or one of ${target.kubernetesVersion} to adopt`,
      source,
    ),
  ];
  if (there === undefined)
    return say.pass(`No cluster has the name ${target.name} yet; Repot creates it.`, evidence);
  if (there.version !== target.kubernetesVersion)
    return say.fail(
      `The cluster ${target.name} exists with Kubernetes ${there.version}, and the plan was made for ${target.kubernetesVersion}.`,
      "Upgrade it, or correct target.kubernetesVersion and plan again.",
      evidence,
    );
  return there.status === "ACTIVE" || there.status === "CREATING" || there.status === "UPDATING"
    ? say.pass(
        `The cluster ${target.name} exists (${there.status}); Repot adopts it and will never delete it.`,
        evidence,
      )
    : say.fail(
        `The cluster ${target.name} exists and is ${there.status}.`,
        "Repair or remove it, or choose another name and plan again.",
        evidence,
      );
};
