// A minimal operator on controller-runtime: for each RedisWorker it creates what ours creates on the cluster, a
// ConfigMap, a Secret, a NetworkPolicy and one Deployment per consumer, and says Ready when all of them are available.
// It knows no Redis. The bench measures it beside ours, as the floor of the stack most operators are built on.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	metrics := flag.String("metrics", "0", "where /metrics is served")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	if err := run(*metrics); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(metrics string) error {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	scheme.AddKnownTypes(groupVersion, &RedisWorker{}, &RedisWorkerList{})
	metav1.AddToGroupVersion(scheme, groupVersion)

	restConfig, err := config.GetConfig()
	if err != nil {
		return err
	}
	// Nothing but the API server's own flow control holds it back, as with ours.
	restConfig.QPS = -1
	manager, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme:  scheme,
		Metrics: metricsserver.Options{BindAddress: metrics},
	})
	if err != nil {
		return err
	}
	reconciler := &reconciler{Client: manager.GetClient(), scheme: scheme}
	err = ctrl.NewControllerManagedBy(manager).
		For(&RedisWorker{}).
		Owns(&corev1.ConfigMap{}).
		Owns(&corev1.Secret{}).
		Owns(&networkingv1.NetworkPolicy{}).
		Owns(&appsv1.Deployment{}).
		Complete(reconciler)
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

type reconciler struct {
	client.Client
	scheme *runtime.Scheme
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	worker := &RedisWorker{}
	if err := r.Get(ctx, request.NamespacedName, worker); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !worker.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	if err := r.common(ctx, worker); err != nil {
		return ctrl.Result{}, err
	}
	available := 0
	for number := 1; number <= worker.Spec.Consumers.Count; number++ {
		deployment, err := r.deployment(ctx, worker, fmt.Sprint(number))
		if err != nil {
			return ctrl.Result{}, err
		}
		if deployment.Status.ObservedGeneration == deployment.Generation && deployment.Status.AvailableReplicas > 0 {
			available++
		}
	}
	return ctrl.Result{}, r.tell(ctx, worker, available)
}

// common makes what all consumers of a worker share.
func (r *reconciler) common(ctx context.Context, worker *RedisWorker) error {
	source := &corev1.ConfigMap{ObjectMeta: child(worker, sourceName(worker))}
	err := r.ensure(ctx, worker, source, func() {
		source.Data = map[string]string{"worker.ts": worker.Spec.Source.Inline}
	})
	if err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: child(worker, secretName(worker))}
	err = r.ensure(ctx, worker, secret, func() {
		if secret.Data["key"] == nil {
			secret.Data = map[string][]byte{"key": freshKey()}
		}
	})
	if err != nil {
		return err
	}
	policy := &networkingv1.NetworkPolicy{ObjectMeta: child(worker, worker.Name)}
	return r.ensure(ctx, worker, policy, func() { policy.Spec = policySpec(worker) })
}

func (r *reconciler) deployment(ctx context.Context, worker *RedisWorker, id string) (*appsv1.Deployment, error) {
	deployment := &appsv1.Deployment{ObjectMeta: child(worker, worker.Name+"-"+id)}
	return deployment, r.ensure(ctx, worker, deployment, func() {
		// What the API server has filled in stays: only what is ours is set.
		deployment.Labels = consumerLabels(worker, id)
		shapeDeployment(&deployment.Spec, worker, id)
	})
}

func (r *reconciler) ensure(ctx context.Context, worker *RedisWorker, object client.Object, shape func()) error {
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, object, func() error {
		shape()
		return controllerutil.SetControllerReference(worker, object, r.scheme)
	})
	return err
}

// tell writes the status when it says something else than before.
func (r *reconciler) tell(ctx context.Context, worker *RedisWorker, available int) error {
	before := worker.DeepCopyObject().(*RedisWorker)
	condition := metav1.Condition{
		Type: "Ready", Status: metav1.ConditionFalse, Reason: "ConsumersStarting", ObservedGeneration: worker.Generation,
		Message: fmt.Sprintf("%d of %d consumers are ready", available, worker.Spec.Consumers.Count),
	}
	if available == worker.Spec.Consumers.Count {
		condition.Status, condition.Reason = metav1.ConditionTrue, "Ready"
	}
	changed := meta.SetStatusCondition(&worker.Status.Conditions, condition)
	worker.Status.ObservedGeneration, worker.Status.ReadyReplicas = worker.Generation, available
	if !changed && before.Status.ObservedGeneration == worker.Generation && before.Status.ReadyReplicas == available {
		return nil
	}
	return r.Status().Patch(ctx, worker, client.MergeFrom(before))
}

func child(worker *RedisWorker, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: worker.Namespace, Name: name, Labels: workerLabels(worker)}
}

func sourceName(worker *RedisWorker) string {
	sum := sha256.Sum256([]byte(worker.Spec.Source.Inline))
	return worker.Name + "-" + hex.EncodeToString(sum[:6])
}

func secretName(worker *RedisWorker) string { return worker.Name + "-worker" }

func freshKey() []byte {
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	return []byte("worker-v0 " + hex.EncodeToString(key) + "\n")
}

func workerLabels(worker *RedisWorker) map[string]string {
	return map[string]string{"app.kubernetes.io/managed-by": "peer", "app.kubernetes.io/instance": worker.Name}
}

func consumerLabels(worker *RedisWorker, id string) map[string]string {
	labels := workerLabels(worker)
	labels["redisworker.dev/consumer"] = id
	return labels
}

func policySpec(worker *RedisWorker) networkingv1.NetworkPolicySpec {
	tcp, udp := corev1.ProtocolTCP, corev1.ProtocolUDP
	dns, redis := intstr.FromInt32(53), intstr.FromInt32(6379)
	return networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: workerLabels(worker)},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
		Egress: []networkingv1.NetworkPolicyEgressRule{
			{
				Ports: []networkingv1.NetworkPolicyPort{{Protocol: &udp, Port: &dns}, {Protocol: &tcp, Port: &dns}},
				To: []networkingv1.NetworkPolicyPeer{{
					NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "kube-system"}},
					PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
				}},
			},
			{
				Ports: []networkingv1.NetworkPolicyPort{{Protocol: &tcp, Port: &redis}},
				To:    []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: "127.0.0.1/32"}}},
			},
		},
	}
}
