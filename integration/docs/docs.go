// Package docs reads the project's own pages: their fenced blocks, their links,
// and the steps that a page tells its reader to take.
package docs

import (
	"bufio"
	"os"
	"regexp"
	"strings"
)

// A Block is a fenced part of a page.
type Block struct {
	Page  string // the page's path
	Line  int    // of its first line of text
	Lang  string // sh, console, go, …; empty where the page says none
	Title string // the path in bold code that stands right above, if one does
	Text  string
	Mark  string // what an HTML comment right above says: <!-- not run: why -->
}

var (
	titled = regexp.MustCompile("^\\*\\*`([^`]+)`\\*\\*$")
	marked = regexp.MustCompile(`^<!-- (.*) -->$`)
)

// Blocks reads the fenced blocks of a page, in order.
func Blocks(page string) ([]Block, error) {
	f, err := os.Open(page)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var (
		list   []Block
		open   *Block
		fence  string
		above  string // the last line that is not empty
		number int
	)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		number++
		line := lines.Text()
		trimmed := strings.TrimSpace(line)
		switch {
		case open != nil && trimmed == fence:
			list, open, above = append(list, *open), nil, ""
		case open != nil:
			open.Text += line + "\n"
		case strings.HasPrefix(trimmed, "```"):
			fence = trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, "`"))]
			open = &Block{Page: page, Line: number + 1, Lang: strings.TrimPrefix(trimmed, fence)}
			open.about(above)
		case trimmed != "":
			above = trimmed
		}
	}
	return list, lines.Err()
}

// about takes over what the line above a block says of it.
func (b *Block) about(above string) {
	if m := titled.FindStringSubmatch(above); m != nil {
		b.Title = m[1]
	}
	if m := marked.FindStringSubmatch(above); m != nil {
		b.Mark = m[1]
	}
}
