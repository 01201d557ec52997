/**
 * Well-known images, by repository and never by tag or registry: what they are, as data. A mirror (`1234.dkr.ecr…/mirror/redis`) is recognised
 * by the end of its path.
 */

/** What a product is to a migration. */
export type Role =
  | "cloud-controller"
  | "core"
  /** Keeps data: a database, a broker, a search engine, a cache. */
  | "store"
  /** Makes requests for a test. */
  | "load-tool"
  /** A companion of others that says nothing about what a pod is. */
  | "helper";

export type Product = { readonly product: string; readonly role: Role };

type Row = readonly [role: Role, product: string, repository: RegExp];

const end = (alternatives: string): RegExp => new RegExp(`(^|/)(${alternatives})$`);

const TABLE: readonly Row[] = [
  ["cloud-controller", "external-dns", end("external-dns")],
  ["core", "cert-manager's webhook", end("cert-manager-(webhook|cainjector)")],
  ["cloud-controller", "cert-manager", end("cert-manager(-(controller|acmesolver))?")],
  ["cloud-controller", "AWS Load Balancer Controller", end("aws-(load-balancer|alb-ingress)-controller")],
  ["cloud-controller", "Cluster Autoscaler", end("cluster-autoscaler(-[a-z0-9]+)?")],
  ["cloud-controller", "Karpenter", end("karpenter(/controller)?|karpenter-controller")],
  ["cloud-controller", "ACK", /(^|\/)aws-controllers-k8s\//],
  ["cloud-controller", "Crossplane", /(^|\/)(crossplane|crossplane-contrib|upbound)\/|(^|\/)crossplane$/],

  ["core", "CoreDNS", end("coredns|k8s-dns-(kube-dns|dnsmasq-nanny|sidecar|node-cache)|node-local-dns")],
  ["core", "an ingress controller", /(^|\/)ingress-nginx\/controller(-chroot)?$/],
  [
    "core",
    "an ingress controller",
    end(
      "nginx-ingress(-controller)?|nginx-kubernetes-ingress|traefik|contour|kubernetes-ingress(-controller)?|haproxy-ingress|kong(-gateway)?|emissary|skipper|apisix|envoyproxy/gateway|gloo|nginx-gateway-fabric",
    ),
  ],
  [
    "core",
    "a service mesh",
    /(^|\/)(istio\/(pilot|install-cni|ztunnel)|linkerd\/(controller|policy-controller))$|(^|\/)(cr\.l5d\.io|linkerd-io)\//,
  ],
  [
    "core",
    "Prometheus",
    end(
      "prometheus|prom/prometheus|alertmanager|pushgateway|prometheus-operator|kube-prometheus-adapter|prometheus-adapter|prometheus-server",
    ),
  ],
  [
    "core",
    "Prometheus",
    /(^|\/)prom(etheus)?\/(prometheus|alertmanager|pushgateway|[a-z]+-exporter|node-exporter)$/,
  ],
  [
    "core",
    "a metrics source",
    end("node-exporter|kube-state-metrics|blackbox-exporter|cadvisor|metrics-server|dcgm-exporter"),
  ],
  ["core", "VictoriaMetrics", /(^|\/)victoriametrics\/(?!.*demo)/],
  ["core", "Thanos", end("thanos|cortex|mimir")],
  [
    "core",
    "Grafana",
    /(^|\/)grafana\/(grafana(-enterprise|-oss)?|loki|tempo|mimir|promtail|agent|alloy|pyroscope|oncall)$|(^|\/)grafana$/,
  ],
  ["core", "Jaeger", /(^|\/)jaegertracing\/(?!example)/],
  ["core", "Zipkin", end("zipkin|zipkin-slim")],
  [
    "core",
    "an OpenTelemetry collector",
    end("opentelemetry-collector(-contrib|-k8s)?|aws-otel-collector|opentelemetry-operator|otelcol"),
  ],
  [
    "core",
    "a log shipper",
    end(
      "fluent-bit|fluentd|fluentd-kubernetes-daemonset|aws-for-fluent-bit|filebeat|metricbeat|logstash(-oss)?|vector|cloudwatch-agent|kibana|opensearch-dashboards",
    ),
  ],
  ["core", "Datadog", /(^|\/)datadog\/(agent|cluster-agent)$|(^|\/)datadoghq\//],
  ["core", "KEDA", end("keda|keda-metrics-apiserver|keda-admission-webhooks")],
  ["core", "Velero", end("velero|velero-plugin-for-aws")],
  [
    "core",
    "a policy engine",
    end(
      "kyverno|kyvernopre|background-controller|cleanup-controller|reports-controller|gatekeeper|kube-mgmt",
    ),
  ],
  [
    "core",
    "the cluster's network",
    /(^|\/)(calico|tigera|cilium|flannel|metallb|aws-node|amazon-k8s-cni)(\/|$|-)|(^|\/)kube-proxy$/,
  ],
  ["core", "a storage driver", /(^|\/)[a-z0-9-]*csi[a-z0-9-]*(\/|$)/],
  [
    "core",
    "deployment tools",
    /(^|\/)(argoproj\/(argocd|argo-rollouts|workflow-controller)|fluxcd\/[a-z-]+-controller)$/,
  ],
  [
    "core",
    "a secrets operator",
    end("sealed-secrets-controller|external-secrets|secrets-store-csi-driver|reloader|vault-k8s"),
  ],

  [
    "store",
    "PostgreSQL",
    end(
      "postgres|postgresql|postgresql-repmgr|postgis|timescaledb(-ha)?|pgvector|spilo-\\d+|crunchy-postgres|alloydbomni|postgresql-ha",
    ),
  ],
  [
    "store",
    "MySQL",
    end(
      "mysql|mysql-server|community-server|mariadb|mariadb-galera|percona|percona-server|percona-xtradb-cluster",
    ),
  ],
  [
    "store",
    "MongoDB",
    end(
      "mongo|mongodb|mongodb-(community|enterprise)-server|percona-server-mongodb|ferretdb|mongodb-sharded",
    ),
  ],
  [
    "store",
    "Redis or Valkey",
    end(
      "redis|valkey|redis-stack(-server)?|redis-cluster|valkey-cluster|keydb|dragonfly|garnet|redis-sentinel|valkey-sentinel",
    ),
  ],
  ["store", "Memcached", end("memcached")],
  ["store", "Kafka", end("kafka|kafka-native|cp-kafka|cp-server|cp-enterprise-kafka|redpanda|automq")],
  ["store", "ZooKeeper", end("zookeeper|cp-zookeeper")],
  ["store", "RabbitMQ", end("rabbitmq|rabbitmq-server|lavinmq")],
  ["store", "NATS", end("nats|nats-streaming|nats-server")],
  ["store", "ActiveMQ", end("activemq(-classic|-artemis)?|artemis|activemq-artemis-broker")],
  ["store", "Pulsar", end("pulsar|pulsar-all|bookkeeper")],
  ["store", "an MQTT broker", end("eclipse-mosquitto|emqx|hivemq4|vernemq")],
  ["store", "Elasticsearch or OpenSearch", end("elasticsearch(-oss)?|opensearch|quickwit")],
  ["store", "Solr", end("solr|meilisearch|typesense|zinc|zincsearch|manticore")],
  ["store", "Cassandra", end("cassandra|scylla|dse-server|k8ssandra")],
  ["store", "ClickHouse", end("clickhouse(-server|-keeper)?")],
  [
    "store",
    "a database",
    end(
      "cockroach|yugabyte|tikv|pd|tidb|couchdb|couchbase|couchbase-server|neo4j|arangodb|dgraph|influxdb|rethinkdb|questdb|druid|orientdb|janusgraph|surrealdb|eventstore|immudb|firebird|oracle-xe|oracle-free|mssql/server|mssql-server|azure-sql-edge|vitess/vttablet|rqlite|ravendb",
    ),
  ],
  ["store", "a vector database", end("qdrant|weaviate|milvus|chroma|chromadb")],
  ["store", "etcd", end("etcd")],
  ["store", "Consul or Vault", end("consul|vault|openbao")],
  ["store", "an object store", end("minio|seaweedfs|ceph|garage|localstack|azurite|fake-gcs-server")],

  ["load-tool", "Locust", end("locust|locust-master|locust-worker")],
  ["load-tool", "k6", end("k6|loadimpact/k6")],
  [
    "load-tool",
    "a load tool",
    end("vegeta|fortio|wrk2?|hey|jmeter|gatling|artillery|siege|ghz|nighthawk(-dev)?|oha|bombardier"),
  ],

  [
    "helper",
    "a proxy",
    end(
      "proxyv2|envoy|linkerd2-proxy|proxy|pgbouncer|pgpool|pgcat|proxysql|haproxy|twemproxy|cloud-sql-proxy|cloudsql-proxy|gce-proxy|oauth2-proxy|kube-rbac-proxy|nginx|maxscale|mcrouter|predixy",
    ),
  ],
  [
    "helper",
    "a companion",
    end(
      "k8s-sidecar|configmap-reload|prometheus-config-reloader|[a-z0-9]+[-_]exporter|busybox|alpine|pause|aws-xray-daemon|git-sync|cloudwatch-exporter",
    ),
  ],
  [
    "helper",
    "a client",
    end(
      "kafka-ui|kafdrop|akhq|cp-schema-registry|cp-kafka-connect|cp-kafka-rest|debezium|mongo-express|pgadmin4|adminer|phpmyadmin|redis-commander|redisinsight",
    ),
  ],
];

/** Repository path without registry, tag and digest: `valkey/valkey` of `docker.io/valkey/valkey:8`. */
export const repositoryOf = (image: string): string => {
  const path = (image.split("@")[0] ?? image).replace(/:[^/:]*$/, "").toLowerCase();
  const [first, ...rest] = path.split("/");
  const hasRegistry = rest.length > 0 && /[.:]|^localhost$/.test(first ?? "");
  return (hasRegistry ? rest.join("/") : path).replace(/^library\//, "");
};

/** @returns what an image is known to be, undefined for everybody's own. */
export const productOfImage = (image: string): Product | undefined => {
  const repository = repositoryOf(image);
  const row = TABLE.find(([, , pattern]) => pattern.test(repository));
  return row ? { role: row[0], product: row[1] } : undefined;
};
