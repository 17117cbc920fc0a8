package carbon

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// webPorts are the web container's, before the offset.
var webPorts = []int{9443, 9763}

const webClass = "org.wso2.carbon.tomcat.internal.CarbonTomcat"

// listen opens the ports and answers on them. There is no TLS here: who only
// wants to know whether the port is open does not need it.
func (s *server) listen() error {
	for _, port := range append(append([]int{}, webPorts...), s.conf.axis.ports...) {
		port += s.conf.offset
		l, err := net.Listen("tcp", net.JoinHostPort(s.env("CARBON_BIND"), strconv.Itoa(port)))
		if err != nil {
			return faultf(webClass, "java.net.BindException: Address already in use or not to be had: port %d: %v", port, err)
		}
		s.open = append(s.open, l)
		go s.answer(l)
	}
	return nil
}

func (s *server) answer(l net.Listener) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s at %s\n", s.conf.product, s.home)
	})
	h := &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet()}
	// It returns when the listener is closed, which is what stop does.
	_ = h.Serve(l)
}
