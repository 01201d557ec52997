/**
 * Who of those that the source talks to can't be reached from the target, and whose firewall that is likely to be. Pure: from what probes on
 * both sides found and what the VPC's flow logs say to verdicts with their evidence.
 */

import type { Destination } from "../destinations.ts";
import { placeOf } from "../destinations.ts";
import { TRIES, type Tried } from "../egress-probes.ts";
import type { Verdict } from "../gates.ts";
import { byCodeUnit } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { judging, type Observed, type Seen, seen, some } from "./judging.ts";

/** What the flow logs say of one address and port, as one cluster's nodes called it. */
export type Flow = { readonly accepted: number; readonly rejected: number; readonly answered: number };
/** By `address:port`. */
export type Flows = ReadonlyMap<string, Flow>;

export type Sides<T> = { readonly source: T; readonly target: T };

const PROBES = "TCP probes from pods of both clusters";
const LOGS = "VPC flow logs by CloudWatch Logs Insights";

type Settings = Plan["settings"];

/** Every verdict about what lies outside: a destination, an egress address, and whether the flow logs can be believed. */
export const judgeFirewalls = (
  settings: Settings,
  destinations: readonly Destination[],
  tried: Sides<Tried>,
  flows: Observed<Sides<Flows>>,
  at: string,
): readonly Verdict[] => [
  egressProved(settings, tried.target, at),
  ...withoutTwins(destinations, tried).map((to) => reachable(settings, to, tried, flows, at)),
  ...("value" in flows
    ? [logsAreComplete(settings, destinations, tried, flows.value, at), ...onlyFromTarget(flows.value, at)]
    : [judging(at)("egress/flow-logs", settings.network.flowLogGroup).unanswered(flows.missing, LOGS)]),
];

/** An address in the flow logs that a named destination resolves to is that destination. */
const withoutTwins = (
  destinations: readonly Destination[],
  { source }: Sides<Tried>,
): readonly Destination[] => {
  const named = new Set(
    destinations.flatMap((to) => {
      const ip = to.kind === "seen" ? null : source.byPlace.get(placeOf(to))?.ip;
      return typeof ip === "string" ? [`${ip}:${to.port}`] : [];
    }),
  );
  return destinations.filter((to) => to.kind !== "seen" || !named.has(placeOf(to)));
};

/** The addresses that the world sees are those that the plan says, as somebody outside saw them. */
const egressProved = (settings: Settings, tried: Tried, at: string): Verdict => {
  const { target, network } = settings;
  const say = judging(at)("egress/address", target.name);
  const evidence = [
    seen(
      `addresses that ${network.egressEcho} saw`,
      tried.egress.join(", "),
      target.egressAddresses.join(", "),
      PROBES,
      tried.egress.length,
    ),
  ];
  if (tried.egress.length === 0)
    return say.unknown(
      `${network.egressEcho} has not told by which address ${target.name} goes out.`,
      "Wait for the probes; or name another echo in repot.yaml (network.egressEcho).",
      evidence,
    );
  const strange = tried.egress.filter((a) => !target.egressAddresses.includes(a));
  return strange.length === 0
    ? say.pass(`${target.name} goes out by ${some(tried.egress)}, as the plan says.`, evidence)
    : say.fail(
        `${target.name} goes out by ${some(strange)}, and the plan says ${some(target.egressAddresses)}: third parties see somebody whom nobody announced.`,
        "Look at the route tables of the target's subnets: they have to lead to the same NAT gateways as the source's.",
        evidence,
      );
};

const reachable = (
  settings: Settings,
  to: Destination,
  { source, target }: Sides<Tried>,
  flows: Observed<Sides<Flows>>,
  at: string,
): Verdict => {
  const place = placeOf(to);
  const say = judging(at)("egress/destination", to.kind === "seen" ? place : `${to.name} (${place})`);
  const [here, there] = [source.byPlace.get(place), target.byPlace.get(place)];
  const threshold = "connected from the target wherever it is from the source";
  const evidence: Seen[] = [
    seen(`from ${settings.source.name}`, here?.is ?? null, threshold, PROBES, here ? TRIES : 0),
    seen(`from ${settings.target.name}`, there?.is ?? null, threshold, PROBES, there ? TRIES : 0),
  ];
  if (!here || !there)
    return say.unknown(
      `${to.name} was not tried from ${(here ? settings.target : settings.source).name} yet.`,
      "Wait for the probes: kubectl -n repot-system get cronjobs,jobs.",
      evidence,
    );
  if (there.is === "connected")
    return say.pass(`${to.name} answers at ${place} from ${settings.target.name}.`, evidence);
  if (here.is !== "connected")
    return say.pass(
      `${to.name} answers neither cluster at ${place} (${here.is}, ${there.is}): that is not the target's doing.`,
      evidence,
    );
  const flow = flowOf(flows, there.ip, to.port);
  return say.fail(
    `${to.name} answers ${settings.source.name} at ${place} and not ${settings.target.name} (${there.is}): ${blame(settings, to, there.is, flow)}.`,
    remedyFor(settings, to, there.is, flow),
    [
      ...evidence,
      ...(flow
        ? [
            seen(
              `flows of ${settings.target.name} to ${there.ip}:${to.port}`,
              `${flow.accepted} accepted, ${flow.rejected} rejected, ${flow.answered} answered`,
              "answered",
              LOGS,
              flow.accepted + flow.rejected,
            ),
          ]
        : []),
    ],
  );
};

