/** A case of the contract with AWS: who is asked what, what is there before, and what is expected. */

import type { AwsClients } from "../../functions/step.ts";

export type Case = {
  readonly service: keyof AwsClients;
  readonly title: string;
  /** The live counterpart, or the page that documents the answer. */
  readonly source: "moto" | `https://${string}`;
  /** Why the counterpart isn't asked; with a page as the source. */
  readonly unlike?: string;
  /** @returns what is compared with `expected`; an error as its name. */
  readonly run: (aws: AwsClients, world: World) => Promise<unknown>;
  readonly expected: unknown;
};

/** What is there before: things by the names or ids that the counterpart has given them. */
export type World = {
  /** An empty bucket. */
  readonly bucket: string;
  readonly secret: string;
  /** The name of a cluster that isn't there. */
  readonly cluster: string;
  /** A VPC of 10.0.0.0/16, in it a subnet of 10.0.16.0/20 that nobody uses, and a NAT gateway with this address. */
  readonly vpcId: string;
  readonly subnetId: string;
  readonly natAddress: string;
  /** Two network load balancers; the first one's group `web` sends to 10.0.0.7:8080, which is healthy. */
  readonly balancers: readonly [string, string];
  /** A queue that takes messages, by its URL; and one in which two messages wait, by its name. */
  readonly queueUrl: string;
  readonly queue: string;
  /** A machine that waits for ten minutes. */
  readonly machineArn: string;
  /** A log group in which nothing is. */
  readonly logGroup: string;
};

/** `Conflict`, `NotFound`: the domain's name of a refusal, or that of the SDK's exception. */
export const refusal = async (call: () => Promise<unknown>): Promise<string> => {
  try {
    return `accepted: ${JSON.stringify(await call())}`;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
};

/** What both counterparts run. */
export const WAITING_MACHINE = {
  QueryLanguage: "JSONata",
  StartAt: "Wait",
  States: { Wait: { Type: "Wait", Seconds: 600, End: true } },
} as const;
