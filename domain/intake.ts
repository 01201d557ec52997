/**
 * Texts to Kubernetes objects: multi-document YAML, JSON and Lists; checked, with defaults for the namespace, without what servers add,
 * sorted so that nothing depends on the order of the input. All that is wrong is a BadInput that names file and line.
 */

import { canonicalLine } from "./canonical.ts";
import { BadInput, Refused } from "./errors.ts";
import { checkObject } from "./intake-shapes.ts";
import { parseDocuments } from "./intake-yaml.ts";
import { byCodeUnit, type KubeObject, keyOf, refOf, sentenceOf } from "./kube.ts";
import { at, isLoose, isOwned, workloadKindOf } from "./pods.ts";

/** An object and where it was read. */
export type Manifest = { readonly object: KubeObject; readonly where: string };

const LIST_DEPTH_MAX = 4;

/** Kinds of common APIs that live in no namespace. What a CustomResourceDefinition of the input says goes before this list. */
const CLUSTER_SCOPED = new Set(
  `Namespace Node PersistentVolume ClusterRole ClusterRoleBinding StorageClass CSIDriver CSINode VolumeAttachment VolumeSnapshotClass
  VolumeSnapshotContent PriorityClass RuntimeClass IngressClass CustomResourceDefinition APIService MutatingWebhookConfiguration
  ValidatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy
  MutatingAdmissionPolicyBinding CertificateSigningRequest FlowSchema PriorityLevelConfiguration PodSecurityPolicy
  SecurityContextConstraints ClusterIssuer GatewayClass NodePool EC2NodeClass NodeClass NodeClaim ClusterPolicy ClusterSecretStore
  ClusterExternalSecret ClusterTriggerAuthentication IngressClassParams CNINode ENIConfig ClusterTrustBundle ServiceCIDR IPAddress
  DeviceClass ResourceSlice`.split(/\s+/),
);

/** What a server writes into metadata: true of one cluster only. */
const SERVER_METADATA = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "managedFields",
];
const SERVER_ANNOTATIONS = [
  "deployment.kubernetes.io/revision",
  "kubectl.kubernetes.io/last-applied-configuration",
];

/** To the API, null is absent. */
const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isLoose(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== null && v !== undefined)
      .map(([k, v]) => [k, withoutNulls(v)]),
  );
};

const unlisted = (value: unknown, where: string, depth: number): Manifest[] => {
  if (!isLoose(value))
    throw new BadInput(
      `${where}: this is no manifest but ${Array.isArray(value) ? "a list" : "a single text or number"}.`,
    );
  const kind = value["kind"];
  const items = value["items"];
  if (
    typeof kind === "string" &&
    kind.endsWith("List") &&
    (items === undefined || items === null || Array.isArray(items))
  ) {
    if (depth >= LIST_DEPTH_MAX)
      throw new BadInput(`${where}: Lists are nested more than ${LIST_DEPTH_MAX} deep.`);
    return (items ?? []).flatMap((item, i) =>
      unlisted(typed(item, kind, value), `${where}, items[${i}]`, depth + 1),
    );
  }
  const object = withoutNulls(value);
  checkObject(object, where);
  return [{ object: object as KubeObject, where }];
};

/** Items of a `DeploymentList` need not say what they are. */
const typed = (item: unknown, listKind: string, list: Readonly<Record<string, unknown>>): unknown =>
  isLoose(item) && listKind !== "List" && item["kind"] === undefined
    ? { apiVersion: list["apiVersion"], kind: listKind.slice(0, -"List".length), ...item }
    : item;

const hintFor = (text: string): string => {
  if (/\{\{[-\s].*\}\}/.test(text))
    return " It looks like a Helm template: pass what `helm template` prints.";
  return "";
};

/**
 * The objects of one text, as they stand in it.
 * @param fileName Names the text in messages; `standard input` for a pipe.
 */
