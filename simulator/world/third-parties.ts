/**
 * Firewalls that aren't ours: a third party lets in the addresses on its list and drops the rest without an answer. A cluster
 * spreads its calls evenly over its egress addresses.
 */

import { BlockList, isIPv4 } from "node:net";
import { SIDES, type Side } from "../../domain/phases.ts";
import type { Plan } from "../../domain/plan.ts";
import { type Refusal, workloadsNaming } from "./datastores.ts";

export type ThirdParties = {
  /** What firewalls drop, by side and workload; it doesn't change during a run. */
  readonly refusals: readonly { readonly side: Side; readonly workload: string; readonly refusal: Refusal }[];
};

export const makeThirdParties = (plan: Plan): ThirdParties => {
  const refusals: { side: Side; workload: string; refusal: Refusal }[] = [];
  for (const party of plan.settings.thirdParties) {
    if (party.allows.length === 0) continue;
    const allowed = allowList(party.allows);
    const callers = party.calledBy.length > 0 ? party.calledBy : workloadsNaming(party.host, plan);
    for (const side of SIDES) {
      const addresses = plan.settings[side].egressAddresses;
      const unknown = addresses.filter((a) => !allowed(a));
      if (unknown.length === 0) continue;
      const refusal: Refusal = {
        share: unknown.length / addresses.length,
        reason: `the firewall of ${party.name} drops ${unknown.join(", ")}, an egress address of ${plan.settings[side].name}`,
      };
      for (const workload of callers) refusals.push({ side, workload, refusal });
    }
  }
  return { refusals };
};

/** Entries are addresses or networks (`203.0.113.0/24`); anything else lets nobody in. */
const allowList = (entries: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList();
  const exact = new Set(entries);
  for (const entry of entries) {
    const [network = "", prefix] = entry.split("/");
    if (prefix !== undefined && isIPv4(network) && /^([12]?\d|3[0-2])$/.test(prefix))
      list.addSubnet(network, Number(prefix));
  }
  return (address) => exact.has(address) || (isIPv4(address) && list.check(address));
};
