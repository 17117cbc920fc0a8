package carbon

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"
)

// webPorts are the web container's, before the offset: the secure one first.
var webPorts = []int{9443, 9763}

const webClass = "org.wso2.carbon.tomcat.internal.CarbonTomcat"

// listen opens the ports and answers on them.
func (s *server) listen() error {
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	secure := &tls.Config{Certificates: []tls.Certificate{certificate}}
	web, messages := s.webHandler(), s.gatewayHandler()
	errs := []error{s.answer(webPorts[0], web, secure), s.answer(webPorts[1], web, nil)}
	for _, t := range s.conf.axis.transports {
		if t.name == "https" {
			errs = append(errs, s.answer(t.port, messages, secure))
		} else {
			errs = append(errs, s.answer(t.port, messages, nil))
		}
	}
	return errors.Join(errs...)
}

// answer opens a port, by the offset further on.
func (s *server) answer(port int, h http.Handler, secure *tls.Config) error {
	port += s.conf.offset
	l, err := net.Listen("tcp", net.JoinHostPort(s.env("CARBON_BIND"), strconv.Itoa(port)))
	if err != nil {
		return faultf(webClass, "java.net.BindException: Address already in use or not to be had: port %d: %v", port, err)
	}
	s.open = append(s.open, l)
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	web := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet()}
	// It returns when the listener is closed, which is what stop does.
	go func() { _ = web.Serve(l) }()
	return nil
}
