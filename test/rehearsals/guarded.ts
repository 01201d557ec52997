/** The small platform with a webhook of its own that must answer for every pod, for tests of hooks and of what waits for them. */

import { workload } from "../domain/platform.ts";
import { planned, SETTINGS } from "./small.ts";

const GUARDIAN = workload("guardian", {
  replicas: 2,
  service: 8443,
  container: "resources: {requests: {cpu: 50m, memory: 64Mi}}",
});

const WEBHOOK = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: guardian}
webhooks:
  - name: pods.guardian.example
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Fail
    clientConfig: {service: {namespace: shop, name: guardian, port: 8443}}
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}, {apiGroups: [apps], apiVersions: [v1], operations: [UPDATE, DELETE], resources: [deployments, statefulsets]}]
`;

export const guarded = (manifests: Readonly<Record<string, string>> = {}, settings: object = {}) =>
  planned({ guardian: GUARDIAN, webhook: WEBHOOK, ...manifests }, settings);

/** The same beside something else of the first wave, which takes a minute to be ready. */
export const slowlyGuarded = () =>
  guarded(
    {
      monitor: workload("monitor", {
        replicas: 1,
        container: `resources: {requests: {cpu: 50m, memory: 64Mi}}
readinessProbe: {httpGet: {path: /ready, port: 9090}, initialDelaySeconds: 55, periodSeconds: 5}`,
      }),
    },
    { classes: { ...SETTINGS.classes, "shop/monitor": "core" } },
  );
