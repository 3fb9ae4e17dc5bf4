package main

import (
	"fmt"

	"github.com/rancher/lasso/pkg/controller"
	"github.com/rancher/wrangler/v3/pkg/generic"
	"github.com/rancher/wrangler/v3/pkg/ratelimit"
	"github.com/rancher/wrangler/v3/pkg/signals"

	"github.com/harvester/harvester/pkg/config"
	"github.com/harvester/harvester/pkg/controller/master/image"
	"github.com/harvester/harvester/pkg/controller/master/template"
	"github.com/harvester/harvester/pkg/controller/master/virtualmachine"
	"github.com/harvester/harvester/pkg/indexeres"
	"github.com/harvester/harvester/pkg/server"
)

// harvesterControllers runs the controllers of images, templates and VMs, and no other of Harvester's, and takes uploads; it says "ready" when they work.
func harvesterControllers(kubeconfig, uploadPort, longhornPort, cdiPort string) {
	ctx := signals.SetupSignalContext()
	loader, err := server.GetConfig(kubeconfig)
	must(err)
	rest, err := loader.ClientConfig()
	must(err)
	rest.RateLimiter = ratelimit.None // as upstream has it (pkg/server/types.go)
	factory, err := controller.NewSharedControllerFactoryFromConfig(rest, server.Scheme)
	must(err)
	ctx, scaled, err := config.SetupScaled(ctx, rest, &generic.FactoryOptions{SharedControllerFactory: factory})
	must(err)
	options := config.Options{Namespace: harvesterNamespace, Threadiness: 5}
	must(indexeres.Setup(ctx, nil, nil, options))
	must(image.Register(ctx, scaled.Management, options))
	must(template.Register(ctx, scaled.Management, options))
	must(virtualmachine.Register(ctx, scaled.Management, options))
	serveUploads(scaled, options, uploadPort, longhornPort, cdiPort)
	must(scaled.Management.Start(options.Threadiness))
	fmt.Println("ready")
	<-ctx.Done()
}
