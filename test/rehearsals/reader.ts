/** A consumer group on the small platform, for tests of how groups move. */

import { planned } from "./small.ts";

const reader = (kind: "Deployment" | "StatefulSet", replicas = 3) => `apiVersion: apps/v1
kind: ${kind}
metadata: {name: reader, namespace: shop}
spec:
  replicas: ${replicas}
  ${kind === "StatefulSet" ? "serviceName: ''" : "strategy: {type: RollingUpdate}"}
  selector: {matchLabels: {app: reader}}
  template:
    metadata: {labels: {app: reader}}
    spec:
      containers:
        - name: main
          image: registry.example/reader:1
          env: [{name: KAFKA_BOOTSTRAP_SERVERS, value: "kafka.example.org:9092"}]
          resources: {requests: {cpu: 50m, memory: 64Mi}}
`;

const GROUP = { group: "reader", topic: "orders", workload: "shop/reader", messagesPerSecond: 60 };

/** The small platform with three readers of one topic. */
export const groupOf = (more: object, kind: "Deployment" | "StatefulSet" = "Deployment") =>
  planned({ meter: null, reader: reader(kind) }, { groups: [{ ...GROUP, ...more }] });
