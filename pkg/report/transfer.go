package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/appm-provision/appm-provision/pkg/run"
)

// transfer is something counted that is under way.
type transfer struct {
	what  string
	unit  run.Unit
	done  int64
	total int64
	heard []sample // of the last moments
}

type sample struct {
	at   time.Time
	done int64
}

// recent is over how long a rate is taken: long enough to be steady, short enough
// to notice that a line has become slow.
const recent = 5 * time.Second

// reached notes how far it has got. Samples are a tenth of recent apart, so that
// there are few of them.
func (m *transfer) reached(done int64, now time.Time) {
	m.done = done
	if n := len(m.heard); n > 0 && now.Sub(m.heard[n-1].at) < recent/10 {
		return
	}
	m.heard = append(m.heard, sample{now, done})
	for len(m.heard) > 2 && now.Sub(m.heard[1].at) >= recent {
		m.heard = m.heard[1:]
	}
}

// rate is how much a second; 0 where nothing can be said yet.
func (m *transfer) rate(now time.Time) float64 {
	first := m.heard[0]
	took := now.Sub(first.at).Seconds()
	if took < 0.5 {
		return 0
	}
	return float64(m.done-first.done) / took
}

// barWidth leaves room for the rest on 80 columns.
const barWidth = 10

func (m *transfer) spans(now time.Time) []bit {
	full := int(m.done * barWidth / m.total)
	bar := strings.Repeat("#", full) + strings.Repeat("-", barWidth-full)
	text := fmt.Sprintf("] %3d%%  %s", m.done*100/m.total, m.amount())
	if rate := m.rate(now); rate > 0 {
		left := time.Duration(float64(m.total-m.done) / rate * float64(time.Second))
		text += fmt.Sprintf("  %s/s  %s left", m.unitOf(rate), elapsed(left+time.Second-1))
	}
	if m.unit == run.Bytes {
		text += "  " + m.what // the end of a file's name may be cut off
	}
	return []bit{{text: "["}, {text: bar, code: paints['+']}, {text: text}}
}

// amount is how much of how much.
func (m *transfer) amount() string {
	if m.unit == run.Bytes {
		return fmt.Sprintf("%.1f of %.1f MB", float64(m.done)/1e6, float64(m.total)/1e6)
	}
	return fmt.Sprintf("%s: %d of %d", strings.TrimPrefix(m.what, "schema "), m.done, m.total)
}

func (m *transfer) unitOf(rate float64) string {
	if m.unit == run.Bytes {
		return fmt.Sprintf("%.1f MB", rate/1e6)
	}
	return fmt.Sprintf("%.0f", rate)
}
