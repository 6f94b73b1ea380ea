{{/* Peers of NetworkPolicies. */}}

{{/* Worker pods, wherever workers are served. */}}
{{- define "redis-worker-operator.workerPeer" -}}
namespaceSelector:
  {{- if .Values.watchNamespace }}
  matchLabels:
    kubernetes.io/metadata.name: {{ .Values.watchNamespace }}
  {{- else }} {}
  {{- end }}
podSelector:
  matchLabels:
    app.kubernetes.io/managed-by: redisworker
{{- end }}

{{/* Pods of a component of this release. (list $ "component") */}}
{{- define "redis-worker-operator.ownPeer" -}}
podSelector:
  matchLabels:
    {{- include "redis-worker-operator.selector" . | nindent 4 }}
{{- end }}
