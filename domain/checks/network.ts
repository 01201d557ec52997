/** Preflight's judgement of the network: the addresses that third parties see, free addresses for a second fleet, and what stands between the pods. */

import type { Verdict } from "../gates.ts";
import { byCodeUnit } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { answered, counted, judging, type Observed, seen, some } from "./judging.ts";

type SlimPlan = Omit<Plan, "objects">;

const toNumber = (address: string): number | undefined => {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  return parts === undefined || parts.some((p) => p > 255)
    ? undefined
    : parts.reduce((sum, p) => sum * 256 + p, 0);
};

/** Whether an allow-list's entry (an address, or a network as CIDR) covers an IPv4 address. */
export const covers = (entry: string, address: string): boolean => {
  if (entry === address) return true;
  const [network = "", prefix] = entry.split("/");
  const [base, candidate] = [toNumber(network), toNumber(address)];
  if (
    prefix === undefined ||
    !/^(\d|[12]\d|3[0-2])$/.test(prefix) ||
    base === undefined ||
    candidate === undefined
  )
    return false;
  const size = 2 ** (32 - Number(prefix));
  return Math.floor(base / size) === Math.floor(candidate / size);
};

/** network/allow-list: each third party lets in every address that the target's calls will come from. */
export const judgeAllowLists = (plan: SlimPlan, at: string): readonly Verdict[] => {
  const { target, thirdParties } = plan.settings;
  const choosy = thirdParties.filter((p) => p.allows.length > 0).sort((a, b) => byCodeUnit(a.name, b.name));
  const source = "repot.yaml: target.egressAddresses and thirdParties.allows";
  if (choosy.length === 0)
    return [
      judging(at)("network/allow-list", plan.platform).pass(
        "repot.yaml names no third party with an allow-list; watch dropped connections at the first wave, since a firewall that isn't ours tells nobody.",
        [
          seen(
            "third parties with an allow-list",
            0,
            "each lets in every egress address",
            source,
            answered(thirdParties),
          ),
        ],
      ),
    ];
  return choosy.map((party) => {
    const say = judging(at)("network/allow-list", party.name);
    const refused = target.egressAddresses.filter(
      (address) => !party.allows.some((entry) => covers(entry, address)),
    );
    const evidence = [
      seen(
        "egress addresses of the target that its firewall drops",
        refused.join(", "),
        "none",
        source,
        target.egressAddresses.length,
      ),
    ];
    return refused.length === 0
      ? say.pass(`${party.name} lets in every egress address of ${target.name}.`, evidence)
      : say.fail(
          `The firewall of ${party.name} (${party.host}) doesn't know ${some(refused)}: calls from ${target.name} would be dropped without an answer.`,
          `Let the target go out by the source's addresses, or have ${party.name} add ${some(refused)}, and prove it with a probe.`,
          evidence,
        );
  });
};

/** network/egress: both clusters go out by the same addresses, and those are really there. */
export const judgeEgress = (plan: SlimPlan, gateways: Observed<readonly string[]>, at: string): Verdict => {
  const { source: from, target: to } = plan.settings;
  const say = judging(at)("network/egress", to.name);
  const source = "ec2:DescribeNatGateways";
  if (!("value" in gateways)) return say.unanswered(gateways.missing, source);
  const real = gateways.value;
  const evidence = [
    seen(
      "public addresses of the NAT gateways",
      [...real].sort(byCodeUnit).join(", "),
      "the plan's egress addresses",
      source,
      real.length,
    ),
    seen(
      "egress addresses of the target",
      to.egressAddresses.join(", "),
      `those of ${from.name}`,
      "repot.yaml",
      to.egressAddresses.length,
    ),
  ];
  if (real.length === 0)
    return say.unknown(
      "No NAT gateway with a public address was found, so nobody knows how pods go out.",
      "Name the VPC's gateways, or correct the rights to see them.",
      evidence,
    );
  const absent = to.egressAddresses.filter((a) => !real.includes(a));
  if (absent.length > 0)
    return say.fail(
      `${some(absent)} ${absent.length === 1 ? "is" : "are"} an egress address of ${to.name} in the plan, and no NAT gateway has ${absent.length === 1 ? "it" : "them"}.`,
      "Correct target.egressAddresses in repot.yaml, or create the gateways with these addresses first.",
      evidence,
    );
  const fresh = to.egressAddresses.filter((a) => !from.egressAddresses.includes(a));
  return fresh.length === 0
    ? say.pass(
        `${to.name} goes out by the same addresses as ${from.name}: third parties see nobody new.`,
        evidence,
      )
    : say.pass(
        `${to.name} also goes out by ${some(fresh)}, which ${from.name} never used; each third party with an allow-list is checked on its own, watch those that repot.yaml doesn't name.`,
        evidence,
      );
};

