/** Small platforms with what the usual ones don't have, so that every declared permission has a rehearsal that needs it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildPlan, planHash, planText } from "../../domain/planning/build.ts";
import { readSettings } from "../../domain/settings.ts";
import { env, objectsOf, workload } from "../domain/platform.ts";
import { groupOf } from "../rehearsals/reader.ts";
import { BROKER, GENTLE, type Planned, planned, SETTINGS, WITH_EXTERNAL_DNS } from "../rehearsals/small.ts";

const TINY = "resources: {requests: {cpu: 50m, memory: 64Mi}}";

/** Controllers that deploy from a repository: Argo CD's and both of Flux. */
const GITOPS = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: shop}
spec: {project: default, syncPolicy: {automated: {prune: true}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cart, namespace: shop}
spec: {interval: 5m}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: shop}
spec: {interval: 5m}
`;
export const gitops = (): Planned => planned({ gitops: GITOPS });

const WEBHOOK = (name: string) => `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: ${name}}
webhooks:
  - name: pods.${name}.example
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Fail
    clientConfig: {service: {namespace: shop, name: ${name}, port: 8443}}
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
`;

/** Webhooks that must allow pods, answered for by each kind of workload. */
export const guarded = (kind: "DaemonSet" | "Deployment" | "StatefulSet"): Planned =>
  planned({
    guardian: workload("guardian", {
      kind,
      replicas: 2,
      ...(kind === "StatefulSet" ? { spec: "serviceName: guardian" } : {}),
      service: 8443,
      container: TINY,
    }),
    webhook: WEBHOOK("guardian"),
  });

/** The same roles played by the other kinds: a singleton, workers, an application and a controller that are no Deployments. */
export const otherKinds = (): Planned =>
  planned(
    {
      ...BROKER,
      scheduler: workload("scheduler", {
        kind: "StatefulSet",
        replicas: 1,
        spec: "serviceName: scheduler",
        container: TINY,
      }),
      worker: workload("worker", {
        kind: "StatefulSet",
        replicas: 2,
        spec: "serviceName: worker",
        container: TINY,
      }),
      mailer: workload("mailer", { replicas: 2, container: TINY }),
      posts: workload("posts", {
        kind: "StatefulSet",
        replicas: 2,
        spec: "serviceName: posts",
        container: TINY,
      }),
      shipper: workload("shipper", { kind: "DaemonSet", container: TINY }),
    },
    {
      decisions: { "shop/broker": "keep-on-source" },
      classes: { "shop/scheduler": "singleton", "shop/posts": "stateless" },
      queues: [
        { ...SETTINGS.queues[0], kind: "rabbitmq", workload: "shop/worker" },
        { queue: "mails", kind: "sqs", workload: "shop/mailer", messagesPerSecond: 2 },
      ],
    },
  );

/** A Job that has run, and a schedule that is a singleton's. */
const ONCE = `apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: shop}
spec: {template: {metadata: {labels: {app: once}}, spec: {restartPolicy: Never, containers: [{name: main, image: registry.example/own:1}]}}}
`;
export const withJob = (): Planned => planned({ once: ONCE });

/** Developers who deploy every two minutes, also after the thaw: each kind that there is. Of the pods on each node a person says that they serve. */
export const busy = (): Planned =>
  planned(
    {
      cart: workload("cart", {
        kind: "DaemonSet",
        service: 8080,
        spec: "minReadySeconds: 20",
        pod: "terminationGracePeriodSeconds: 40",
        container: GENTLE,
      }),
      posts: workload("posts", {
        kind: "StatefulSet",
        replicas: 2,
        spec: "serviceName: posts",
        container: TINY,
      }),
    },
    {
      classes: { ...SETTINGS.classes, "shop/cart": "stateless", "shop/posts": "stateless" },
      pipelines: [
        {
          ...SETTINGS.pipelines[0],
          deploys: ["shop/cart", "shop/posts", "shop/tick", "shop/web"],
          deploysPerDay: 1_000,
        },
      ],
      policy: { bakeSeconds: 3_600 },
      // One pod alone carries everybody while the other is deployed.
      capacity: [{ workload: "*", requestsPerSecondPerPod: 1_000 }],
    },
  );

/** Clients come in through a pod on each node. */
export const edge = (): Planned =>
  planned({
    webService: `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: edge}, ports: [{port: 8080}]}
