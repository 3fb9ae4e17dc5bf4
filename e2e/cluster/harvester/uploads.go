package main

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"unsafe"

	"github.com/gorilla/mux"
	"github.com/rancher/apiserver/pkg/types"
	"github.com/rancher/steve/pkg/schema"
	steve "github.com/rancher/steve/pkg/server"
	"github.com/rancher/wrangler/v3/pkg/schemas"
	upload "kubevirt.io/containerized-data-importer-api/pkg/apis/upload/v1beta1"

	"github.com/harvester/harvester/pkg/api/image"
	harvester "github.com/harvester/harvester/pkg/apis/harvesterhci.io/v1beta1"
	"github.com/harvester/harvester/pkg/config"
	cdi "github.com/harvester/harvester/pkg/generated/controllers/upload.cdi.kubevirt.io/v1beta1"
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
// the API around it (Steve), which is not here: whoever reaches this port may. Longhorn's own API is looked for on longhornPort, and
// CDI's upload proxy, which is played, on cdiPort.
func serveUploads(scaled *config.Scaled, options config.Options, port, longhornPort, cdiPort string) {
	reachLonghorn(longhornPort)
	kept := &templates{}
	must(image.RegisterSchema(scaled, &steve.Server{SchemaFactory: kept}, options))
	router := mux.NewRouter()
	for _, template := range kept.taken {
		collection := &types.APISchema{Schema: &schemas.Schema{}}
		template.Customize(collection)
		for action, handler := range collection.ActionHandlers {
			reachCDI(handler, cdiPort)
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

// reachCDI: upstream's uploader has its own way to CDI's API of tokens and to its proxy, whose name is resolved in a cluster alone, and
// nobody can give it another. It is reached into.
func reachCDI(handler http.Handler, port string) {
	uploaders := reflect.ValueOf(handler).Elem().FieldByName("httpHandler").Elem().FieldByName("uploaders")
	uploader := uploaders.MapIndex(reflect.ValueOf(harvester.VMIBackendCDI)).Elem().Elem()
	inside := func(name string) unsafe.Pointer { return unsafe.Pointer(uploader.FieldByName(name).UnsafeAddr()) }
	(*http.Client)(inside("httpClient")).Transport = playedProxy(port)
	*(*cdi.UploadTokenRequestClient)(inside("cdiUploadClient")) = playedTokens{}
}

// playedProxy passes what is meant for CDI's proxy on to a port of loopback.
type playedProxy string

func (port playedProxy) RoundTrip(request *http.Request) (*http.Response, error) {
	request.URL = &url.URL{Scheme: "http", Host: "127.0.0.1:" + string(port), Path: request.URL.Path}
	return http.DefaultTransport.RoundTrip(request)
}

// playedTokens: a token names the claim, and nothing else.
type playedTokens struct {
	cdi.UploadTokenRequestClient
}

func (playedTokens) Create(request *upload.UploadTokenRequest) (*upload.UploadTokenRequest, error) {
	request.Status.Token = request.Namespace + "/" + request.Spec.PvcName
	return request, nil
}
