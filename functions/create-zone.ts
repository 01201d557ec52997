/** The zone of the same name that nobody is sent to yet: low TTLs from the start, and every record but the hosts', which `fill-zone` adds. */

import { makeRoute53 } from "../adapters/route53.ts";
import { type ControllerContainer, identityOf } from "../domain/controllers.ts";
import type { RecordSet } from "../domain/effects.ts";
import { operationOf } from "../domain/operations.ts";
import { nameOf } from "../domain/plan.ts";
import { at } from "../domain/pods.ts";
import { copied, type NewOwner, soaWith } from "../domain/zone-copy.ts";
import { BatchInput, place } from "./batch.ts";
import { makeEffect, withJournal } from "./effect.ts";
import { objectsOf } from "./objects.ts";
import { makeRecords } from "./records.ts";
import { planOf, type Run, type SlimPlan } from "./run.ts";
import { startOf } from "./start.ts";
import { type Context, step } from "./step.ts";
import { callerReferenceOf, freshOf, hostsOf, RECORD_READS, recordOf, zonesOf } from "./zones.ts";

export const createZone = step({
  name: "create-zone",
  does: "Creates the undelegated zone, lowers the TTLs of its apex, and copies the old zone's other records into it.",
  input: BatchInput,
  needs: withJournal({
    route53: [
      "GetHostedZone",
      ...RECORD_READS,
      "ChangeResourceRecordSets UPSERT any apex,below",
      "CreateHostedZone",
    ],
  }),
  run: async (input, context) => {
    const { run } = input;
    const plan = await planOf(context, run);
    const { zone, loweredTtlSeconds } = plan.settings.dns;
    const at = { step: "create-zone", operation: operationOf(plan, "create-zone") };
    await makeEffect(
      context,
      run,
      { ...at, move: "0" },
      { kind: "create-zone", name: zone, callerReference: callerReferenceOf(run) },
    );

    const route53 = makeRoute53(context.aws.route53);
    const { id } = freshOf(await zonesOf(context, run, plan));
    const ns = await recordOf(route53, id, zone, "NS");
    const soa = await recordOf(route53, id, zone, "SOA");
    const { records } = await startOf(context, run);
    const changes: readonly (readonly [RecordSet | null, RecordSet])[] = [
      [ns, { ...ns, ttlSeconds: loweredTtlSeconds }],
      [soa, soaWith(soa, loweredTtlSeconds)],
      ...copied(records, zone, hostsOf(plan), await newOwners(context, run, plan)).map(
        (record) => [null, record] as const,
      ),
    ];
    return makeRecords(
      context,
      input,
      { step: "create-zone", operation: "create-zone" },
      changes.map(([before, after], index) => ({
        move: `1.${place(index)}`,
        effect: { kind: "set-record", zoneId: id, before, after },
      })),
    );
  },
});

/** The owner ids of the platform's external-dns, and what the target's are called. */
const newOwners = async (context: Context, run: Run, plan: SlimPlan): Promise<readonly NewOwner[]> => {
  const running = plan.workloads.filter((w) => w.controller?.product === "external-dns");
  if (running.length === 0) return [];
  const names = new Set(running.map((w) => `${w.kind} ${nameOf(w)}`));
  return (await objectsOf(context, run))
    .filter((o) => names.has(`${o.kind} ${o.metadata.namespace}/${o.metadata.name}`))
    .flatMap((o) => {
      const containers = (at(o, "spec", "template", "spec", "containers") ??
        []) as readonly ControllerContainer[];
      const from = identityOf("external-dns", containers);
      return from === undefined ? [] : [{ from, to: plan.settings.target.name }];
    });
};
