/** A Standard state machine for each definition, as it was rehearsed, with ARNs in place of names; its own log group, role and traces. */

import { definitionText, machinePolicyOf } from "../domain/permissions/machines.ts";
import { machineArn, machineName } from "../domain/permissions/place.ts";
import { trustOf } from "../domain/permissions/policy.ts";
import { steps } from "../functions/index.ts";
import { listeners } from "../functions/listeners.ts";
import type { NamedMachine } from "../workflows/asl.ts";
import { machines } from "../workflows/index.ts";
import { type Functions, resourceName } from "./functions.ts";
import { keep, logDays, type Stage } from "./stage.ts";
import type { Storage } from "./storage.ts";

export type Machines = ReadonlyMap<string, aws.sfn.StateMachine>;

export const makeMachines = (stage: Stage, storage: Storage, functions: Functions): Machines =>
  new Map(machines.map((machine) => [machine.name, makeMachine(stage, storage, functions, machine)]));

const makeMachine = (
  stage: Stage,
  { key }: Storage,
  functions: Functions,
  machine: NamedMachine,
): aws.sfn.StateMachine => {
  const { place } = stage;
  const name = resourceName(machine.name);
  const logs = new aws.cloudwatch.LogGroup(
    `${name}MachineLogs`,
    // Under this prefix the delivery of logs needs no growing resource policy.
    { name: `/aws/vendedlogs/states/${machineName(place, machine.name)}`, retentionInDays: logDays(stage) },
    { retainOnDelete: stage.isProduction },
  );
  const role = new aws.iam.Role(`${name}MachineRole`, {
    name: `${machineName(place, machine.name)}-machine`,
    description: `What the machine ${machine.name} calls`,
    assumeRolePolicy: JSON.stringify(
      trustOf({ ...place, keyArn: "" }, "states.amazonaws.com", machineArn(place, machine.name)),
    ),
  });
  const policy = new aws.iam.RolePolicy(`${name}MachinePolicy`, {
    name: "calls",
    role: role.name,
    policy: key.arn.apply((keyArn) =>
      JSON.stringify(machinePolicyOf({ ...place, keyArn }, machine, machines)),
    ),
  });
  return new aws.sfn.StateMachine(
    `${name}Machine`,
    {
      name: machineName(place, machine.name),
      type: "STANDARD",
      roleArn: role.arn,
      definition: definitionText({ ...place, keyArn: "" }, machine, {
        functions: [...steps, ...listeners].map((step) => step.name),
        machines: machines.map((m) => m.name),
      }),
      loggingConfiguration: {
        level: "ALL",
        // Inputs hold task tokens: the record has what people need.
        includeExecutionData: false,
        logDestination: $util.interpolate`${logs.arn}:*`,
      },
      tracingConfiguration: { enabled: true },
    },
    { ...keep(stage), dependsOn: [policy, ...functions.values()] },
  );
};
