/** The parts of a pod template that Repot relies on, as they are checked at the door. Apart from domain/pods.ts: a deployed function reads pods that were checked, and needn't carry this. */

import * as z from "zod";
import { parseQuantity } from "./quantity.ts";

const text = z.string();
const seconds = z.number().int().nonnegative().max(31_536_000);
const stringMap = z.record(z.string(), z.string());

/** Requests and limits: a quantity as the API takes it, not negative and not beyond any machine. */
const quantity = z.union([z.string(), z.number()]).refine(
  (value) => {
    const parsed = parseQuantity(value);
    return parsed !== undefined && parsed >= 0 && parsed <= 1e18;
  },
  { message: "is no quantity that Kubernetes takes (for example 250m, 2, 512Mi)" },
);
const quantities = z.record(z.string(), quantity);

const ProbeSchema = z.looseObject({
  initialDelaySeconds: seconds.optional(),
  periodSeconds: z.number().int().min(1).max(31_536_000).optional(),
  timeoutSeconds: z.number().int().min(1).max(31_536_000).optional(),
  successThreshold: z.number().int().min(1).max(1_000_000).optional(),
  failureThreshold: z.number().int().min(1).max(1_000_000).optional(),
});

const EnvSchema = z.looseObject({
  name: text,
  value: text.optional(),
  valueFrom: z
    .looseObject({
      configMapKeyRef: z.looseObject({ name: text, key: text }).optional(),
      secretKeyRef: z.looseObject({ name: text, key: text }).optional(),
    })
    .optional(),
});

const ContainerSchema = z.looseObject({
  name: text,
  image: text.optional(),
  command: z.array(text).optional(),
  args: z.array(text).optional(),
  env: z.array(EnvSchema).optional(),
  envFrom: z.array(z.looseObject({ configMapRef: z.looseObject({ name: text }).optional() })).optional(),
  ports: z
    .array(z.looseObject({ containerPort: z.number().int().min(1).max(65_535), name: text.optional() }))
    .optional(),
  volumeMounts: z
    .array(z.looseObject({ name: text, mountPath: text, readOnly: z.boolean().optional() }))
    .optional(),
  resources: z.looseObject({ requests: quantities.optional(), limits: quantities.optional() }).optional(),
  readinessProbe: ProbeSchema.optional(),
  startupProbe: ProbeSchema.optional(),
  livenessProbe: ProbeSchema.optional(),
  lifecycle: z
    .looseObject({
      preStop: z
        .looseObject({
          sleep: z.looseObject({ seconds }).optional(),
          exec: z.looseObject({ command: z.array(text).optional() }).optional(),
        })
        .optional(),
    })
    .optional(),
  restartPolicy: text.optional(),
});

const VolumeSchema = z.looseObject({
  name: text,
  persistentVolumeClaim: z.looseObject({ claimName: text }).optional(),
  configMap: z.looseObject({ name: text.optional() }).optional(),
  secret: z.looseObject({ secretName: text.optional() }).optional(),
  hostPath: z.looseObject({ path: text }).optional(),
  emptyDir: z.looseObject({}).optional(),
  projected: z
    .looseObject({
      sources: z
        .array(z.looseObject({ configMap: z.looseObject({ name: text.optional() }).optional() }))
        .optional(),
    })
    .optional(),
});

const TolerationSchema = z.looseObject({
  key: text.optional(),
  operator: text.optional(),
  value: text.optional(),
  effect: text.optional(),
});

export const PodSpecSchema = z.looseObject({
  containers: z.array(ContainerSchema).min(1),
  initContainers: z.array(ContainerSchema).optional(),
  volumes: z.array(VolumeSchema).optional(),
  nodeSelector: stringMap.optional(),
  tolerations: z.array(TolerationSchema).optional(),
  terminationGracePeriodSeconds: seconds.optional(),
  serviceAccountName: text.optional(),
  hostNetwork: z.boolean().optional(),
  readinessGates: z.array(z.looseObject({ conditionType: text })).optional(),
});

export const TemplateSchema = z.looseObject({
  metadata: z.looseObject({ labels: stringMap.optional(), annotations: stringMap.optional() }).optional(),
  spec: PodSpecSchema,
});

export type Container = z.infer<typeof ContainerSchema>;
export type Probe = z.infer<typeof ProbeSchema>;
export type PodSpec = z.infer<typeof PodSpecSchema>;
export type Template = z.infer<typeof TemplateSchema>;
