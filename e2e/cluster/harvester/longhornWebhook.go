package main

import (
	"fmt"
	"time"

	"github.com/rancher/wrangler/v3/pkg/signals"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	longhorn "github.com/longhorn/longhorn-manager/k8s/pkg/apis/longhorn/v1beta2"
	"github.com/longhorn/longhorn-manager/types"
	"github.com/longhorn/longhorn-manager/util/client"
	"github.com/longhorn/longhorn-manager/webhook/server"
)

const version = "v1.10.0"

// longhornWebhook serves Longhorn's admission webhook on its fixed port 9502, reached through an ExternalName Service,
// and then writes what Longhorn's daemon writes at start: one Setting for each that it knows.
// The environment must hold POD_NAMESPACE=longhorn-system and NODE_NAME. It waits until every kind of Longhorn is served, and says "ready".
func longhornWebhook(kubeconfig string) {
	ctx := signals.SetupSignalContext()
	cluster, err := client.NewClients(kubeconfig, true, ctx.Done())
	must(err)
	must(server.New(ctx, cluster.Namespace, types.WebhookTypeAdmission, cluster).ListenAndServe())

	_, err = cluster.K8s.CoreV1().ConfigMaps(cluster.Namespace).Create(ctx, &core.ConfigMap{
		ObjectMeta: meta.ObjectMeta{Name: types.DefaultDefaultSettingConfigMapName, Namespace: cluster.Namespace},
		Data:       map[string]string{types.DefaultSettingYAMLFileName: ""}}, meta.CreateOptions{})
	there(err)
	// The validator of every other setting reads this one first. The webhook answers a moment after it listens.
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(time.Second) {
		_, err = cluster.Datastore.CreateSetting(&longhorn.Setting{
			ObjectMeta: meta.ObjectMeta{Name: string(types.SettingNameCRDAPIVersion)}, Value: types.CurrentCRDAPIVersion})
		if err == nil || errors.IsAlreadyExists(err) {
			break
		}
		if time.Now().After(deadline) {
			fail(err)
		}
	}
	time.Sleep(2 * time.Second) // the validators read caches
	must(cluster.Datastore.UpdateCustomizedSettings(map[types.SettingName]string{
		types.SettingNameDefaultEngineImage:              "longhornio/longhorn-engine:" + version,
		types.SettingNameDefaultInstanceManagerImage:     "longhornio/longhorn-instance-manager:" + version,
		types.SettingNameDefaultBackingImageManagerImage: "longhornio/backing-image-manager:" + version,
		types.SettingNameSupportBundleManagerImage:       "longhornio/support-bundle-kit:v0",
	}))
	fmt.Println("ready")
	<-ctx.Done()
}

func there(err error) {
	if !errors.IsAlreadyExists(err) {
		must(err)
	}
}
