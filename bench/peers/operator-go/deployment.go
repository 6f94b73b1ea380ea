package main

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// shapeDeployment sets what a consumer's Deployment is made of, as ours does, and leaves what a server fills in.
func shapeDeployment(spec *appsv1.DeploymentSpec, worker *RedisWorker, id string) {
	labels := consumerLabels(worker, id)
	spec.Replicas = pointer(int32(1))
	spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	spec.RevisionHistoryLimit = pointer(int32(2))
	spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	spec.Template.Labels = labels
	pod := &spec.Template.Spec
	pod.AutomountServiceAccountToken = pointer(false)
	pod.EnableServiceLinks = pointer(false)
	pod.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot: pointer(true), RunAsUser: pointer(int64(65532)), RunAsGroup: pointer(int64(65532)),
		FSGroup: pointer(int64(65532)), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	if len(pod.Containers) == 0 {
		pod.Containers = []corev1.Container{container(worker, id)}
		pod.Volumes = volumes(worker)
	}
}

func container(worker *RedisWorker, id string) corev1.Container {
	probe := func(path string, period int32) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("health")}},
			PeriodSeconds: period,
		}
	}
	fieldOf := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}
	}
	return corev1.Container{
		Name:    "worker",
		Image:   "localhost/worker:bench",
		Command: []string{"deno", "run", "--no-prompt", "--allow-net=127.0.0.1:6379", "/redisworker/worker/main.js", worker.Name + ":" + id + ":h"},
		Env: []corev1.EnvVar{
			{Name: "HOME", Value: "/tmp"},
			{Name: "NO_COLOR", Value: "1"},
			{Name: "REDIS_URL", Value: "redis://127.0.0.1:6379"},
			{Name: "WORKER_KEY_FILE", Value: "/var/run/redisworker/key"},
			{Name: "WORKER_SOURCE", Value: "/source/worker.ts"},
			{Name: "POD_UID", ValueFrom: fieldOf("metadata.uid")},
			{Name: "POD_NAME", ValueFrom: fieldOf("metadata.name")},
		},
		Ports:          []corev1.ContainerPort{{Name: "health", ContainerPort: 8085, Protocol: corev1.ProtocolTCP}},
		ReadinessProbe: probe("/readyz", 1),
		LivenessProbe:  probe("/healthz", 10),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: pointer(false), ReadOnlyRootFilesystem: pointer(true),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		VolumeMounts: []corev1.VolumeMount{
			{Name: "source", MountPath: "/source", ReadOnly: true},
			{Name: "secret", MountPath: "/var/run/redisworker", ReadOnly: true},
			{Name: "scratch", MountPath: "/tmp"},
		},
	}
}

func volumes(worker *RedisWorker) []corev1.Volume {
	return []corev1.Volume{
		{Name: "source", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: sourceName(worker)}}}},
		{Name: "secret", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: secretName(worker), DefaultMode: pointer(int32(0o440))}}},
		{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
			SizeLimit: pointer(resource.MustParse("64Mi"))}}},
	}
}

func pointer[T any](value T) *T { return &value }
