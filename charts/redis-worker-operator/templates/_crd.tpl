{{/*
The CustomResourceDefinition. A cluster has one, and at most one release owns it. What is done when it is there already:

  apply   it is this release's own: an upgrade, or a reinstall that takes back what was kept; or crds.takeOver
  leave   it is somebody else's and the same
  newer   it is somebody else's and of a newer version: left, which the notes tell
  older   it is somebody else's and of an older version, or of no known one: the install fails, and says what to do

helm template and Argo CD see no cluster, and apply.
*/}}

{{- define "redis-worker-operator.crd.found" -}}
{{- lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "redisworkers.redisworker.dev" | toYaml -}}
{{- end }}

{{- define "redis-worker-operator.crd.ours" -}}
{{- .Files.Get "files/crds/redisworkers.redisworker.dev.yaml" -}}
{{- end }}

{{/* namespace/name of the release that owns it; "/" for none. Takes the annotations. */}}
{{- define "redis-worker-operator.crd.owner" -}}
{{- printf "%s/%s" (get . "meta.helm.sh/release-namespace") (get . "meta.helm.sh/release-name") -}}
{{- end }}

{{- define "redis-worker-operator.crd.decision" -}}
{{- $found := include "redis-worker-operator.crd.found" . | fromYaml -}}
{{- $theirs := dig "metadata" "annotations" (dict) $found -}}
{{- $ours := (include "redis-worker-operator.crd.ours" . | fromYaml).metadata.annotations -}}
{{- $self := printf "%s/%s" .Release.Namespace .Release.Name -}}
{{- if or (not $found) .Values.crds.takeOver (eq (include "redis-worker-operator.crd.owner" $theirs) $self) -}}
apply
{{- else if eq (get $theirs "redisworker.dev/schema") (get $ours "redisworker.dev/schema") -}}
leave
{{- else -}}
{{- $version := semver (default "0.0.0" (get $theirs "redisworker.dev/version")) -}}
{{- ternary "newer" "older" (gt ($version.Compare (semver (get $ours "redisworker.dev/version"))) 0) -}}
{{- end -}}
{{- end }}

{{/* Whose it is and of which version, in a sentence. */}}
{{- define "redis-worker-operator.crd.description" -}}
{{- $theirs := dig "metadata" "annotations" (dict) (include "redis-worker-operator.crd.found" . | fromYaml) -}}
{{- $owner := include "redis-worker-operator.crd.owner" $theirs -}}
{{- printf "the cluster has a CustomResourceDefinition redisworkers.redisworker.dev of version %s that belongs to %s"
  (default "unknown" (get $theirs "redisworker.dev/version"))
  (ternary "no release" (printf "the release %s" $owner) (eq $owner "/")) -}}
{{- end }}

{{- define "redis-worker-operator.crd.older" -}}
{{- printf "%s, and this chart has %s: upgrade that first, or take it over with --take-ownership --set crds.takeOver=true, or set crds.install=false and see to it yourself"
  (include "redis-worker-operator.crd.description" .) .Chart.AppVersion -}}
{{- end }}
