/** What the contract's cases find on moto's server, made through its own APIs, and the SDK's clients as they are. */

import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AllocateAddressCommand,
  CreateNatGatewayCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { Route53Client } from "@aws-sdk/client-route-53";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateStateMachineCommand, SFNClient } from "@aws-sdk/client-sfn";
import { CreateQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { STSClient } from "@aws-sdk/client-sts";
import type { AwsClients } from "../../functions/step.ts";
import { WAITING_MACHINE, type World } from "../contracts/aws-case.ts";
import { SLACK_APP } from "../contracts/aws-contract.ts";

const NAMES = { bucket: "contract", secret: "slack", cluster: "target", queue: "mails", logGroup: "flows" };
const BALANCERS = ["k8s-shop-web", "k8s-shop-api"] as const;

type Clients = Omit<AwsClients, "ssm">;

const clientsOf = (endpoint: string): Clients => {
  const options = {
    endpoint,
    region: "eu-central-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    secrets: new SecretsManagerClient(options),
    route53: new Route53Client(options),
    eks: new EKSClient(options),
    sts: new STSClient(options),
    ec2: new EC2Client(options),
    elb: new ElasticLoadBalancingV2Client(options),
    sfn: new SFNClient(options),
    sqs: new SQSClient(options),
    logs: new CloudWatchLogsClient(options),
  };
};

/** A VPC with two subnets; the first has a way out, and two balancers stand in both. */
const makeNetwork = async ({
  ec2,
  elb,
}: Clients): Promise<Pick<World, "vpcId" | "subnetId" | "natAddress">> => {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId ?? "";
  const subnet = async (CidrBlock: string, AvailabilityZone: string): Promise<string> => {
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone }));
    return Subnet?.SubnetId ?? "";
  };
  const subnets = [
    await subnet("10.0.0.0/20", "eu-central-1a"),
    await subnet("10.0.16.0/20", "eu-central-1b"),
  ];
  const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  await ec2.send(new CreateNatGatewayCommand({ SubnetId: subnets[0], AllocationId }));
  const [first] = await Promise.all(
    BALANCERS.map((Name) =>
      elb.send(new CreateLoadBalancerCommand({ Name, Subnets: subnets, Type: "network" })),
    ),
  );
  const group = { Name: "web", Protocol: "TCP", Port: 8080, VpcId, TargetType: "ip" } as const;
  const { TargetGroups } = await elb.send(new CreateTargetGroupCommand(group));
  const TargetGroupArn = TargetGroups?.[0]?.TargetGroupArn;
  const forward = { Type: "forward", TargetGroupArn } as const;
  const LoadBalancerArn = first?.LoadBalancers?.[0]?.LoadBalancerArn;
  await elb.send(
    new CreateListenerCommand({ LoadBalancerArn, Port: 80, Protocol: "TCP", DefaultActions: [forward] }),
  );
  await elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: "10.0.0.7", Port: 8080 }] }));
  return { vpcId: VpcId, subnetId: subnets[1] ?? "", natAddress: PublicIp ?? "" };
};

const makeQueues = async ({ sqs }: Clients): Promise<string> => {
  const { QueueUrl: votes = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "votes" }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: NAMES.queue }));
  for (const MessageBody of ["first", "second"])
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  return votes;
};

/** Empties the server and makes what the cases find. */
export const motoWorld = async (
  endpoint: string,
): Promise<{ readonly aws: AwsClients; readonly world: World }> => {
  await fetch(`${endpoint}/moto-api/reset`, { method: "POST" });
  const aws = clientsOf(endpoint);
  const location = { LocationConstraint: "eu-central-1" } as const;
  await aws.s3.send(new CreateBucketCommand({ Bucket: NAMES.bucket, CreateBucketConfiguration: location }));
  await aws.secrets.send(
    new CreateSecretCommand({ Name: NAMES.secret, SecretString: JSON.stringify(SLACK_APP) }),
  );
  await aws.logs.send(new CreateLogGroupCommand({ logGroupName: NAMES.logGroup }));
  const { stateMachineArn = "" } = await aws.sfn.send(
    new CreateStateMachineCommand({
      name: "migrate-cluster",
      definition: JSON.stringify(WAITING_MACHINE),
      roleArn: "arn:aws:iam::123456789012:role/machine",
    }),
  );
  const network = await makeNetwork(aws);
  const queueUrl = await makeQueues(aws);
  const world = { ...NAMES, ...network, balancers: BALANCERS, queueUrl, machineArn: stateMachineArn };
  // No case asks SSM: moto has no change calendars.
  return { aws: aws as AwsClients, world };
};
