package xmledit

import "bytes"

// lineStart is where the line of pos begins, and whether only blanks stand
// between there and pos.
func (r *writer) lineStart(pos int) (int, bool) {
	i := pos
	for i > 0 && (r.d.w[i-1] == ' ' || r.d.w[i-1] == '\t') {
		i--
	}
	return i, i == 0 || r.d.w[i-1] == '\n' || r.d.w[i-1] == '\r'
}

func (r *writer) indent(pos int) (string, bool) {
	i, ok := r.lineStart(pos)
	if !ok {
		return "", false
	}
	return string(r.d.w[i:pos]), true
}

// blanksToEnd is where the line of pos ends, and whether only blanks come
// before that.
func (r *writer) blanksToEnd(pos int) (int, bool) {
	i := pos
	for i < len(r.d.w) && (r.d.w[i] == ' ' || r.d.w[i] == '\t') {
		i++
	}
	return i, i == len(r.d.w) || r.d.w[i] == '\n' || r.d.w[i] == '\r'
}

// restOfLine is the end of pos's line if nothing but blanks and comments comes
// before it, else pos.
func (r *writer) restOfLine(pos int) int {
	for i := pos; ; {
		end, clean := r.blanksToEnd(i)
		if clean {
			return end
		}
		if !bytes.HasPrefix(r.d.w[end:], []byte("<!--")) {
			return pos
		}
		_, i = r.d.token(end)
	}
}

// newlineEnd is behind the line end at pos.
func (r *writer) newlineEnd(pos int) int {
	switch w := r.d.w[pos:]; {
	case len(w) == 0:
		return pos
	case len(w) > 1 && w[0] == '\r' && w[1] == '\n':
		return pos + 2
	}
	return pos + 1
}

// lineEndBefore is where the line end begins that stands before a line.
func (r *writer) lineEndBefore(line int) int {
	if line > 1 && r.d.w[line-2] == '\r' && r.d.w[line-1] == '\n' {
		return line - 2
	}
	return line - 1
}

// newline is the line end nearest to pos: files may have mixed ones.
func (r *writer) newline(pos int) string {
	if r.uniform == "" {
		r.uniform = uniform(r.d.w)
	}
	if r.uniform != "mixed" {
		return r.uniform
	}
	at := bytes.LastIndexAny(r.d.w[:pos], "\r\n")
	if at > 0 && r.d.w[at] == '\n' && r.d.w[at-1] == '\r' {
		at--
	}
	if at < 0 {
		at = pos + bytes.IndexAny(r.d.w[pos:], "\r\n")
	}
	return string(r.d.w[at:r.newlineEnd(at)])
}

// uniform is the line end of a document that has one kind, or "mixed".
func uniform(w []byte) string {
	pairs := bytes.Count(w, []byte("\r\n"))
	cr, lf := bytes.Count(w, []byte("\r"))-pairs, bytes.Count(w, []byte("\n"))-pairs
	switch {
	case pairs == 0 && cr == 0:
		return "\n"
	case cr == 0 && lf == 0:
		return "\r\n"
	case pairs == 0 && lf == 0:
		return "\r"
	}
	return "mixed"
}

// blankLinesBefore counts the blank lines on top of a line, and says where the
// text above them ends.
func (r *writer) blankLinesBefore(line int) (n, from int) {
	for line > 0 {
		end := r.lineEndBefore(line)
		start, ok := r.lineStart(end)
		if !ok {
			return n, start
		}
		n, line = n+1, start
	}
	return n, 0
}

// blankLinesAfter counts the blank lines that follow a line end, and says
// whether an end tag comes next.
func (r *writer) blankLinesAfter(eol int) (n int, closing bool) {
	for i := r.newlineEnd(eol); ; n++ {
		end, clean := r.blanksToEnd(i)
		if !clean {
			return n, bytes.HasPrefix(r.d.w[end:], []byte("</"))
		}
		if end == len(r.d.w) {
			return n, false
		}
		i = r.newlineEnd(end)
	}
}

// top is the first line of an element and of the comments right on top of it.
func (r *writer) top(e *elem) int {
	line, _ := r.lineStart(int(e.start))
	floor := int(e.parent.open)
	for p := e.prev; p != nil; p = p.prev {
		if !p.made() {
			floor = int(p.end)
			break
		}
	}
	for line > floor {
		end := r.lineEndBefore(line)
		for end > floor && (r.d.w[end-1] == ' ' || r.d.w[end-1] == '\t') {
			end--
		}
		if end < floor || !bytes.HasSuffix(r.d.w[floor:end], []byte("-->")) {
			break
		}
		comment := bytes.LastIndex(r.d.w[floor:end], []byte("<!--"))
		start, ok := r.lineStart(floor + max(comment, 0))
		if comment < 0 || !ok {
			break // the --> is text, or stands behind something else
		}
		line = start
	}
	return line
}
