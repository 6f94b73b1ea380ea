{{/* The certificate of the metrics, as a volume; empty when the operator signs its own. */}}

{{- define "redis-worker-operator.metricsVolume" -}}
{{- $metrics := .Values.metrics -}}
{{- if and (eq $metrics.authentication "TokenReview") $metrics.certSecret.name -}}
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
