// Package browser tests the pages of plans and runs in a real browser: what it
// fetches, what it complains of, how wide they are.
package browser

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a headless Chromium whose every way out is a proxy that refuses
// and remembers.
type browser struct {
	context.Context
	mu    sync.Mutex
	tried []string
}

func start(t *testing.T) *browser {
	t.Helper()
	program, err := find()
	if err != nil {
		if os.Getenv("APPM_REQUIRE_SERVERS") != "" && os.Geteuid() == 0 {
			t.Fatalf("no Chromium: %v; as root integration/cmd/prepare installs it", err)
		}
		t.Skipf("*** LEFT OUT: no Chromium here (%v): the pages are not looked at in a browser ***", err)
	}
	b := &browser{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.tried = append(b.tried, r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.ProxyServer(proxy.URL), chromedp.Flag("proxy-bypass-list", "<-loopback>"), chromedp.UserDataDir(profile(t)),
		chromedp.WSURLReadTimeout(2*time.Minute))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	b.Context = ctx
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return b
}

// profile is a folder for what the browser keeps. Processes of it that have not
// ended yet may write there while it is removed.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "appm-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 1200 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Error(err)
	})
	return dir
}

// find is the browser's program.
func find() (string, error) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		program, err = exec.LookPath("chromium-browser")
	}
	return program, err
}

// asked is who the browser wanted to talk to; what Chromium asks its own
// makers, whatever it shows, is no page's doing.
func (b *browser) asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, host := range b.tried {
		name, _, err := net.SplitHostPort(host)
		if err != nil {
			name = host
		}
		if !strings.HasSuffix(name, ".google.com") && !strings.HasSuffix(name, ".googleapis.com") && !strings.HasSuffix(name, ".gvt1.com") {
			list = append(list, host)
		}
	}
	return list
}

// seen is what a page did while it was shown.
type seen struct {
	requests, complaints []string
}

// tab is one page in a tab of its own.
func (b *browser) tab(t *testing.T, file string) (context.Context, *seen) {
	t.Helper()
	ctx, end := chromedp.NewContext(b.Context)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() { cancel(); end() })
	s := &seen{}
	chromedp.ListenTarget(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			s.requests = append(s.requests, e.Request.URL)
		case *cdplog.EventEntryAdded:
			s.complaints = append(s.complaints, e.Entry.Text)
		case *runtime.EventConsoleAPICalled:
			s.complaints = append(s.complaints, "console: "+string(e.Type))
		case *runtime.EventExceptionThrown:
			s.complaints = append(s.complaints, e.ExceptionDetails.Text)
		}
	})
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	err = chromedp.Run(ctx, network.Enable(), cdplog.Enable(), runtime.Enable(), chromedp.Navigate("file://"+path), chromedp.WaitReady("body"))
	if err != nil {
		t.Fatal(err)
	}
	return ctx, s
}

// show sets how wide the window is, and which colors its owner likes.
func show(t *testing.T, ctx context.Context, width int64, dark bool) {
	t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	err := chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(width, 900, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
	if err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression in the page. The page itself runs no script; the
// browser's own tools may.
func ask[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	var answer T
	if err := chromedp.Run(ctx, chromedp.Evaluate(expression, &answer)); err != nil {
		t.Fatal(err)
	}
	return answer
}

// looking is the folder for pictures that people look at; "" for none.
var looking = os.Getenv("APPM_LOOK")

func keep(t *testing.T, name string, data []byte) {
	t.Helper()
	if looking == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(looking, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func screenshot(t *testing.T, ctx context.Context) (data []byte) {
	t.Helper()
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&data, 100)); err != nil {
		t.Fatal(err)
	}
	return data
}

func printed(t *testing.T, ctx context.Context) (data []byte) {
	t.Helper()
	err := chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		data, _, err = cdppage.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(true).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
