/** What the tests of DNS steps share: the three zones, their records, and a bench where the new one is built. */

import { applyEffect } from "../../adapters/effects/index.ts";
import { ownReference } from "../../adapters/effects/zones.ts";
import { makeRoute53 } from "../../adapters/route53.ts";
import { fqdn } from "../../domain/dns-names.ts";
import type { RecordSet } from "../../domain/effects.ts";
import { isForward } from "../../domain/journal.ts";
import { recordStart } from "../../functions/record-start.ts";
import { undoEffectStep } from "../../functions/undo-effect.ts";
import type { FaultHook } from "../../simulator/services/seam.ts";
import { HOST, makeStepBench, RUN, type StepBench, ZONE } from "./bench.ts";

export const ALL = {
  s3: ["GetObject", "PutObject", "ListBucket"],
  route53: [
    "CreateHostedZone",
    "GetHostedZone",
    "ListHostedZonesByName",
    "ListResourceRecordSets",
    "ChangeResourceRecordSets",
  ],
};

export const dns = <T>(
  bench: StepBench,
  ask: (route53: ReturnType<typeof makeRoute53>) => Promise<T>,
): Promise<T> => bench.within(ALL, () => ask(makeRoute53(bench.context.aws.route53)));
export const zones = async (bench: StepBench) => {
  const named = await dns(bench, (r) => r.zonesByName(ZONE));
  const [parent] = await dns(bench, (r) => r.zonesByName("example"));
  const fresh = named.find((z) => z.callerReference === ownReference(RUN.migration));
  return { parent: parent?.id ?? "", old: named.find((z) => z !== fresh)?.id ?? "", fresh: fresh?.id ?? "" };
};
export const records = (bench: StepBench, zoneId: string): Promise<readonly RecordSet[]> =>
  dns(bench, (r) => r.listRecords(zoneId));
export const find = async (bench: StepBench, zoneId: string, type: string, name = ZONE) =>
  (await records(bench, zoneId)).find((r) => r.type === type && r.name === fqdn(name));
export const change = async (bench: StepBench, zoneId: string, record: RecordSet) => {
  await dns(bench, (r) => r.change(zoneId, [{ action: "UPSERT", record }]));
  bench.wait(120);
};
export const NEW: RecordSet = { name: `${HOST}.`, type: "A", ttlSeconds: 60, values: ["198.51.100.7"] };

/** With the new zone and its host, and the start on record. */
export const built = async (fault?: FaultHook) => {
  const bench = makeStepBench(fault ? { fault } : {});
  await bench.run(recordStart);
  await bench.within(ALL, () =>
    applyEffect(
      { kind: "create-zone", name: ZONE, callerReference: ownReference(RUN.migration) },
      bench.clients,
    ),
  );
  bench.wait(120);
  const ids = await zones(bench);
  await change(bench, ids.fresh, NEW);
  return { bench, ...ids };
};

/** Calls a step until it is through: one change a zone at a time, as the state machine retries. */
export const through = async <T>(bench: StepBench, call: () => Promise<T>): Promise<T> => {
  for (let tries = 0; tries < 10; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if ((error as Error).name !== "Conflict") throw error;
      bench.wait(60);
    }
  }
  throw new Error("It never got through.");
};

export const gateInput = (asked: number) => ({
  phase: "cut-traffic",
  subject: "platform",
  asked,
  watcher: "w",
});
export const undoAll = async (bench: StepBench) => {
  for (const key of [...bench.stored.keys()].filter(isForward).sort().reverse()) {
    await through(bench, () => bench.run(undoEffectStep, { entry: [key] }));
    bench.wait(120);
  }
};
