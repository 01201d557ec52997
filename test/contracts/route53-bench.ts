/** Route 53 over a small world of DNS, for its contracts. */

import { type Change, ChangeResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import type { RecordSet } from "../../domain/effects.ts";
import type { AwsClients } from "../../functions/step.ts";
import { makeRandom } from "../../simulator/random.ts";
import { makeRoute53Service } from "../../simulator/services/route53.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import type { SimulatedDns } from "../../simulator/world/dns/index.ts";
import { addressTo, aliasTo, makeDnsBench, SOURCE_LB, ZONE } from "./dns-bench.ts";
import { makeBench } from "./harness.ts";

export const ALL = [
  "CreateHostedZone",
  "GetHostedZone",
  "DeleteHostedZone",
  "ListHostedZonesByName",
  "ChangeResourceRecordSets",
  "ListResourceRecordSets",
  "GetChange",
];

export const weighted = (
  setIdentifier: string,
  weight: number,
  value: string,
  name = `w.${ZONE}.`,
  ttlSeconds = 60,
): RecordSet => ({
  name,
  type: "A",
  ttlSeconds,
  values: [value],
  setIdentifier,
  weight,
});

export const RECORDS: readonly RecordSet[] = [
  aliasTo(SOURCE_LB),
  addressTo("192.0.2.1", 300, `api.${ZONE}.`),
  { name: `docs.${ZONE}.`, type: "CNAME", ttlSeconds: 300, values: ["elsewhere.example."] },
  { name: `*.dev.${ZONE}.`, type: "A", ttlSeconds: 300, values: ["192.0.2.2"] },
  weighted("blue", 1, "192.0.2.3"),
];

export const bench = (records = RECORDS, fault?: FaultHook) => {
  let dns: SimulatedDns | undefined;
  const made = makeBench(
    (clock) => {
      dns = makeDnsBench({ clock, records }).dns;
      return { route53: makeRoute53Service({ zones: dns.zones, clock, random: makeRandom(2) }).handlers };
    },
    { needs: { route53: ALL }, ...(fault ? { fault } : {}) },
  );
  return { ...made, dns: dns as SimulatedDns };
};

export const send = (aws: AwsClients, HostedZoneId: string, ...Changes: Change[]) =>
  aws.route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));

export const set = (Action: Change["Action"], Name: string, Type: string, ...values: string[]): Change => ({
  Action,
  ResourceRecordSet: {
    Name,
    Type: Type as "A",
    TTL: 300,
    ResourceRecords: values.map((Value) => ({ Value })),
  },
});
