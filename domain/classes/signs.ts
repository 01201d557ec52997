/**
 * What gives a product away whatever its image is called: its own environment variables, options, configuration keys, ports and data
 * paths. Data, so that a new product is a line.
 */

import type { Role } from "./images.ts";

export type Sign = {
  readonly role: Role;
  readonly product: string;
  /** Names of variables that only the product itself reads. */
  readonly env?: RegExp;
  /** Names that its clients may carry as well: they count together with one of its ports. */
  readonly envWithPort?: RegExp;
  readonly ports?: readonly number[];
  /** Ports so well known that listening on them is enough for a conclusion (marked as inferred). */
  readonly portAlone?: boolean;
  /** Ports that must all be listened on. */
  readonly portsTogether?: readonly number[];
  readonly argument?: RegExp;
  /** In a mounted ConfigMap's text. */
  readonly config?: RegExp;
  /** Where its data live. */
  readonly mount?: RegExp;
};

export const SIGNS: readonly Sign[] = [
  {
    role: "cloud-controller",
    product: "external-dns",
    argument: /^--(txt-owner-id|domain-filter|zone-id-filter)(=|$)/,
  },
  {
    role: "cloud-controller",
    product: "AWS Load Balancer Controller",
    argument: /^--(ingress-class=alb|aws-vpc-id(=|$)|enable-shield(=|$))/,
  },
  {
    role: "cloud-controller",
    product: "cert-manager",
    argument: /^--(cluster-resource-namespace|default-issuer-name|acme-http01-solver-image)(=|$)/,
  },
  {
    role: "cloud-controller",
    product: "Cluster Autoscaler",
    argument: /^--(node-group-auto-discovery|scale-down-unneeded-time|cloud-provider=aws)(=|$)?/,
  },
  { role: "cloud-controller", product: "Karpenter", env: /^(KARPENTER_SERVICE|INTERRUPTION_QUEUE)$/ },

  { role: "core", product: "CoreDNS", argument: /Corefile$/ },
  {
    role: "core",
    product: "an ingress controller",
    argument:
      /^--(ingress-class|controller-class|ingress-class-by-name|publish-service|providers\.kubernetesingress)(=|$)/,
  },
  { role: "core", product: "Prometheus", argument: /^--storage\.tsdb\.(path|retention)/ },
  { role: "core", product: "Grafana", env: /^GF_(PATHS|SECURITY|SERVER|AUTH|INSTALL|DATABASE|USERS)_/ },
  {
    role: "core",
    product: "Jaeger",
    env: /^SPAN_STORAGE_TYPE$/,
    argument: /^--(memory\.max-traces|query\.base-path|span-storage\.type)/,
  },
  {
    role: "core",
    product: "an OpenTelemetry collector",
    config:
      /^receivers:[\s\S]*^service:[\s\S]*^\s+pipelines:|^exporters:[\s\S]*^receivers:[\s\S]*^\s+pipelines:/m,
  },
  {
    role: "core",
    product: "a log shipper",
    config: /^\s*\[INPUT\]\s*$[\s\S]*^\s*\[OUTPUT\]\s*$|^\s*<source>[\s\S]*^\s*<match /m,
  },
  { role: "core", product: "Alertmanager", argument: /^--cluster\.(listen-address|advertise-address|peer)/ },

  {
    role: "store",
    product: "PostgreSQL",
    env: /^(PGDATA|POSTGRES_INITDB_ARGS|POSTGRES_HOST_AUTH_METHOD|POSTGRESQL_(DATA_DIR|POSTGRES_PASSWORD|REPLICATION_MODE))$/,
    envWithPort: /^(POSTGRES|POSTGRESQL)_(PASSWORD|DB|USER|DATABASE|PASSWORD_FILE)$/,
    ports: [5432],
    portAlone: true,
    mount: /^\/(var\/lib\/postgresql|bitnami\/postgresql|var\/lib\/pgsql|pgdata)(\/|$)/,
  },
  {
    role: "store",
    product: "MySQL",
    env: /^(MYSQL|MARIADB)_(ROOT_PASSWORD|RANDOM_ROOT_PASSWORD|ALLOW_EMPTY_PASSWORD|ROOT_HOST)(_FILE)?$/,
    ports: [3306],
    portAlone: true,
    mount: /^\/(var\/lib\/mysql|bitnami\/(mysql|mariadb))(\/|$)/,
  },
  {
    role: "store",
    product: "MongoDB",
    env: /^MONGO_INITDB_/,
    ports: [27017],
    portAlone: true,
    mount: /^\/(data\/(db|configdb)|bitnami\/mongodb)(\/|$)/,
  },
  {
    role: "store",
    product: "Redis or Valkey",
    argument: /(^|\/|\s)(redis|valkey|keydb)-server(\s|$)/,
    env: /^(REDIS_REPLICATION_MODE|VALKEY_REPLICATION_MODE|REDIS_AOF_ENABLED|VALKEY_AOF_ENABLED)$/,
    ports: [6379],
    portAlone: true,
    mount: /^\/(var\/lib\/(redis|valkey)|bitnami\/(redis|valkey))(\/|$)/,
  },
  { role: "store", product: "Memcached", argument: /(^|\/)memcached(\s|$)/, ports: [11211], portAlone: true },
  {
    role: "store",
    product: "Kafka",
    env: /^KAFKA_(CFG_.*|ADVERTISED_LISTENERS|LISTENERS|PROCESS_ROLES|NODE_ID|BROKER_ID|CONTROLLER_QUORUM_(VOTERS|BOOTSTRAP_SERVERS)|CONTROLLER_LISTENER_NAMES|LOG_DIRS|INTER_BROKER_LISTENER_NAME|ZOOKEEPER_CONNECT)$/,
    config: /^(advertised\.listeners|process\.roles|controller\.quorum\.voters|log\.dirs)\s*=/m,
    mount: /^\/(var\/lib\/kafka|bitnami\/kafka|kafka\/kafka-logs)(\/|$)/,
  },
  {
    role: "store",
    product: "ZooKeeper",
    env: /^(ZOO_(MY_ID|SERVERS|DATA_DIR)|ZOOKEEPER_(CLIENT_PORT|SERVER_ID))$/,
    ports: [2181],
    portAlone: true,
  },
  {
    role: "store",
    product: "RabbitMQ",
    env: /^RABBITMQ_(ERLANG_COOKIE|DEFAULT_(USER|PASS|VHOST)|NODENAME|NODE_NAME|USE_LONGNAME|MNESIA_BASE)$/,
    ports: [5672],
    portAlone: true,
    mount: /^\/(var\/lib\/rabbitmq|bitnami\/rabbitmq)(\/|$)/,
  },
  { role: "store", product: "NATS", ports: [4222], portAlone: true },
  {
    role: "store",
    product: "ActiveMQ",
    env: /^(ACTIVEMQ_(CONNECTION_USER|ADMIN_LOGIN|DATA)|ARTEMIS_(USER|PASSWORD))$/,
    ports: [61616],
    portAlone: true,
  },
  {
    role: "store",
    product: "Elasticsearch or OpenSearch",
    env: /^(discovery\.(type|seed_hosts)|cluster\.initial_(master|cluster_manager)_nodes|ES_JAVA_OPTS|OPENSEARCH_JAVA_OPTS|OPENSEARCH_INITIAL_ADMIN_PASSWORD)$/,
    portsTogether: [9200, 9300],
    mount: /^\/usr\/share\/(elasticsearch|opensearch)\/data(\/|$)/,
  },
  { role: "store", product: "Solr", env: /^SOLR_(HOME|HEAP|JAVA_MEM)$/, ports: [8983], portAlone: true },
  {
    role: "store",
    product: "Cassandra",
    env: /^CASSANDRA_(SEEDS|CLUSTER_NAME|DC|RACK)$/,
    ports: [9042],
    portAlone: true,
    mount: /^\/var\/lib\/(cassandra|scylla)(\/|$)/,
  },
  {
    role: "store",
    product: "ClickHouse",
    env: /^CLICKHOUSE_(DEFAULT_ACCESS_MANAGEMENT|SKIP_USER_SETUP)$/,
    portsTogether: [8123, 9000],
    mount: /^\/var\/lib\/clickhouse(\/|$)/,
  },
  {
    role: "store",
    product: "Microsoft SQL Server",
    env: /^(MSSQL_SA_PASSWORD|MSSQL_PID|SA_PASSWORD)$/,
    ports: [1433],
    portAlone: true,
  },
  { role: "store", product: "Oracle", env: /^ORACLE_(PWD|SID|PDB)$/, ports: [1521], portAlone: true },
  { role: "store", product: "CockroachDB", ports: [26257], portAlone: true },
  { role: "store", product: "CouchDB", env: /^COUCHDB_(USER|PASSWORD)$/, ports: [5984], portAlone: true },
  { role: "store", product: "Neo4j", env: /^NEO4J_AUTH$/, ports: [7687], portAlone: true },
  {
    role: "store",
    product: "InfluxDB",
    env: /^(DOCKER_INFLUXDB_INIT_.*|INFLUXDB_DB)$/,
    mount: /^\/var\/lib\/influxdb2?(\/|$)/,
  },
  {
    role: "store",
    product: "etcd",
    argument: /^--?(listen-client-urls|initial-cluster|listen-peer-urls)(=|$)/,
    ports: [2379],
    portAlone: true,
  },
  { role: "store", product: "Vault", env: /^VAULT_(LOCAL_CONFIG|DEV_ROOT_TOKEN_ID|RAFT_NODE_ID)$/ },
  { role: "store", product: "MinIO", env: /^MINIO_(ROOT_USER|ROOT_PASSWORD|VOLUMES)$/ },

  {
    role: "load-tool",
    product: "Locust",
    env: /^LOCUST_(HOST|USERS|SPAWN_RATE|RUN_TIME|HEADLESS|LOCUSTFILE|MODE_MASTER|MODE_WORKER)$/,
    argument: /(^|\/|\s)locust(\s|$)/,
  },
  { role: "load-tool", product: "k6", env: /^K6_(VUS|DURATION|STAGES|SCENARIOS)$/ },
  {
    role: "load-tool",
    product: "a load tool",
    argument: /(^|\/|\s)(vegeta attack|fortio load|wrk2? -|k6 run|artillery run|jmeter -n|ghz --|hey -)/,
  },
];
