/** What a deployed function knows of where it is: read once from its environment, parsed at the door. infra/functions.ts writes it. */

import * as z from "zod";

const ClusterSchema = z.object({
  name: z.string(),
  /** Its address and certificate authority (PEM); absent where EKS is asked for them. */
  endpoint: z.url().optional(),
  certificateAuthority: z.string().optional(),
  /** Base URL of its metrics. */
  metrics: z.url(),
});
export type Cluster = z.infer<typeof ClusterSchema>;

const KafkaBrokersSchema = z.object({
  bootstrapServers: z.array(z.string()).min(1),
  tls: z.boolean(),
  saslMechanism: z.enum(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]).optional(),
  /** The name of the secret with the login. */
  secret: z.string(),
});
export type KafkaBrokers = z.infer<typeof KafkaBrokersSchema>;

const RabbitBrokersSchema = z.object({ managementUrls: z.array(z.url()).min(1), secret: z.string() });
export type RabbitBrokers = z.infer<typeof RabbitBrokersSchema>;

const json = <S extends z.ZodType>(schema: S) =>
  z.string().transform((text, context) => {
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      context.addIssue({ code: "custom", message: String(error) });
      return z.NEVER;
    }
  });

const EnvironmentSchema = z.object({
  AWS_REGION: z.string(),
  AWS_ACCESS_KEY_ID: z.string(),
  AWS_SECRET_ACCESS_KEY: z.string(),
  AWS_SESSION_TOKEN: z.string().optional(),
  REPOT_BUCKET: z.string(),
  /** The ARN of a state machine with `MACHINE` for its name. */
  REPOT_MACHINE_ARN: z.string(),
  REPOT_VOTES_QUEUE_URL: z.string(),
  REPOT_SLACK_SECRET: z.string(),
  /** Brokers that functions may ask; none where absent. */
  REPOT_BROKERS: json(
    z.object({ kafka: KafkaBrokersSchema.optional(), rabbitmq: RabbitBrokersSchema.optional() }),
  ).prefault("{}"),
  REPOT_CLUSTERS: json(z.object({ source: ClusterSchema, target: ClusterSchema })),
});
export type Environment = z.infer<typeof EnvironmentSchema>;

/** @throws Error that names what is missing: the deployment is at fault, not the caller. */
export const readEnvironment = (variables: Readonly<Record<string, string | undefined>>): Environment => {
  const parsed = EnvironmentSchema.safeParse(variables);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`The function was deployed without a good ${issue?.path.join(".")}: ${issue?.message}.`);
};
