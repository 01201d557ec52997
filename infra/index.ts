/** The whole stack of one stage, in the order in which its parts need each other. */

import { makeAccessEntries } from "./access.ts";
import { makeAlarms } from "./alarms.ts";
import { makeApi } from "./api.ts";
import { placeOf, readDeployment } from "./deployment.ts";
import { makeFunctions } from "./functions.ts";
import { connectQueues, makeQueues } from "./queues.ts";
import { makeRules } from "./rules.ts";
import { makeSchedules } from "./schedules.ts";
import { makeSecrets } from "./secrets.ts";
import type { Stage } from "./stage.ts";
import { makeStorage } from "./storage.ts";
import { makeMachines } from "./workflows.ts";

/** @returns what an operator needs to begin. */
export const deploy = async (name: string) => {
  const deployment = readDeployment(name);
  const place = placeOf(name, deployment);
  const stage: Stage = { name, deployment, place, isProduction: name === "prod" };
  const storage = makeStorage(stage);
  const secrets = makeSecrets(stage);
  const queues = makeQueues(stage);
  const functions = await makeFunctions(stage, storage, queues);
  const machines = makeMachines(stage, storage, functions);
  makeAccessEntries(stage, functions);
  connectQueues(queues, functions);
  makeRules(stage, queues, functions);
  makeSchedules(stage, queues, machines);
  const door = makeApi(stage, functions);
  makeAlarms(stage, queues, functions);
  return {
    bucket: storage.memory.bucket,
    velero: storage.velero.bucket,
    migrateCluster: machines.get("migrate-cluster")?.arn,
    slackEndpoint: door.apiEndpoint,
    ...secrets,
  };
};
