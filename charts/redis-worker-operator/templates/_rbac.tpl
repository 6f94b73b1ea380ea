{{/* A role and its binding to the operator. (dict "root" $ "kind" "Role" or "ClusterRole" "name" n "namespace" of a Role "rules" text) */}}
{{- define "redis-worker-operator.grant" -}}
{{- $namespace := ternary .namespace "" (eq .kind "Role") -}}
{{- $metadata := include "redis-worker-operator.metadata" (dict "root" .root "name" .name "namespace" $namespace "component" "operator") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  {{- $metadata | nindent 2 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  {{- $metadata | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "redis-worker-operator.serviceAccountName" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
