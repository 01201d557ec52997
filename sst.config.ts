/// <reference path="./.sst/platform/config.d.ts" />
/** What `npx sst deploy --stage STAGE` deploys: everything is in infra/, one capability a file. No static imports: SST evaluates this file on its own first. */

export default $config({
  async app(input) {
    const { readDeployment } = await import("./infra/deployment.ts");
    const { account, region } = readDeployment(input.stage);
    return {
      name: "repot",
      home: "aws",
      // What is in production stays there when the stack goes, and the stack doesn't go by mistake.
      removal: input.stage === "prod" ? "retain" : "remove",
      protect: input.stage === "prod",
      providers: { aws: { version: "7.20.0", region, allowedAccountIds: [account] } },
    };
  },
  async run() {
    const { deploy } = await import("./infra/index.ts");
    return deploy($app.stage);
  },
});
