/** What Pulumi's mocks answer: the outputs of resources that others read, and the few questions that SST's components ask of AWS. */

export const REGION = "eu-central-1";

type Asked = {
  readonly type: string;
  readonly name: string;
  readonly inputs: Inputs;
  readonly custom?: boolean;
};
type Inputs = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** ARNs as AWS forms them, where a policy or another resource goes by them. */
const arnOf = (type: string, name: string, account: string): string => {
  const inRegion = (service: string, resource: string) =>
    `arn:aws:${service}:${REGION}:${account}:${resource}`;
  switch (type) {
    case "aws:lambda/function:Function":
      return inRegion("lambda", `function:${name}`);
    case "aws:iam/role:Role":
      return `arn:aws:iam::${account}:role/${name}`;
    case "aws:sfn/stateMachine:StateMachine":
      return inRegion("states", `stateMachine:${name}`);
    case "aws:s3/bucket:Bucket":
      return `arn:aws:s3:::${name}`;
    case "aws:sqs/queue:Queue":
      return inRegion("sqs", name);
    case "aws:sns/topic:Topic":
      return inRegion("sns", name);
    case "aws:kms/key:Key":
      return inRegion("kms", `key/${name}`);
    case "aws:cloudwatch/logGroup:LogGroup":
      return inRegion("logs", `log-group:${name}`);
    case "aws:cloudwatch/eventRule:EventRule":
      return inRegion("events", `rule/${name}`);
    default:
      return inRegion(type.split(":")[1]?.split("/")[0] ?? "unknown", name);
  }
};

/** What a resource has once it is made. */
export const made = (asked: Asked, account: string): { readonly id: string; readonly state: Inputs } => {
  const { type, inputs } = asked;
  const name = text(inputs["name"]) || text(inputs["bucket"]) || asked.name;
  if (asked.custom === false || type.startsWith("sst:") || type === "pulumi:pulumi:Stack")
    return { id: asked.name, state: inputs };
  const state: Record<string, unknown> = { ...inputs, name, arn: arnOf(type, name, account) };
  if (type === "aws:s3/bucket:Bucket") state["bucket"] = name;
  if (type === "aws:kms/key:Key") state["keyId"] = name;
  if (type === "aws:sqs/queue:Queue") state["url"] = `https://sqs.${REGION}.amazonaws.com/${account}/${name}`;
  if (type === "aws:apigatewayv2/api:Api") {
    state["apiEndpoint"] = `https://${asked.name}.execute-api.${REGION}.amazonaws.com`;
    state["executionArn"] = `arn:aws:execute-api:${REGION}:${account}:${asked.name}`;
  }
  if (type === "random:index/randomBytes:RandomBytes")
    state["base64"] = Buffer.alloc(32, 1).toString("base64");
  return { id: name, state };
};

/** @throws Error for a question that no component asked before: it gets an answer here first. */
export const answered = (token: string, account: string): Inputs => {
  switch (token) {
    case "aws:index/getPartition:getPartition":
      return { partition: "aws", dnsSuffix: "amazonaws.com", id: "aws" };
    case "aws:index/getRegion:getRegion":
      return { region: REGION, name: REGION, id: REGION };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId: account, arn: `arn:aws:iam::${account}:user/test`, userId: "test" };
    default:
      throw new Error(`Nothing answers ${token} in the tests.`);
  }
};