`,
    edge: workload("edge", {
      kind: "DaemonSet",
      pod: "terminationGracePeriodSeconds: 40",
      container: `${GENTLE}\n${env("CART", "http://cart.shop:8080")}`,
    }),
  });

/** A controller that keeps its place in a StatefulSet. */
export const steadyController = (): Planned =>
  planned({
    ...WITH_EXTERNAL_DNS,
    externalDns: (WITH_EXTERNAL_DNS["externalDns"] ?? "")
      .replace("kind: Deployment", "kind: StatefulSet")
      .replace("strategy: {type: Recreate}", "serviceName: external-dns"),
  });

const STORES = join(import.meta.dirname, "../rehearsals/stores");

/** Volumes of a StatefulSet and of a Deployment, which are copied. */
export const stores = (): Planned => {
  const [manifests = "", settings = ""] = ["platform.yaml", "repot.yaml"].map((file) =>
    readFileSync(join(STORES, file), "utf8"),
  );
  const plan = buildPlan(objectsOf(manifests), readSettings(settings, "repot.yaml"));
  return { plan, hash: planHash(planText(plan)) };
};

/** A queue of RabbitMQ that runs empty before its workers move. */
export const drainedQueue = (): Planned =>
  planned({}, { queues: [{ ...SETTINGS.queues[0], policy: "drained" }] });

/** More public names than one question holds. */
export const manyNames = (): Planned =>
  planned(
    {},
    {
      dns: {
        ...SETTINGS.dns,
        hosts: Array.from({ length: 120 }, (_, n) => ({
          host: `h${n}.shop.example.org`,
          service: "shop/web",
        })),
      },
      capacity: [{ workload: "*", requestsPerSecondPerPod: 1_000 }],
      load: Array.from({ length: 120 }, (_, n) => ({
        host: `h${n}.shop.example.org`,
        requestsPerSecond: 0.05,
      })),
    },
  );

/** A group that reads its topic empty before it moves. */
export const drainedGroup = (): Planned => groupOf({ policy: "drained", messagesPerSecond: 0 });

/** A group that moves in the quiet hours, which begin soon. */
export const quietGroup = (): Planned =>
  groupOf({ policy: "quiet", quietHours: { start: "09:30", end: "11:00" } });

/** Volumes whose class would delete them, and that were retained one by one; the class binds at once. The target has a class of the other's name. */
const RETAINED = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: eager}
provisioner: ebs.csi.aws.com
reclaimPolicy: Delete
volumeBindingMode: Immediate
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: gp3}
provisioner: ebs.csi.aws.com
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: true
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pvc-files}
spec:
  accessModes: [ReadWriteOnce]
  capacity: {storage: 20Gi}
  persistentVolumeReclaimPolicy: Retain
  storageClassName: eager
  claimRef: {kind: PersistentVolumeClaim, namespace: shop, name: files}
  csi: {driver: ebs.csi.aws.com, volumeHandle: vol-0a1b2c3d4e5f60718}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files, namespace: shop}
spec: {accessModes: [ReadWriteOnce], storageClassName: eager, volumeName: pvc-files, resources: {requests: {storage: 20Gi}}}
`;

/** What grew over the years: fixed addresses in the zone, volumes retained by hand. */
export const grown = (): Planned =>
  planned(
    {
      files: workload("files", {
        replicas: 1,
        spec: "strategy: {type: Recreate}",
        pod: "volumes: [{name: data, persistentVolumeClaim: {claimName: files}}]",
        container: TINY,
      }),
      retained: RETAINED,
    },
    {
      decisions: { "shop/files": "copy-with-pause" },
      dns: { ...SETTINGS.dns, hosts: [{ ...SETTINGS.dns.hosts[0], records: "addresses" }] },
    },
  );

/** A singleton that others call: its Service on the source leads to the target once it was handed over. */
export const called = (): Planned =>
  planned({
    scheduler: workload("scheduler", {
      replicas: 1,
      spec: "strategy: {type: Recreate}",
      service: 8080,
      container: TINY,
    }),
    asker: workload("asker", {
      replicas: 2,
      container: `${TINY}\n${env("SCHEDULER", "http://scheduler.shop:8080")}`,
    }),
  });
