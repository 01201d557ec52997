/** A small world of DNS for tests: a platform's zone in a parent zone, two load balancers, one for each side. */

import type { RecordSet } from "../../domain/effects.ts";
import { Clock } from "../../simulator/clock.ts";
import { makeRandom } from "../../simulator/random.ts";
import type { ResolverClass } from "../../simulator/world/dns/classes.ts";
import { makeDns, type SimulatedDns } from "../../simulator/world/dns/index.ts";
import { STARTS_AT } from "./harness.ts";

export const ZONE = "shop.platform.example";
export const HOST = `www.${ZONE}`;
export const SOURCE_LB = "source-1.elb.eu-central-1.amazonaws.com.";
export const TARGET_LB = "target-1.elb.eu-central-1.amazonaws.com.";
export const LB_ZONE = "Z215JYRZR1TBD5";

export const aliasTo = (dnsName: string, name = `${HOST}.`): RecordSet => ({
  name,
  type: "A",
  alias: { hostedZoneId: LB_ZONE, dnsName, evaluateTargetHealth: false },
});

export const addressTo = (value: string, ttlSeconds = 300, name = `${HOST}.`): RecordSet => ({
  name,
  type: "A",
  ttlSeconds,
  values: [value],
});

export const SOURCE_IP = "192.0.2.10";
export const TARGET_IP = "198.51.100.10";

export const sideOf = (target: string) =>
  target === SOURCE_LB || target === SOURCE_IP
    ? ("source" as const)
    : target === TARGET_LB || target === TARGET_IP
      ? ("target" as const)
      : undefined;

export const addressesOf = (dnsName: string): readonly string[] =>
  dnsName === SOURCE_LB ? [SOURCE_IP, "192.0.2.11"] : dnsName === TARGET_LB ? [TARGET_IP] : [];

export const makeDnsBench = (
  options: {
    readonly clock?: Clock;
    readonly records?: readonly RecordSet[];
    readonly ttlSeconds?: number;
    readonly seed?: number;
    readonly classes?: readonly ResolverClass[];
  } = {},
): { readonly clock: Clock; readonly dns: SimulatedDns } => {
  const clock = options.clock ?? new Clock(STARTS_AT);
  const dns = makeDns({
    clock,
    random: makeRandom(options.seed ?? 5),
    settings: {
      zone: ZONE,
      parent: "platform.example",
      ttlSeconds: options.ttlSeconds ?? 172_800,
      recordTtlSeconds: 300,
      loweredTtlSeconds: 60,
      hosts: [],
    },
    records: options.records ?? [aliasTo(SOURCE_LB)],
    sideOf,
    addressesOf,
    ...(options.classes ? { classes: options.classes } : {}),
  });
  return { clock, dns };
};

/** Puts record sets in the place of those with the same name and type. */
export const upsert = (dns: SimulatedDns, zoneId: string, ...records: readonly RecordSet[]): number => {
  const isNew = (there: RecordSet) => !records.some((r) => r.name === there.name && r.type === there.type);
  return dns.zones.replace(zoneId, [...dns.zones.records(zoneId).filter(isNew), ...records]).insyncAt;
};