export const readSources = (text: string, fileName: string): Manifest[] => {
  if (text.trim() === "") throw new BadInput(`${fileName} is empty: it holds no manifest.`);
  if (text.includes("\u0000")) throw new BadInput(`${fileName} is not a text file: it holds binary data.`);
  try {
    const manifests = parseDocuments(text, fileName)
      .filter(({ value }) => value !== null && value !== undefined)
      .flatMap(({ value, line }) => unlisted(value, `${fileName}, line ${line}`, 0));
    if (manifests.length === 0) throw new BadInput(`${fileName} holds no manifest.`);
    return manifests;
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new BadInput(`${fileName}: the document is nested too deeply, or holds itself by an alias.`, {
        cause,
      });
    if (cause instanceof BadInput) throw new BadInput(`${cause.message}${hintFor(text)}`, { cause });
    throw cause;
  }
};

/** The kinds that CustomResourceDefinitions of the input put outside of namespaces, and those they put inside. */
const scopesOf = (manifests: readonly Manifest[]): ReadonlyMap<string, boolean> =>
  new Map(
    manifests
      .filter(({ object }) => object.kind === "CustomResourceDefinition")
      .map(({ object }) => [
        String(at(object, "spec", "names", "kind")),
        at(object, "spec", "scope") === "Cluster",
      ]),
  );

const settled = (object: KubeObject, clusterScoped: boolean): KubeObject => {
  const metadata = Object.fromEntries(
    Object.entries(object.metadata).filter(([key]) => key !== "namespace" && !SERVER_METADATA.includes(key)),
  );
  const annotations = Object.entries(object.metadata.annotations ?? {}).filter(
    ([key]) => !SERVER_ANNOTATIONS.includes(key),
  );
  delete metadata["annotations"];
  return {
    ...object,
    metadata: {
      ...metadata,
      name: object.metadata.name,
      ...(clusterScoped ? {} : { namespace: object.metadata.namespace ?? "default" }),
      ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    },
  };
};

/** One identity for each object, whichever version of its API it was read through. */
const identityOf = (object: KubeObject): string =>
  keyOf({
    ...refOf(object),
    apiVersion: object.apiVersion.split("/").length > 1 ? (object.apiVersion.split("/")[0] ?? "") : "",
  });

/**
 * Puts the objects of all texts together: namespaces filled in, sorted by namespace, kind and name.
 * @throws BadInput where an object stands there twice; Refused where two kinds of workload share a name.
 */
export const gather = (manifests: readonly Manifest[]): readonly KubeObject[] => {
  const scopes = scopesOf(manifests);
  const seen = new Map<string, Manifest>();
  const workloads = new Map<string, Manifest>();
  for (const { object: raw, where } of manifests) {
    const object = settled(raw, scopes.get(raw.kind) ?? CLUSTER_SCOPED.has(raw.kind));
    const identity = identityOf(object);
    const earlier = seen.get(identity);
    if (!earlier) seen.set(identity, { object, where });
    else if (workloadKindOf(object) || canonicalLine(earlier.object) !== canonicalLine(object))
      throw new BadInput(twice(earlier, { object, where }));
    const kind = workloadKindOf(object);
    if (!kind || isOwned(object)) continue;
    const name = `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
    const other = workloads.get(name);
    if (other && other.object.kind !== object.kind) throw new Refused(twoKinds(other, { object, where }));
    workloads.set(name, { object, where });
  }
  return [...seen.entries()].sort(([a], [b]) => byCodeUnit(a, b)).map(([, { object }]) => object);
};

const byWhere = (a: Manifest, b: Manifest): readonly [Manifest, Manifest] =>
  byCodeUnit(a.where, b.where) <= 0 ? [a, b] : [b, a];

const twice = (a: Manifest, b: Manifest): string => {
  const [first, second] = byWhere(a, b);
  return `${sentenceOf(refOf(first.object))} stands there twice: ${first.where}, and ${second.where}. Remove one of them.`;
};

const twoKinds = (a: Manifest, b: Manifest): string => {
  const [first, second] = byWhere(a, b);
  return `${sentenceOf(refOf(first.object))} (${first.where}) and ${sentenceOf(refOf(second.object))} (${second.where}) have one name. Repot tells workloads apart by namespace and name: rename one of them.`;
};

/** The objects of one text, ready for `buildPlan`. */
export const readManifests = (text: string, fileName: string): readonly KubeObject[] =>
  gather(readSources(text, fileName));
