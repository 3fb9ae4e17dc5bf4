package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/longhorn/go-common-libs/ns"
	lhtypes "github.com/longhorn/go-common-libs/types"
	"github.com/longhorn/longhorn-manager/api"
	"github.com/longhorn/longhorn-manager/controller"
	"github.com/longhorn/longhorn-manager/manager"
	"github.com/longhorn/longhorn-manager/util"
	"github.com/longhorn/longhorn-manager/util/client"
)

const (
	// downAnnotation on a Node: its pods are killed and its controllers stop, as when the power fails.
	downAnnotation = "guardrails.test/down"
	serviceAccount = "longhorn-service-account"
	workers        = 2
	diskSize       = 500 << 30
	diskFree       = 450 << 30
)

// localJoiner does on this machine what Longhorn wants to do in its host's namespaces.
type localJoiner struct{}

func (localJoiner) Revert() error { return nil }

// Run makes of every folder a disk of its own: of 500 GiB, unless its file .stat says how many bytes it has and how many are free.
func (localJoiner) Run(act func() (any, error)) (any, error) {
	found, err := act()
	stat, isDisk := found.(lhtypes.DiskStat)
	if !isDisk {
		return found, err
	}
	hash := fnv.New32a()
	hash.Write([]byte(stat.Path))
	stat.DiskID = fmt.Sprintf("%x", hash.Sum32())
	stat.StorageMaximum, stat.StorageAvailable = diskSize, diskFree
	if text, err := os.ReadFile(filepath.Join(stat.Path, ".stat")); err == nil {
		_, _ = fmt.Sscan(string(text), &stat.StorageMaximum, &stat.StorageAvailable)
	}
	return stat, err
}

// controllers runs Longhorn's controllers for each of the nodes while it exists and is up, and Longhorn's own API on a port of loopback.
func controllers(kubeconfig string, nodes []string, port string) {
	ns.NewJoiner = func(string, time.Duration) (ns.JoinerInterface, error) { return localJoiner{}, nil }
	clients, err := client.NewClients(kubeconfig, true, make(chan struct{}))
	must(err)
	must(serveAPI(clients, nodes[0], port))
	fmt.Println("ready")
	running := map[string]chan struct{}{}
	for ; ; time.Sleep(500 * time.Millisecond) {
		for _, name := range nodes {
			node, err := clients.K8s.CoreV1().Nodes().Get(context.Background(), name, meta.GetOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				continue
			}
			up := err == nil && node.Annotations[downAnnotation] == ""
			stop, runs := running[name]
			switch {
			case runs && !up:
				close(stop)
				delete(running, name)
			case !runs && up:
				running[name] = make(chan struct{})
				must(start(clients, name, running[name]))
			}
		}
	}
}

// serveAPI answers as the longhorn-manager of that node: what Harvester asks of Longhorn beside Kubernetes, uploads among it.
func serveAPI(c *client.Clients, node, port string) error {
	watchers, err := controller.NewWebsocketController(logrus.WithField("node", node), c.Datastore)
	if err != nil {
		return err
	}
	router := api.NewRouter(api.NewServer(manager.NewVolumeManager(node, c.Datastore, util.NewAtomicCounter()), watchers))
	go func() { must(http.ListenAndServe("127.0.0.1:"+port, router)) }()
	return nil
}

// start runs the controllers of backing images and nodes, and no other of Longhorn's, for one node.
func start(c *client.Clients, node string, stop chan struct{}) error {
	log, counter := logrus.StandardLogger().WithField("node", node), util.NewAtomicCounter()
	images, err := controller.NewBackingImageController(log, c.Datastore, c.Scheme, c.K8s, c.Namespace, node, serviceAccount, managerImage, counter)
	if err != nil {
		return err
	}
	managers, err := controller.NewBackingImageManagerController(log, c.Datastore, c.Scheme, c.K8s, c.Namespace, node, serviceAccount, managerImage)
	if err != nil {
		return err
	}
	sources, err := controller.NewBackingImageDataSourceController(log, c.Datastore, c.Scheme, c.K8s, c.Namespace, node, serviceAccount, managerImage, counter)
	if err != nil {
		return err
	}
	nodes, err := controller.NewNodeController(log, c.Datastore, c.Scheme, c.K8s, c.Namespace, node)
	if err != nil {
		return err
	}
	kubernetesNodes, err := controller.NewKubernetesNodeController(log, c.Datastore, c.Scheme, c.K8s, node)
	if err != nil {
		return err
	}
	for _, run := range []func(int, <-chan struct{}){images.Run, managers.Run, sources.Run, nodes.Run, kubernetesNodes.Run} {
		go run(workers, stop)
	}
	return nil
}
