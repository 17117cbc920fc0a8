package browser

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// overflow names what is wider than the page.
const overflow = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5 &&
	getComputedStyle(e).display != "none" && !e.closest(".away")).slice(0, 5).map(e => e.tagName + "." + e.getAttribute("class") + ": " + e.textContent.slice(0, 40))`

// faint finds texts whose contrast with what is behind them is below 4.5. What
// is behind is the nearest background that is not transparent; within a drawing
// that of its darkest and its lightest surface.
const faint = `(() => {
	const rgb = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
	const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
	const root = getComputedStyle(document.documentElement), bad = [];
	const hex = n => { const h = root.getPropertyValue(n).trim().slice(1); const f = h.length == 3 ? [...h].map(c => c + c).join("") : h; return [0, 2, 4].map(i => parseInt(f.slice(i, i + 2), 16)); };
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let seen = 0;
	for (let n; n = walk.nextNode();) {
		const e = n.parentElement;
		if (!n.data.trim() || e.closest("title, desc") || !e.getClientRects().length) continue;
		seen++;
		const s = getComputedStyle(e), svg = e.closest("svg");
		const surfaces = svg ? [hex("--paper"), hex("--wash")] : [behind(e)];
		const ink = rgb(svg ? s.fill : s.color).slice(0, 3);
		for (const surface of surfaces) { const c = contrast(ink, surface); if (c < 4.5) bad.push(c.toFixed(2) + " " + e.tagName + "." + (e.getAttribute("class") || "") + " " + n.data.trim().slice(0, 30)); }
	}
	return seen < 10 ? ["only " + seen + " texts were seen"] : [...new Set(bad)].slice(0, 8);
})()`

// unfolded counts what is closed and shows its content all the same.
const unfolded = `[...document.querySelectorAll("details:not([open])")].filter(d => d.getBoundingClientRect().height > d.querySelector("summary").getBoundingClientRect().height + 10).length`

func TestPagesInABrowser(t *testing.T) {
	b := start(t)
	for _, file := range fixtures(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".html")
		ctx, s := b.tab(t, file)
		for _, width := range []int64{375, 700, 1280} {
			for _, dark := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d dark=%v", name, width, dark), func(t *testing.T) {
					show(t, ctx, width, dark)
					look(t, ctx, width, dark)
					if looking != "" {
						keep(t, fmt.Sprintf("%s-%d-%s.png", name, width, map[bool]string{true: "dark", false: "light"}[dark]), screenshot(t, ctx))
					}
				})
			}
		}
		t.Run(name+" printed", func(t *testing.T) { onPaper(t, ctx, name) })
		b.quiet(t, s, file)
	}
	if asked := b.asked(); len(asked) > 0 {
		t.Errorf("somebody was asked for something: %v", asked)
	}
}

func look(t *testing.T, ctx context.Context, width int64, dark bool) {
	if got := ask[int64](t, ctx, "document.documentElement.scrollWidth"); got > width {
		t.Errorf("it is %d wide on a page of %d", got, width)
	}
	if list := ask[[]string](t, ctx, overflow); len(list) > 0 {
		t.Errorf("these stand out: %v", list)
	}
	if list := ask[[]string](t, ctx, faint); len(list) > 0 {
		t.Errorf("contrast is below 4.5: %v", list)
	}
	paper := ask[string](t, ctx, "getComputedStyle(document.body).backgroundColor")
	if want := map[bool]string{true: "rgb(20, 24, 28)", false: "rgb(255, 255, 255)"}[dark]; paper != want {
		t.Errorf("the paper is %s, want %s", paper, want)
	}
	pictures := ask[int64](t, ctx, `[...document.querySelectorAll("svg")].filter(s => s.checkVisibility()).length`)
	if all := ask[int64](t, ctx, `document.querySelectorAll("svg").length`); pictures*2 != all {
		t.Errorf("%d of %d drawings are shown, want one of each two", pictures, all)
	}
}

// onPaper prints from a dark screen: paper is light, and nothing stays folded.
func onPaper(t *testing.T, ctx context.Context, name string) {
	show(t, ctx, 1280, true)
	data := printed(t, ctx)
	if !bytes.HasPrefix(data, []byte("%PDF-")) {
		t.Errorf("printing gave %d bytes that are no PDF", len(data))
	}
	keep(t, name+".pdf", data)
	folds := ask[int64](t, ctx, `document.querySelectorAll("details:not([open])").length`)
	if shut := ask[int64](t, ctx, unfolded); shut != 0 {
		t.Errorf("on the screen %d of %d folds show what is in them", shut, folds)
	}
	err := chromedp.Run(ctx, emulation.SetEmulatedMedia().WithMedia("print").WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	if err != nil {
		t.Fatal(err)
	}
	if open := ask[int64](t, ctx, unfolded); open != folds {
		t.Errorf("on paper %d of %d folds show what is in them", open, folds)
	}
	if paper := ask[string](t, ctx, "getComputedStyle(document.body).backgroundColor"); paper != "rgb(255, 255, 255)" {
		t.Errorf("the paper is %s", paper)
	}
	if list := ask[[]string](t, ctx, faint); len(list) > 0 {
		t.Errorf("on paper contrast is below 4.5: %v", list)
	}
}

// quiet is that the page fetched nothing but itself, and that the browser had
// nothing to say.
func (b *browser) quiet(t *testing.T, s *seen, file string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(s.requests) != 1 || !strings.HasSuffix(s.requests[0], filepath.Base(file)) {
		t.Errorf("requests: %v", s.requests)
	}
	if len(s.complaints) > 0 {
		t.Errorf("the browser says: %v", s.complaints)
	}
}

// TestTheKeyboardOpensWhatIsFolded reaches the folds by Tab and opens one.
func TestTheKeyboardOpensWhatIsFolded(t *testing.T) {
	b := start(t)
	ctx, _ := b.tab(t, fixture(t, "html-failed.html"))
	show(t, ctx, 1280, false)
	folds := ask[int64](t, ctx, `document.querySelectorAll("summary").length`)
	reached := map[string]bool{}
	for range 400 {
		if err := chromedp.Run(ctx, chromedp.KeyEvent("\t")); err != nil {
			t.Fatal(err)
		}
		at := ask[string](t, ctx, `document.activeElement.tagName == "SUMMARY" ? String([...document.querySelectorAll("summary")].indexOf(document.activeElement)) : ""`)
		if reached[at] && at != "" {
			break // around
		}
		reached[at] = true
	}
	delete(reached, "")
	if int64(len(reached)) < folds-ask[int64](t, ctx, `[...document.querySelectorAll("summary")].filter(s => !s.checkVisibility()).length`) || folds < 10 {
		t.Errorf("Tab reaches %d of %d folds", len(reached), folds)
	}
	const first = `document.querySelector("details:not([open])")`
	if err := chromedp.Run(ctx, chromedp.Evaluate(first+`.id = "closed"; document.querySelector("#closed > summary").focus()`, nil), chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	if !ask[bool](t, ctx, `document.querySelector("#closed").open`) {
		t.Error("Enter does not open a fold")
	}
}

// TestTheTestsSeeWhatIsWrong shows the browser a page with everything that the
// tests above are looking for.
func TestTheTestsSeeWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wrong.html")
	body := `<!DOCTYPE html><meta charset=utf-8><meta name=viewport content="width=device-width"><style>:root{--paper:#fff;--wash:#fff}</style><body style="background:#fff"><p style="width:900px;color:#aaa">` + strings.Repeat("wide <b>x</b> ", 20) +
		`<img src="http://evil.example/x.png"><script>console.error("no"); throw 1</script>`
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	b := start(t)
	ctx, s := b.tab(t, file)
	show(t, ctx, 375, false)
	if got := ask[int64](t, ctx, "document.documentElement.scrollWidth"); got <= 375 {
		t.Errorf("it is %d wide", got)
	}
	if len(ask[[]string](t, ctx, overflow)) == 0 || len(ask[[]string](t, ctx, faint)) == 0 {
		t.Error("what stands out, or is faint, is not found")
	}
	b.mu.Lock()
	requests, complaints := slices.Clone(s.requests), slices.Clone(s.complaints)
	b.mu.Unlock()
	if len(requests) != 2 || len(complaints) < 3 || !slices.Contains(b.asked(), "evil.example") {
		t.Errorf("requests %v, complaints %v, the proxy saw %v", requests, complaints, b.asked())
	}
}
