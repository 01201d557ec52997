/** The undo of an effect as the command that a person runs: for pages, the runbook and the exported rollback. */

import type { Effect, RecordSet } from "./effects.ts";
import { keys } from "./journal.ts";
import { CREATED_BY } from "./kube.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

type Named = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
};

/** With version and group, since kinds of several groups share a name: `deployment.v1.apps/cart`. */
const objectOf = ({ apiVersion, kind, name, namespace }: Named): string => {
  const [version = "", group] = apiVersion.split("/").reverse();
  return `${namespace === undefined ? "" : `-n ${namespace} `}${kind.toLowerCase()}${group === undefined ? "" : `.${version}.${group}`}/${name}`;
};

const refOf = (object: Readonly<Record<string, unknown>>): Named => {
  const metadata = (object["metadata"] ?? {}) as { readonly name?: string; readonly namespace?: string };
  return {
    apiVersion: String(object["apiVersion"] ?? ""),
    kind: String(object["kind"] ?? ""),
    name: metadata.name ?? "",
    namespace: metadata.namespace,
  };
};

/** What an API server refuses in an object that is created. */
const SERVER_SET: ReadonlySet<string> = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "managedFields",
  "selfLink",
  "deletionTimestamp",
]);

const creatable = ({ status: _, ...object }: Readonly<Record<string, unknown>>): object => ({
  ...object,
  metadata: Object.fromEntries(
    Object.entries((object["metadata"] ?? {}) as object).filter(([key]) => !SERVER_SET.has(key)),
  ),
});

/** A record set as Route 53's change batches have it. */
const recordSetOf = (record: RecordSet) => ({
  Name: record.name,
  Type: record.type,
  ...(record.setIdentifier === undefined ? {} : { SetIdentifier: record.setIdentifier }),
  ...(record.weight === undefined ? {} : { Weight: record.weight }),
  ...(record.ttlSeconds === undefined ? {} : { TTL: record.ttlSeconds }),
  ...(record.values ? { ResourceRecords: record.values.map((Value) => ({ Value })) } : {}),
  ...(record.alias
    ? {
        AliasTarget: {
          HostedZoneId: record.alias.hostedZoneId,
          DNSName: record.alias.dnsName,
          EvaluateTargetHealth: record.alias.evaluateTargetHealth ?? false,
        },
      }
    : {}),
});

/** Where the ledger of owners is, for commands that write into it. */
export type Memory = { readonly migration: string; readonly bucket: string };

/** One line for a shell, with `kubectl` contexts named source and target, of somebody whom the freeze lets through. Safe to give twice. */
export const byHand = (effect: Effect, memory: Memory): string => {
  switch (effect.kind) {
    case "set-field": {
      if (effect.path[0] === "status")
        return `# Nothing to undo in ${objectOf(effect.object)}: a status is its controller's.`;
      const patch = effect.path.reduceRight<unknown>(
        (inner, part) => ({ [part]: inner }),
        effect.before ?? null,
      );
      return `kubectl --context ${effect.cluster} patch ${objectOf(effect.object)} --type merge -p ${quoted(JSON.stringify(patch))}`;
    }
    case "create-object":
      return `kubectl --context ${effect.cluster} delete ${objectOf(refOf(effect.object))}`;
    case "create-objects":
      return effect.objects
        .map((object) => `kubectl --context ${effect.cluster} delete ${objectOf(refOf(object))}`)
        .toReversed()
        .join("; ");
    case "delete-object":
      return `kubectl --context ${effect.cluster} create -f - <<< ${quoted(JSON.stringify(creatable(effect.before)))}`;
    case "set-record": {
      const record = effect.before ?? effect.after;
      const change = {
        Action: effect.before ? "UPSERT" : "DELETE",
        ResourceRecordSet: record ? recordSetOf(record) : {},
      };
      return `aws route53 change-resource-record-sets --hosted-zone-id ${effect.zoneId} --change-batch ${quoted(JSON.stringify({ Changes: [change] }))}`;
    }
    case "create-zone":
      return `aws route53 delete-hosted-zone --id "$(aws route53 list-hosted-zones-by-name --dns-name ${effect.name} --query "HostedZones[?CallerReference=='${effect.callerReference}'].Id" --output text)"`;
    case "create-cluster":
      return `${isOurCluster(effect.name, memory)} && aws eks delete-cluster --name ${effect.name}`;
    case "set-owner":
      return ownerCommand(effect, memory);
  }
};

/** A cluster that was adopted stays: only ours carries the tag. */
const isOurCluster = (name: string, { migration }: Memory): string =>
  `[ "$(aws eks describe-cluster --name ${name} --query 'cluster.tags."${CREATED_BY}"' --output text)" = ${quoted(migration)} ]`;

/** The ledger changes by the tag that was read: whoever changed it meanwhile is not overruled. */
const ownerCommand = (
  { thing, before }: Extract<Effect, { kind: "set-owner" }>,
  { migration, bucket }: Memory,
): string => {
  const at = `--bucket ${bucket} --key ${quoted(keys.owner(migration, thing))}`;
  const tag = `"$(aws s3api head-object ${at} --query ETag --output text)"`;
  return `printf '%s' ${quoted(JSON.stringify({ owner: before, thing }))} > owner.json && aws s3api put-object ${at} --if-match ${tag} --content-type application/json --body owner.json`;
};