export type SubnetSeen = { readonly id: string; readonly zone: string; readonly freeAddresses: number };

/** Every pod of the target at full takes an address of the VPC; nodes and warm pools take more. */
const WARM_SHARE = 1.2;

/** network/free-addresses: the subnets hold a second fleet beside the first. */
export const judgeFreeAddresses = (
  plan: SlimPlan,
  subnets: Observed<readonly SubnetSeen[]>,
  at: string,
): Verdict => {
  const say = judging(at)("network/free-addresses", plan.settings.target.name);
  const source = "ec2:DescribeSubnets";
  if (!("value" in subnets)) return say.unanswered(subnets.missing, source);
  const moving = plan.workloads.filter((w) => w.move !== "keep-on-source" && w.move !== "none");
  const pods = moving.reduce((sum, w) => sum + Math.max(1, w.replicas), 0);
  const nodes = plan.settings.target.nodePools.reduce((sum, p) => sum + p.nodesMin, 0);
  const wanted = Math.ceil((pods + nodes) * WARM_SHARE);
  const free = subnets.value.reduce((sum, s) => sum + s.freeAddresses, 0);
  const zones = new Set(subnets.value.map((s) => s.zone));
  const evidence = [
    seen(
      "free addresses in the VPC's subnets",
      free,
      `at least ${wanted}: ${pods} pods and ${nodes} nodes, and a fifth in the CNI's warm pool`,
      source,
      subnets.value.length,
    ),
    seen("availability zones", zones.size, "at least 2", source, subnets.value.length),
  ];
  if (subnets.value.length === 0)
    return say.unknown(
      "No subnet was found, so nobody knows whether a second fleet has addresses.",
      "Tag the subnets for the cluster, or correct the rights to see them.",
      evidence,
    );
  if (free < wanted)
    return say.fail(
      `The subnets have ${counted(free, "free address", "free addresses")}, and the target takes ${wanted}.`,
      "Add subnets (a secondary range for pods), or lower WARM_ENI_TARGET, which hoards whole interfaces.",
      evidence,
    );
  if (zones.size < 2)
    return say.fail(
      `The subnets lie in ${counted(zones.size, "availability zone")}; EKS takes subnets of at least two.`,
      "Name subnets of a second availability zone.",
      evidence,
    );
  return say.pass(
    `The subnets have ${free} free addresses in ${zones.size} zones; the target takes ${wanted}.`,
    evidence,
  );
};

export type BalancerSeen = { readonly dnsName: string; readonly isActive: boolean };

/**
 * network/load-balancers: how clients enter now; who pins those addresses can't be seen from here.
 * @param entries Hostnames that the source's Services of type LoadBalancer have, lower case.
 */
export const judgeBalancers = (
  entries: Observed<readonly string[]>,
  balancers: Observed<readonly BalancerSeen[]>,
  subject: string,
  at: string,
): Verdict => {
  const say = judging(at)("network/load-balancers", subject);
  const source = "elasticloadbalancing:DescribeLoadBalancers, Services of the source";
  if (!("value" in entries)) return say.unanswered(entries.missing, source);
  if (!("value" in balancers)) return say.unanswered(balancers.missing, source);
  const byName = new Map(balancers.value.map((b) => [b.dnsName, b]));
  const broken = entries.value.filter((name) => byName.get(name)?.isActive === false).sort(byCodeUnit);
  const foreign = entries.value.filter((name) => !byName.has(name)).sort(byCodeUnit);
  const evidence = [
    seen(
      "load balancers of the source that aren't active",
      broken.length,
      "0",
      source,
      answered(entries.value),
    ),
    seen(
      "entries that are no Application or Network Load Balancer of this account",
      foreign.length,
      "0, or known to be so",
      source,
      answered(entries.value),
    ),
  ];
  if (broken.length > 0)
    return say.fail(
      `${some(broken)} ${broken.length === 1 ? "isn't" : "aren't"} active, and clients come in by ${broken.length === 1 ? "it" : "them"}.`,
      "Bring the load balancer back first; a platform that is broken isn't moved.",
      evidence,
    );
  const pinned = "the target gets its own, so watch partners and CDNs that pinned the old addresses";
  if (entries.value.length === 0)
    return say.pass("No Service of the source has a load balancer of its own.", evidence);
  return foreign.length > 0
    ? say.pass(
        `${some(foreign)} ${foreign.length === 1 ? "is" : "are"} not among this account's Application and Network Load Balancers; ${pinned}.`,
        evidence,
      )
    : say.pass(
        `${counted(entries.value.length, "load balancer")} of the source ${entries.value.length === 1 ? "is" : "are"} active; ${pinned}.`,
        evidence,
      );
};
