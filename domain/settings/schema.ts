/** The shape of the settings. Apart from the reading of repot.yaml: deployed functions get a plan, and bring no YAML parser. */

import * as z from "zod";
import { ClusterSettings } from "./clusters.ts";
import { KafkaGroup, KafkaSettings, Queue } from "./messaging.ts";
import { Network } from "./network.ts";
import { Approvals, Pipeline, Window } from "./people.ts";
import { Correction, Gates, Policy } from "./policy.ts";
import { Capacity, Datastore, Dns, HostLoad, ThirdParty } from "./traffic.ts";

export const SettingsSchema = z.strictObject({
  platform: z.string().min(1).max(63),
  source: ClusterSettings,
  target: ClusterSettings,
  dns: Dns,
  load: z.array(HostLoad).default([]),
  capacity: z.array(Capacity).default([]),
  datastores: z.array(Datastore).default([]),
  thirdParties: z.array(ThirdParty).default([]),
  network: Network.prefault({}),
  /** The brokers of the groups below, where Repot may ask them. */
  kafka: KafkaSettings.optional(),
  groups: z.array(KafkaGroup).default([]),
  queues: z.array(Queue).default([]),
  pipelines: z.array(Pipeline).default([]),
  decisions: z.record(z.string(), z.enum(["keep-on-source", "copy-with-pause", "rebuild"])).default({}),
  /** Seconds that people approve for what is copied with a pause, by workload; policy.pauseSecondsMax for the others. */
  pauses: z.record(z.string(), z.number().positive().max(86_400)).default({}),
  window: Window,
  approvals: Approvals,
  gates: Gates,
  policy: Policy,
  /** Corrections of classes, by workload: a person's word goes before what manifests let us guess. */
  classes: z.record(z.string(), Correction).optional(),
});
export type Settings = z.infer<typeof SettingsSchema>;

/** repot.yaml as people write it: any part of the settings, nothing else. */
export const SettingsFileSchema = z.strictObject({
  ...SettingsSchema.partial().shape,
  source: ClusterSettings.partial().optional(),
  target: ClusterSettings.partial().optional(),
  dns: Dns.partial().optional(),
  window: Window.partial().optional(),
  approvals: Approvals.partial().optional(),
  network: Network.partial().optional(),
  gates: Gates.partial().optional(),
  policy: Policy.partial().optional(),
});
export type SettingsFile = z.input<typeof SettingsFileSchema>;
