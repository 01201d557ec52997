/** The one door from outside: an HTTP endpoint for Slack's clicks. It believes nobody; the listener behind it verifies the signature. */

import { functionName } from "../domain/permissions/place.ts";
import { listeners } from "../functions/listeners.ts";
import { type Functions, resourceName } from "./functions.ts";
import { logDays, type Stage } from "./stage.ts";

/** Requests a second: a click is rare, a flood is somebody else's. */
const RATE = { burst: 20, steady: 5 } as const;

export const makeApi = (stage: Stage, functions: Functions): aws.apigatewayv2.Api => {
  const { place } = stage;
  const api = new aws.apigatewayv2.Api("Door", {
    name: `${place.prefix}-door`,
    protocolType: "HTTP",
    description: "Where Slack sends the clicks of approvers",
  });
  const logs = new aws.cloudwatch.LogGroup(
    "DoorLogs",
    { name: `/aws/vendedlogs/apigateway/${place.prefix}-door`, retentionInDays: logDays(stage) },
    { retainOnDelete: stage.isProduction },
  );
  for (const { name, trigger } of listeners) {
    const fn = functions.get(name);
    if (trigger.kind !== "http" || !fn) continue;
    const integration = new aws.apigatewayv2.Integration(`${resourceName(name)}Integration`, {
      apiId: api.id,
      integrationType: "AWS_PROXY",
      integrationUri: fn.arn,
      payloadFormatVersion: "2.0",
    });
    new aws.apigatewayv2.Route(`${resourceName(name)}Route`, {
      apiId: api.id,
      routeKey: `${trigger.method} ${trigger.path}`,
      target: $util.interpolate`integrations/${integration.id}`,
    });
    new aws.lambda.Permission(
      `${resourceName(name)}FromDoor`,
      {
        action: "lambda:InvokeFunction",
        function: functionName(place, name),
        principal: "apigateway.amazonaws.com",
        sourceArn: $util.interpolate`${api.executionArn}/*/${trigger.method}${trigger.path}`,
      },
      { dependsOn: [fn] },
    );
  }
  new aws.apigatewayv2.Stage("DoorStage", {
    apiId: api.id,
    name: "$default",
    autoDeploy: true,
    defaultRouteSettings: { throttlingBurstLimit: RATE.burst, throttlingRateLimit: RATE.steady },
    // No body, no header: a signature is a secret's shadow.
    accessLogSettings: {
      destinationArn: logs.arn,
      format: JSON.stringify({
        at: "$context.requestTime",
        from: "$context.identity.sourceIp",
        path: "$context.path",
        request: "$context.requestId",
        status: "$context.status",
      }),
    },
  });
  return api;
};
