// The stock Go yardstick: grpc-go with the published Envoy types, answering "go on" to every message. Prints its port.
package main

import (
	"fmt"
	"io"
	"net"
	"os"

	extproc "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
)

const mebibyte = 1 << 20

type server struct {
	extproc.UnimplementedExternalProcessorServer
}

func (server) Process(stream extproc.ExternalProcessor_ProcessServer) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		response := &extproc.ProcessingResponse{}
		switch request.Request.(type) {
		case *extproc.ProcessingRequest_RequestHeaders:
			response.Response = &extproc.ProcessingResponse_RequestHeaders{RequestHeaders: &extproc.HeadersResponse{}}
		default:
			response.Response = &extproc.ProcessingResponse_RequestBody{RequestBody: &extproc.BodyResponse{}}
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	service := grpc.NewServer(
		grpc.MaxRecvMsgSize(65*mebibyte),
		grpc.MaxSendMsgSize(65*mebibyte),
		grpc.InitialWindowSize(mebibyte),
		grpc.InitialConnWindowSize(4*mebibyte),
	)
	extproc.RegisterExternalProcessorServer(service, server{})
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	if err := service.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
