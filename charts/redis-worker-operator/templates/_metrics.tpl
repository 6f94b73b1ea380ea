{{/* Whether the API server is asked who reads metrics, or the status page; empty when nobody is. */}}

{{- define "redis-worker-operator.asksWho" -}}
{{- if or (eq .Values.metrics.authentication "TokenReview") .Values.page.enabled -}}true{{- end -}}
{{- end }}

{{/* Their certificate, as a volume; empty when the operator signs its own. */}}

{{- define "redis-worker-operator.metricsVolume" -}}
{{- $metrics := .Values.metrics -}}
{{- if and (include "redis-worker-operator.asksWho" .) $metrics.certSecret.name -}}
- name: metrics
  secret:
    secretName: {{ $metrics.certSecret.name }}
    defaultMode: 0440
    items:
      - key: {{ $metrics.certSecret.certKey | quote }}
        path: tls.crt
      - key: {{ $metrics.certSecret.keyKey | quote }}
        path: tls.key
{{- end -}}
{{- end }}
