/** The undo of an effect as the command that a person runs: for pages, the runbook and the exported rollback. */

import type { Effect } from "./effects.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const objectOf = (ref: { readonly kind: string; readonly name: string; readonly namespace?: string | undefined }): string =>
  `${ref.namespace === undefined ? "" : `-n ${ref.namespace} `}${ref.kind.toLowerCase()}/${ref.name}`;

const refOf = (object: Readonly<Record<string, unknown>>) => {
  const metadata = (object["metadata"] ?? {}) as { readonly name?: string; readonly namespace?: string };
  return { kind: String(object["kind"] ?? ""), name: metadata.name ?? "", namespace: metadata.namespace };
};

/** One line for a shell, with `kubectl` contexts named source and target. */
export const byHand = (effect: Effect): string => {
  switch (effect.kind) {
    case "set-field": {
      const patch = effect.path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), effect.before ?? null);
      return `kubectl --context ${effect.cluster} patch ${objectOf(effect.object)} --type merge -p ${quoted(JSON.stringify(patch))}`;
    }
    case "create-object":
      return `kubectl --context ${effect.cluster} delete ${objectOf(refOf(effect.object))}`;
    case "delete-object":
      return `kubectl --context ${effect.cluster} create -f - <<< ${quoted(JSON.stringify(effect.before))}`;
    case "set-record": {
      const record = effect.before ?? effect.after;
      const change = {
        Action: effect.before ? "UPSERT" : "DELETE",
        ResourceRecordSet: {
          Name: record?.name,
          Type: record?.type,
          ...(record?.ttlSeconds === undefined ? {} : { TTL: record.ttlSeconds }),
          ...(record?.values ? { ResourceRecords: record.values.map((Value) => ({ Value })) } : {}),
          ...(record?.alias ? { AliasTarget: { HostedZoneId: record.alias.hostedZoneId, DNSName: record.alias.dnsName, EvaluateTargetHealth: false } } : {}),
        },
      };
      return `aws route53 change-resource-record-sets --hosted-zone-id ${effect.zoneId} --change-batch ${quoted(JSON.stringify({ Changes: [change] }))}`;
    }
    case "create-zone":
      return `aws route53 list-hosted-zones-by-name --dns-name ${effect.name} # delete the one with caller reference ${effect.callerReference}`;
    case "create-cluster":
      return `aws eks delete-cluster --name ${effect.name}`;
    case "set-owner":
      return `aws s3api put-object # set the owner of ${effect.thing} back to ${effect.before} in the ledger`;
  }
};
