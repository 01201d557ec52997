/**
 * Preflight's judgement of Kafka by what the brokers themselves say, before anything depends on it: each group's members against the plan's pods,
 * its protocol, assignor and static ids, and the addresses that brokers tell their clients to use. Pure.
 */

import type { Verdict } from "../gates.ts";
import type { GroupMember, KafkaBroker, ObservedGroup } from "../kafka.ts";
import { byCodeUnit } from "../kube.ts";
import type { Plan } from "../plan.ts";
import { resolvesFrom } from "../planning/addresses.ts";
import { counted, judging, type Observed, seen, some } from "./judging.ts";

type Planned = Plan["settings"]["groups"][number];

const ADMIN = "Kafka's admin API";

/** What was found of one group: the group as its coordinator describes it, and the addresses of its workload's pods. */
export type GroupFound = {
  readonly planned: Planned;
  readonly observed: Observed<ObservedGroup>;
  /** Of the source's pods. */
  readonly addresses: Observed<readonly string[]>;
};

/** Every verdict of one group. A group that is just rebalancing says nothing yet. */
export const judgeGroup = (found: GroupFound, at: string): readonly Verdict[] => {
  const { planned, observed } = found;
  const say = judging(at)("kafka/group", planned.group);
  if (!("value" in observed)) return [say.unanswered(observed.missing, ADMIN)];
  const group = observed.value;
  const evidence = [seen("state of the group", group.state, "stable", ADMIN, 1)];
  if (group.state !== "stable")
    return [
      say.unknown(
        `${planned.group} is ${group.state}: what its members are can't be told until it is stable.`,
        `See why ${planned.group} doesn't come to rest: kafka-consumer-groups.sh --describe --members --group ${planned.group}.`,
        evidence,
      ),
    ];
  return [
    say.pass(`${planned.group} is stable with ${counted(group.members.length, "member")}.`, evidence),
    protocolOf(planned, group, at),
    assignorOf(planned, group, at),
    membersOf(found, group, at),
    ...idsOf(planned, group, at),
  ];
};

const protocolOf = (planned: Planned, { protocol }: ObservedGroup, at: string): Verdict => {
  const say = judging(at)("kafka/protocol", planned.group);
  const evidence = [seen("group protocol", protocol, planned.protocol, ADMIN)];
  return protocol === planned.protocol
    ? say.pass(`${planned.group} speaks the ${protocol} protocol, as the plan says.`, evidence)
    : say.fail(
        `${planned.group} speaks the ${protocol} protocol, and the plan reckons with ${planned.protocol}: how it rebalances, and what static ids do, differ.`,
        `Set protocol: ${protocol} for ${planned.group} in repot.yaml and make the plan again.`,
        evidence,
      );
};

const isCooperative = (assignor: string): boolean => assignor.includes("cooperative");

/** Members that don't agree on a cooperative assignor fall back to an eager one: each rebalance then stops all of them. */
const assignorOf = (planned: Planned, { protocol, assignor }: ObservedGroup, at: string): Verdict => {
  const say = judging(at)("kafka/assignor", planned.group);
  const evidence = [
    seen("assignor that the group has agreed on", assignor ?? "not said", planned.assignor, ADMIN),
  ];
  if (protocol === "kip-848")
    return say.pass(`The brokers assign the partitions of ${planned.group} by themselves.`, evidence);
  if (assignor === undefined || assignor === "")
    return say.unknown(
      `The coordinator of ${planned.group} doesn't say which assignor its members have agreed on.`,
      "Ask again while the group has members; a consumer that assigns its partitions by itself is no member.",
      evidence,
    );
  if (isCooperative(assignor) === (planned.assignor === "cooperative"))
    return say.pass(`${planned.group} has agreed on ${assignor}, as the plan says.`, evidence);
  return planned.assignor === "cooperative"
    ? say.fail(
        `${planned.group} has agreed on ${assignor}, which is eager, and the plan reckons with a cooperative one: a member that doesn't know the cooperative one makes all fall back, and each move stops the whole group.`,
        `Give every member of ${planned.group} the cooperative-sticky assignor first (two rolling restarts), or set assignor: eager and make the plan again.`,
        evidence,
      )
    : say.fail(
        `${planned.group} has agreed on ${assignor}, and the plan reckons with an eager one: what each move costs was computed for another group.`,
        `Set assignor: cooperative for ${planned.group} in repot.yaml and make the plan again.`,
        evidence,
      );
};

