{{/* Values that are right one by one and wrong together. */}}
{{- define "redis-worker-operator.validate" -}}
{{- $redis := .Values.redis -}}
{{- if and $redis.trial.enabled $redis.url -}}
{{- fail "redis.url and redis.trial.enabled: there is one Redis for workers that name none, give one of the two" -}}
{{- end -}}
{{- if and $redis.trial.enabled $redis.existingSecret.name -}}
{{- fail "redis.existingSecret is the login of redis.url: with redis.trial.enabled give redis.trial.existingSecret" -}}
{{- end -}}
{{- if and $redis.existingSecret.name (not $redis.url) -}}
{{- fail "redis.existingSecret is the login of a Redis: give redis.url too" -}}
{{- end -}}
{{- $tls := $redis.tls -}}
{{- if and (or $tls.caSecret.name $tls.certSecret.name $tls.workerCertSecret.name $tls.serverName) (not (hasPrefix "rediss" $redis.url)) -}}
{{- fail "redis.tls: it needs a redis.url that begins with rediss" -}}
{{- end -}}
{{- if and $redis.sentinel.existingSecret.name (not (contains "+sentinel://" $redis.url)) -}}
{{- fail "redis.sentinel.existingSecret: it needs a redis.url that begins with redis+sentinel:// or rediss+sentinel://" -}}
{{- end -}}
{{- if and .Values.watchNamespace (eq .Values.metrics.authentication "TokenReview") -}}
{{- fail "metrics.authentication: TokenReview takes a cluster-wide right, and watchNamespace promises that there is none: set it to None and say in networkPolicy.metricsFrom who may read" -}}
{{- end -}}
{{- if and .Values.watchNamespace .Values.page.enabled -}}
{{- fail "page.enabled: who may see it is asked with a cluster-wide right, and watchNamespace promises that there is none: look at the workers with redisworker top and redisworker status" -}}
{{- end -}}
{{- if and .Values.code.registry.pushSecret (not .Values.code.registry.repository) -}}
{{- fail "code.registry.pushSecret is the login of a registry: give code.registry.repository too" -}}
{{- end -}}
{{- if and .Values.code.registry.repository (semverCompare "<1.33-0" .Capabilities.KubeVersion.Version) -}}
{{- fail "code.registry.repository: pods mount bundles as images, which takes Kubernetes 1.35, or 1.33 with the feature ImageVolume" -}}
{{- end -}}
{{- if and $redis.trial.keep (not $redis.trial.enabled) -}}
{{- fail "redis.trial.keep: it needs redis.trial.enabled" -}}
{{- end -}}
{{- end }}