const flowOf = (flows: Observed<Sides<Flows>>, ip: string | null, port: number): Flow | undefined =>
  "value" in flows && ip !== null ? flows.value.target.get(`${ip}:${port}`) : undefined;

type Whose = "ours" | "theirs" | "nobody's" | "unknown";

/** REJECT is written by our own security groups and network ACLs only; a drop of somebody else's is an ACCEPT that nobody answers. */
const whose = (flow: Flow | undefined): Whose => {
  if (!flow || flow.accepted + flow.rejected === 0) return "unknown";
  if (flow.rejected > 0) return "ours";
  return flow.answered === 0 ? "theirs" : "nobody's";
};

const blame = (settings: Settings, to: Destination, is: string, flow: Flow | undefined): string => {
  if (is === "no-name") return "its name doesn't resolve there";
  if (is === "refused") return "something on the way refuses the connection, which no silent firewall does";
  switch (whose(flow)) {
    case "ours":
      return "our own security group or network ACL rejects it";
    case "theirs":
      return `the firewall of ${to.name} is likely to drop ${some(settings.target.egressAddresses)}, since our own lets it out and nothing comes back`;
    case "nobody's":
      return "flows go and come back, so it was dropped for a while only";
    case "unknown":
      return "whose firewall it is the flow logs can't tell yet";
  }
};

const remedyFor = (settings: Settings, to: Destination, is: string, flow: Flow | undefined): string => {
  if (is === "no-name")
    return `Look up ${to.host} from a pod of ${settings.target.name}: CoreDNS, the VPC's resolver rules, or a private zone that isn't associated.`;
  switch (whose(flow)) {
    case "ours":
      return `Let the nodes of ${settings.target.name} out to ${placeOf(to)}: compare their security groups and their subnets' network ACLs with those of ${settings.source.name}.`;
    case "theirs":
      return `Have ${to.name} let in ${some(settings.target.egressAddresses)}, or let the target go out by the source's addresses; then try again.`;
    default:
      return `From a pod of ${settings.target.name}: nc -vz ${to.host} ${to.port}; then look at route tables, security groups, network policies, and ask ${to.name}.`;
  }
};

/** The probes' own connections have to be in the logs: where they aren't, the records are late, and what else isn't there says nothing. */
const logsAreComplete = (
  settings: Settings,
  destinations: readonly Destination[],
  tried: Sides<Tried>,
  flows: Sides<Flows>,
  at: string,
): Verdict => {
  const say = judging(at)("egress/flow-logs", settings.network.flowLogGroup);
  const due = (["source", "target"] as const).flatMap((side) =>
    destinations.flatMap((to) => {
      const ip = tried[side].byPlace.get(placeOf(to))?.ip;
      return typeof ip === "string" ? [{ side, place: `${ip}:${to.port}` }] : [];
    }),
  );
  const missing = due.filter(({ side, place }) => {
    const flow = flows[side].get(place);
    return !flow || flow.accepted + flow.rejected === 0;
  });
  const evidence = [
    seen("connections of the probes that the logs don't have", missing.length, "0", LOGS, due.length),
  ];
  if (due.length === 0)
    return say.pass("No destination was tried, so the flow logs have nothing to show.", [
      seen("destinations outside of the clusters", 0, "each in the logs", LOGS),
    ]);
  if (missing.length > 0)
    return say.unknown(
      `The flow logs don't show ${missing.length} of the ${due.length} connections that the probes made: records are late, and what isn't there says nothing.`,
      `Wait for ${settings.network.flowLogGroup}; where nothing ever comes, look at the VPC's flow log (all traffic, both clusters' subnets).`,
      evidence,
    );
  return say.pass(`The flow logs show all ${due.length} connections that the probes made.`, evidence);
};

/** What our own firewalls reject from the target only, and what only the target gets no answer from, whoever called it. */
const onlyFromTarget = (flows: Sides<Flows>, at: string): readonly Verdict[] =>
  [...flows.target]
    .sort(([a], [b]) => byCodeUnit(a, b))
    .flatMap(([place, there]) => {
      const here = flows.source.get(place);
      const rejected = there.rejected > 0 && (here?.rejected ?? 0) === 0;
      const silent = there.accepted > 0 && there.answered === 0 && (here?.answered ?? 0) > 0;
      if (!rejected && !silent) return [];
      const say = judging(at)(rejected ? "egress/rejects" : "egress/no-return", place);
      const evidence = (["source", "target"] as const).map((side) => {
        const flow = flows[side].get(place) ?? { accepted: 0, rejected: 0, answered: 0 };
        return seen(
          `flows of the ${side} to ${place}`,
          `${flow.accepted} accepted, ${flow.rejected} rejected, ${flow.answered} answered`,
          "like those of the source",
          LOGS,
          flow.accepted + flow.rejected,
        );
      });
      return [
        rejected
          ? say.fail(
              `${there.rejected} flows of the target to ${place} were rejected, and none of the source's: that is a security group or network ACL of ours.`,
              "Compare the security groups and network ACLs of both clusters' nodes.",
              evidence,
            )
          : say.fail(
              `${there.accepted} flows of the target to ${place} got nothing back, and the source's do: a firewall that isn't ours is likely to drop them.`,
              "Ask whoever owns the address to let in the target's egress addresses.",
              evidence,
            ),
      ];
    });
