{{/* Parts of pods. */}}

{{/* A pod's security context; on OpenShift without ids, which the namespace has. (list $ context) */}}
{{- define "redis-worker-operator.podSecurityContext" -}}
{{- $context := index . 1 -}}
{{- if (index . 0).Values.openshift.enabled -}}
{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" -}}
{{- end -}}
{{- toYaml $context -}}
{{- end }}

{{- define "redis-worker-operator.securityContext" -}}
{{- $context := index . 1 -}}
{{- if (index . 0).Values.openshift.enabled -}}
{{- $context = omit $context "runAsUser" "runAsGroup" -}}
{{- end -}}
{{- toYaml $context -}}
{{- end }}

{{/* Resources without what is empty. */}}
{{- define "redis-worker-operator.resources" -}}
{{- $given := dict -}}
{{- range $part, $value := . -}}
{{- if $value -}}{{- $given = set $given $part $value -}}{{- end -}}
{{- end -}}
{{- toYaml $given -}}
{{- end }}

{{/* What spreads replicas; each constraint counts the pods of the operator unless it says otherwise. */}}
{{- define "redis-worker-operator.topologySpreadConstraints" -}}
{{- $ours := dict "matchLabels" (include "redis-worker-operator.selector" (list . "operator") | fromYaml) -}}
{{- $constraints := .Values.topologySpreadConstraints -}}
{{- if not $constraints -}}
{{- $constraints = list
  (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway")
  (dict "maxSkew" 1 "topologyKey" "topology.kubernetes.io/zone" "whenUnsatisfiable" "ScheduleAnyway") -}}
{{- end -}}
{{- range $constraints }}
- {{ merge (dict) . (dict "labelSelector" $ours) | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}

{{/* Files the operator has about code from elsewhere as one volume; nothing without files. */}}
{{- define "redis-worker-operator.codeVolume" -}}
{{- $ca := .Values.code.caConfigMap -}}
{{- $registry := .Values.code.registry -}}
{{- if or $ca.name (and $registry.repository $registry.pushSecret) -}}
- name: code
  projected:
    defaultMode: 0440
    sources:
      {{- if $ca.name }}
      - configMap:
          name: {{ $ca.name }}
          items:
            - key: {{ $ca.key | quote }}
              path: ca.crt
      {{- end }}
      {{- if and $registry.repository $registry.pushSecret }}
      - secret:
          name: {{ $registry.pushSecret }}
          items:
            - key: .dockerconfigjson
              path: config.json
      {{- end }}
{{- end -}}
{{- end }}
