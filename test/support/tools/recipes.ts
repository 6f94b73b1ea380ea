/** Programs of others that tests run: where each comes from, in which version. */
import { join } from 'node:path';
import type { GoProgram, PublishedProgram } from '../go-program.ts';

/** Names of the tools, in the order in which they are built while other tests run. */
export const toolNames = [
  'kwok',
  'helm3',
  'helm4',
  'kubeconform',
  'registry',
  'health',
  'kube-score',
  'promtool',
  'prometheus',
  'kustomize-controller',
  'argocd',
] as const;

/** One of them. */
export type ToolName = (typeof toolNames)[number];

/** Of a published program, of a module of ours, or of a package of Debian. */
export type ToolRecipe =
  | ({ readonly from: 'Published' } & Omit<PublishedProgram, 'name'>)
  | ({ readonly from: 'Module' } & Omit<GoProgram, 'name'>)
  | { readonly from: 'Debian'; readonly package: string; readonly program: string };

const argo = 'github.com/argoproj/argo-cd/v3@v3.5.7';
const flux = 'github.com/fluxcd/kustomize-controller';
const fluxSource = 'github.com/fluxcd/source-controller@v1.9.5';

/** How each tool is made. */
export const recipes: Readonly<Record<ToolName, ToolRecipe>> = {
  helm3: {
    from: 'Published',
    package: 'helm.sh/helm/v3/cmd/helm',
    version: 'v3.21.4',
    stamp: {
      'helm.sh/helm/v3/internal/version.version': 'v3.21.4',
      // Of its client-go; without them charts are told of Kubernetes 1.20.
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor': '1',
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor': '36',
      'helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor': '1',
      'helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor': '36',
    },
    what: 'Helm 3',
    duration: 'about 2 minutes on 2 cores',
  },
  helm4: {
    from: 'Published',
    package: 'helm.sh/helm/v4/cmd/helm',
    version: 'v4.2.4',
    stamp: { 'helm.sh/helm/v4/internal/version.version': 'v4.2.4' },
    what: 'Helm 4',
    duration: 'about 2 minutes on 2 cores',
  },
  kubeconform: {
    from: 'Published',
    package: 'github.com/yannh/kubeconform/cmd/kubeconform',
    version: 'v0.7.0',
    stamp: { 'main.version': 'v0.7.0' },
    what: 'kubeconform',
    duration: 'seconds',
  },
  'kube-score': {
    from: 'Published',
    package: 'github.com/zegl/kube-score/cmd/kube-score',
    version: 'v1.20.0',
    stamp: { 'main.version': 'v1.20.0' },
    what: 'kube-score',
    duration: 'about a minute on 2 cores',
  },
  kwok: {
    from: 'Published',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    version: 'v0.8.0',
    what: 'kwok',
    duration: 'about 2 minutes on 2 cores',
  },
  registry: {
    from: 'Module',
    dir: join(import.meta.dirname, 'registry'),
    what: 'an OCI registry',
    duration: 'seconds',
  },
  health: {
    from: 'Module',
    dir: join(import.meta.dirname, 'health'),
    what: 'the check of health by the code of Flux and Argo CD',
    duration: 'about a minute on 2 cores',
  },
  'kustomize-controller': {
    from: 'Module',
    dir: join(import.meta.dirname, 'kustomize-controller'),
    package: flux,
    files: [
      { module: flux, path: 'config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml' },
      // All it watches: it does not begin before each is served.
      ...['buckets', 'externalartifacts', 'gitrepositories', 'ocirepositories'].map((kind) => ({
        module: fluxSource,
        path: `config/crd/bases/source.toolkit.fluxcd.io_${kind}.yaml`,
      })),
    ],
    what: "Flux's kustomize-controller",
    duration: 'about 5 minutes on 2 cores',
  },
  argocd: {
    from: 'Module',
    dir: join(import.meta.dirname, 'argocd'),
    files: [
      'manifests/crds/application-crd.yaml',
      'manifests/crds/appproject-crd.yaml',
      'hack/git-verify-wrapper.sh',
      'hack/gpg-wrapper.sh',
    ].map((path) => ({ module: argo, path })),
    what: 'Argo CD',
    duration: 'about 8 minutes on 2 cores',
  },
  promtool: { from: 'Debian', package: 'prometheus', program: 'usr/bin/promtool' },
  prometheus: { from: 'Debian', package: 'prometheus', program: 'usr/bin/prometheus' },
};
