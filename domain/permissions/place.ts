/** Where Repot is deployed, as far as policies name it. Every name is deterministic, so that ARNs can be written before anything exists. */

export type Place = {
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** What the names of functions, machines and roles begin with: `repot-prod`. */
  readonly prefix: string;
  readonly bucket: string;
  /** The customer key that the bucket is encrypted with. */
  readonly keyArn: string;
  /** The platform's zones, lower case, without the last dot. */
  readonly zones: readonly string[];
  /** Names of EKS clusters; a source that isn't EKS has none. */
  readonly clusters: { readonly source?: string; readonly target: string };
  /** The role that a cluster gets that Repot creates. */
  readonly clusterRoleArn?: string;
  /** SQS queues that the platform's workers consume; none where absent. */
  readonly workQueues?: readonly string[];
  /** SSM Change Calendars that a plan's window may name, by name or ARN; none where absent. */
  readonly changeCalendars?: readonly string[];
  /** Log groups of VPC Flow Logs. */
  readonly flowLogGroups: readonly string[];
};

export const functionName = (place: Pick<Place, "prefix">, step: string): string => `${place.prefix}-${step}`;
export const machineName = (place: Pick<Place, "prefix">, machine: string): string =>
  `${place.prefix}-${machine}`;

type Owned = Pick<Place, "partition" | "region" | "account" | "prefix">;
export const arn = (place: Owned, service: string, resource: string): string =>
  `arn:${place.partition}:${service}:${place.region}:${place.account}:${resource}`;

/** Secrets of a deployment; Secrets Manager adds a dash and six characters to a name's ARN. */
export const secretName = (place: Pick<Place, "prefix">, of: "slack" | "kafka" | "rabbitmq"): string =>
  `${place.prefix}-${of}`;
export const secretArn = (place: Owned, of: Parameters<typeof secretName>[1]): string =>
  arn(place, "secretsmanager", `secret:${secretName(place, of)}-??????`);

export const functionArn = (place: Owned, step: string): string =>
  arn(place, "lambda", `function:${functionName(place, step)}`);
export const machineArn = (place: Owned, machine: string): string =>
  arn(place, "states", `stateMachine:${machineName(place, machine)}`);
/** The executions of a machine, the children of its distributed Maps among them. */
export const executionArns = (place: Owned, machine: string): readonly string[] => [
  arn(place, "states", `execution:${machineName(place, machine)}:*`),
  arn(place, "states", `execution:${machineName(place, machine)}/*`),
];
