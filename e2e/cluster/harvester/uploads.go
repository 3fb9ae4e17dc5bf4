package main

import (
	"context"
	"net"
	"net/http"

	"github.com/gorilla/mux"
	"github.com/rancher/apiserver/pkg/types"
	"github.com/rancher/steve/pkg/schema"
	steve "github.com/rancher/steve/pkg/server"
	"github.com/rancher/wrangler/v3/pkg/schemas"

	"github.com/harvester/harvester/pkg/api/image"
	"github.com/harvester/harvester/pkg/config"
)

const (
	longhornBackend  = "longhorn-backend.longhorn-system:9500"
	imagesCollection = "/v1/harvester/harvesterhci.io.virtualmachineimages"
)

// templates takes what upstream says of a collection of its own API, and keeps it.
type templates struct {
	schema.Factory
	taken []schema.Template
}

func (t *templates) AddTemplate(given ...schema.Template) { t.taken = append(t.taken, given...) }

// serveUploads answers the upload of an image as Harvester's own API does, by upstream's own handler. Who may ask is the business of
// the API around it (Steve), which is not here: whoever reaches this port may. Longhorn's own API is looked for on longhornPort.
func serveUploads(scaled *config.Scaled, options config.Options, port, longhornPort string) {
	reachLonghorn(longhornPort)
	kept := &templates{}
	must(image.RegisterSchema(scaled, &steve.Server{SchemaFactory: kept}, options))
	router := mux.NewRouter()
	for _, template := range kept.taken {
		collection := &types.APISchema{Schema: &schemas.Schema{}}
		template.Customize(collection)
		for action, handler := range collection.ActionHandlers {
			router.Handle(imagesCollection+"/{namespace}/{name}", handler).Methods(http.MethodPost).Queries("action", "{action:"+action+"}")
		}
	}
	go func() { must(http.ListenAndServe("127.0.0.1:"+port, router)) }()
}

// reachLonghorn: the name of Longhorn's Service is resolved in a cluster alone.
func reachLonghorn(port string) {
	transport := http.DefaultTransport.(*http.Transport)
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == longhornBackend {
			address = "127.0.0.1:" + port
		}
		return dial(ctx, network, address)
	}
}
