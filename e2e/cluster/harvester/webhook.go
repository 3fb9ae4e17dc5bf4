package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"

	"github.com/gorilla/mux"
	"github.com/rancher/wrangler/v3/pkg/signals"
	admission "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/harvester/harvester/pkg/server"
	"github.com/harvester/harvester/pkg/webhook"
	"github.com/harvester/harvester/pkg/webhook/clients"
	"github.com/harvester/harvester/pkg/webhook/config"
	"github.com/harvester/harvester/pkg/webhook/indexeres"
	admitters "github.com/harvester/harvester/pkg/webhook/server"
	"github.com/harvester/harvester/pkg/webhook/types"
)

const (
	harvesterNamespace  = "harvester-system"
	harvesterController = "system:serviceaccount:harvester-system:harvester"
	garbageCollector    = "system:serviceaccount:kube-system:generic-garbage-collector"
)

// harvesterWebhook serves upstream's validators and mutators on loopback and registers them by address.
// The kubeconfig must name its CA as a file. Every kind that upstream lists must be served, or it never says "ready".
func harvesterWebhook(kubeconfig, port, cert, key, caFile string) {
	ctx := signals.SetupSignalContext()
	loader, err := server.GetConfig(kubeconfig)
	must(err)
	rest, err := loader.ClientConfig()
	must(err)
	options := &config.Options{Namespace: harvesterNamespace, Threadiness: 5,
		HarvesterControllerUsername: harvesterController, GarbageCollectionUsername: garbageCollector}
	cluster, err := clients.New(ctx, rest, options.Threadiness, false)
	must(err)
	indexeres.RegisterIndexers(cluster)
	validation, validated, err := admitters.Validation(cluster, options, false)
	must(err)
	mutation, mutated, err := admitters.Mutation(cluster, options, false)
	must(err)
	must(cluster.Start(ctx)) // returns when every cache is filled

	router := mux.NewRouter()
	router.Handle("/v1/webhook/validation", validation)
	router.Handle("/v1/webhook/mutation", mutation)
	address := "127.0.0.1:" + port
	https := &http.Server{Addr: address, Handler: router, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	go func() { must(https.ListenAndServeTLS(cert, key)) }()

	ca, err := os.ReadFile(caFile)
	must(err)
	reach := func(path string) admission.WebhookClientConfig {
		url := "https://" + address + path
		return admission.WebhookClientConfig{URL: &url, CABundle: ca}
	}
	none, fails, ignores := admission.SideEffectClassNone, admission.Fail, admission.Ignore
	versions := []string{"v1", "v1beta1"}
	api := cluster.K8s.AdmissionregistrationV1()
	validators, mutators := api.ValidatingWebhookConfigurations(), api.MutatingWebhookConfigurations()
	gone(validators.Delete(ctx, webhook.ValidatingWebhookName, meta.DeleteOptions{}))
	gone(mutators.Delete(ctx, webhook.MutatingWebhookName, meta.DeleteOptions{}))
	_, err = validators.Create(ctx, &admission.ValidatingWebhookConfiguration{
		ObjectMeta: meta.ObjectMeta{Name: webhook.ValidatingWebhookName},
		Webhooks: []admission.ValidatingWebhook{{Name: "validator.harvesterhci.io", ClientConfig: reach("/v1/webhook/validation"), Rules: rules(validated),
			FailurePolicy: &fails, SideEffects: &none, AdmissionReviewVersions: versions}}}, meta.CreateOptions{})
	must(err)
	_, err = mutators.Create(ctx, &admission.MutatingWebhookConfiguration{
		ObjectMeta: meta.ObjectMeta{Name: webhook.MutatingWebhookName},
		Webhooks: []admission.MutatingWebhook{{Name: "mutator.harvesterhci.io", ClientConfig: reach("/v1/webhook/mutation"), Rules: rules(mutated),
			FailurePolicy: &ignores, SideEffects: &none, AdmissionReviewVersions: versions}}}, meta.CreateOptions{})
	must(err)
	fmt.Println("ready")
	<-ctx.Done()
}

func rules(resources []types.Resource) (out []admission.RuleWithOperations) {
	for _, r := range resources {
		scope := r.Scope
		out = append(out, admission.RuleWithOperations{Operations: r.OperationTypes,
			Rule: admission.Rule{APIGroups: []string{r.APIGroup}, APIVersions: []string{r.APIVersion}, Resources: r.Names, Scope: &scope}})
	}
	return out
}

func gone(err error) {
	if !errors.IsNotFound(err) {
		must(err)
	}
}
