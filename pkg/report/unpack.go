package report

import (
	"fmt"

	"github.com/appm-provision/appm-provision/pkg/plan"
)

// homeWord is what becomes of a home that is not there.
func homeWord(h *plan.Home) string {
	word := fmt.Sprintf("unpack %s, %s of %d bytes", h.Pack, count(h.Files, "file", "files"), h.Size)
	if h.Owner != "" {
		word += ", for " + h.Owner
	}
	return word
}

// packLine says which pack it is, and how it comes to the host.
func packLine(h *plan.Home) string {
	line := fmt.Sprintf("%d bytes, sha256 %s, ", h.Packed, h.SHA256)
	if h.URL == "" {
		return line + "uploaded"
	}
	return line + "fetched by the host from " + h.URL
}