/** Members are the plan's pods, each once: told by their addresses. */
const membersOf = ({ planned, addresses }: GroupFound, { members }: ObservedGroup, at: string): Verdict => {
  const say = judging(at)("kafka/members", planned.group);
  if (!("value" in addresses)) return say.unanswered(addresses.missing, "pods of the source");
  const pods = new Set(addresses.value);
  const strangers = members
    .filter((m) => !pods.has(m.host))
    .map(sayMember)
    .sort(byCodeUnit);
  const silent = addresses.value.filter((a) => !members.some((m) => m.host === a)).sort(byCodeUnit);
  const evidence = [
    seen("members", members.length, `${addresses.value.length}, as many as pods`, ADMIN),
    seen("members at no pod's address", strangers.length, "0", `${ADMIN} and pods of the source`),
    seen("pods that are no member", silent.length, "0", `${ADMIN} and pods of the source`),
  ];
  if (strangers.length === members.length && members.length > 0)
    return say.unknown(
      `No member of ${planned.group} comes from a pod of ${planned.workload} by its address: something on the way translates addresses, or others are the members.`,
      "See by client id who they are; where addresses are translated, moves can't be told by them, and the group is handed over by hand.",
      evidence,
    );
  if (strangers.length > 0)
    return say.fail(
      `${some(strangers)} ${strangers.length === 1 ? "is a member" : "are members"} of ${planned.group} and no pod of ${planned.workload}: who moves all members moves these as well, or leaves partitions to them.`,
      "Stop them, or say in repot.yaml which workload they belong to.",
      evidence,
    );
  if (silent.length > 0)
    return say.unknown(
      `${some(silent)} of ${planned.workload} ${silent.length === 1 ? "is a pod that is" : "are pods that are"} no member of ${planned.group}.`,
      "Wait until they have joined, or see in their logs why they don't.",
      evidence,
    );
  return say.pass(
    `The ${counted(members.length, "member")} of ${planned.group} ${members.length === 1 ? "is the pod" : "are the pods"} of ${planned.workload}, by their addresses.`,
    evidence,
  );
};

const sayMember = ({ clientId, host, instanceId }: GroupMember): string =>
  `${instanceId ?? clientId} at ${host}`;

/** Static ids as the members bear them: each once, and those that the plan hands over. */
const idsOf = (planned: Planned, { members }: ObservedGroup, at: string): readonly Verdict[] => {
  const ids = members.flatMap((m) => m.instanceId ?? []);
  if (planned.staticIdPrefix === undefined && ids.length === 0) return [];
  const say = judging(at)("kafka/static-ids", planned.group);
  const evidence = [seen("members with a static id", ids.length, `of ${members.length}`, ADMIN)];
  const doubled = ids.filter((id, i) => ids.indexOf(id) !== i);
  if (doubled.length > 0)
    return [
      say.fail(
        `${some([...new Set(doubled)])} ${doubled.length === 1 ? "is the id" : "are ids"} of more than one member of ${planned.group}: they throw each other out.`,
        "Give each member an id of its own.",
        evidence,
      ),
    ];
  if (planned.staticIdPrefix === undefined)
    return [
      say.fail(
        `Members of ${planned.group} have static ids (${some(ids)}), and the plan knows of none: two of one id on both clusters would throw each other out.`,
        `Set staticIdPrefix for ${planned.group} in repot.yaml and make the plan again.`,
        evidence,
      ),
    ];
  const foreign = members
    .filter((m) => !(m.instanceId ?? "").startsWith(`${planned.staticIdPrefix}-`))
    .map(sayMember)
    .sort(byCodeUnit);
  return [
    foreign.length === 0
      ? say.pass(`Each member of ${planned.group} has a static id of its own.`, evidence)
      : say.fail(
          `${some(foreign)} of ${planned.group} ${foreign.length === 1 ? "has" : "have"} no id ${planned.staticIdPrefix}-N: handing over ids would leave ${foreign.length === 1 ? "it" : "them"} behind.`,
          "Correct staticIdPrefix in repot.yaml, or the members' group.instance.id.",
          evidence,
        ),
  ];
};

/**
 * kafka/advertised: a client that moved asks one broker and then goes where that one sends it. Addresses that mean nothing on the target are
 * refused here; those that mean something there are tried by the probes before any traffic moves.
 */
export const judgeAdvertised = (
  brokers: Observed<readonly KafkaBroker[]>,
  plan: Pick<Plan, "platform" | "workloads">,
  at: string,
): Verdict => {
  const say = judging(at)("kafka/advertised", plan.platform);
  if (!("value" in brokers)) return say.unanswered(brokers.missing, ADMIN);
  const services = plan.workloads.flatMap((w) => w.services);
  const lost = brokers.value.filter(({ host }) => !resolvesFrom(host, services)).map(place);
  const evidence = [
    seen("brokers", brokers.value.length, "at least 1", ADMIN),
    seen("addresses that mean nothing on the target", lost.length, "0", ADMIN, brokers.value.length),
  ];
  if (brokers.value.length === 0)
    return say.unknown(
      "Kafka names no broker.",
      "Ask its operators: kafka-broker-api-versions.sh.",
      evidence,
    );
  return lost.length === 0
    ? say.pass(
        `${counted(brokers.value.length, "broker")} advertise ${some(brokers.value.map(place))}; the probes try them from both clusters.`,
        evidence,
      )
    : say.fail(
        `${some(lost)}: brokers advertise ${lost.length === 1 ? "this address" : "these addresses"} to their clients, and the target can't resolve ${lost.length === 1 ? "it" : "them"}: whoever moves there finds the first broker and none after it.`,
        "Give the brokers a listener whose advertised address both clusters resolve (a load balancer or a DNS name for each broker, advertised.listeners), or a Service for each broker.",
        evidence,
      );
};

const place = ({ host, port }: KafkaBroker): string => `${host}:${port}`;
