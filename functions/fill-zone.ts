/** The hosts of the new zone lead to the target's load balancers, as soon as those have names. */

import { DescribeLoadBalancersCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { calling } from "../adapters/aws.ts";
import { makeRoute53 } from "../adapters/route53.ts";
import { undotted } from "../domain/dns-names.ts";
import { NotFound, Transient } from "../domain/errors.ts";
import { leading, toBalancer } from "../domain/zone-copy.ts";
import { balancersOn } from "./balancers.ts";
import { type BatchInput, BatchInput as Input, slug } from "./batch.ts";
import { withJournal } from "./effect.ts";
import { makeRecords, type NamedRecord } from "./records.ts";
import { planOf } from "./run.ts";
import { startOf } from "./start.ts";
import { type Context, step } from "./step.ts";
import { freshOf, RECORD_READS, zonesOf } from "./zones.ts";

export const fillZone = step({
  name: "fill-zone",
  does: "Gives each public host of the new zone a record that leads to the target's load balancer; waits for balancers without a name.",
  input: Input,
  needs: withJournal({
    route53: [...RECORD_READS, "ChangeResourceRecordSets UPSERT A,AAAA,CNAME apex,below"],
    elb: ["DescribeLoadBalancers"],
    kubernetes: { target: ["list ingresses", "list services"] },
  }),
  run: async (input, context) =>
    makeRecords(
      context,
      input,
      { step: "fill-zone", operation: "fill-zone" },
      await recordsWanted(input, context),
    ),
});

const recordsWanted = async ({ run }: BatchInput, context: Context): Promise<readonly NamedRecord[]> => {
  const plan = await planOf(context, run);
  const { zone, loweredTtlSeconds } = plan.settings.dns;
  const { id } = freshOf(await zonesOf(context, run, plan));
  const route53 = makeRoute53(context.aws.route53);
  const present = await route53.listRecords(id);
  const { records } = await startOf(context, run);
  const named: NamedRecord[] = [];
  const balancerFor = await balancersOn(context, "target");
  const ids = new Map<string, string | undefined>();
  for (const host of plan.hosts) {
    const balancer = balancerFor(host);
    if (balancer === undefined)
      throw new Transient(
        `The load balancer for ${host.host} on the target has no name yet; it is asked again.`,
      );
    const now = leading(records, host.host);
    const wanted = (zoneId?: string) => toBalancer(host.host, zone, now, balancer, loweredTtlSeconds, zoneId);
    const after = wanted() ?? wanted(await zoneIdOf(context, ids, balancer));
    if (!after)
      throw new NotFound(
        `No load balancer named ${balancer} was found, so ${host.host} can't become an alias of it.`,
      );
    const before = leading(present, host.host).find((r) => r.type === after.type) ?? null;
    named.push({
      move: slug(host.host, after.type),
      effect: { kind: "set-record", zoneId: id, before, after },
    });
  }
  return named;
};

/** Each balancer is looked up once. */
const zoneIdOf = async (
  context: Context,
  known: Map<string, string | undefined>,
  balancer: string,
): Promise<string | undefined> => {
  if (!known.has(balancer)) known.set(balancer, await hostedZoneIdOf(context, balancer));
  return known.get(balancer);
};

const PAGES_MAX = 50;

/** The hosted zone that a load balancer's own name lies in: what an alias has to name. */
const hostedZoneIdOf = async (context: Context, dnsName: string): Promise<string | undefined> => {
  let marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await calling("list the load balancers", () =>
      context.aws.elb.send(new DescribeLoadBalancersCommand(marker === undefined ? {} : { Marker: marker })),
    );
    const found = (answer.LoadBalancers ?? []).find((b) => b.DNSName?.toLowerCase() === undotted(dnsName));
    if (found) return found.CanonicalHostedZoneId;
    marker = answer.NextMarker;
    if (marker === undefined) return undefined;
  }
  throw new Transient(`There are more than ${PAGES_MAX} pages of load balancers.`);
};
