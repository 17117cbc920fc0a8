package xmledit

import (
	"fmt"
	"strings"
	"testing"
)

// TestNotWellFormed has a document or more for each production and constraint
// of XML 1.0 that a document can break.
func TestNotWellFormed(t *testing.T) {
	for _, c := range []struct{ rule, docs, want string }{
		{"1 document", "\x00| |<a/><b/>|<a/>x|x<a/>|<a/>&#32;|<a/><![CDATA[]]>|<!-- -->", ""},
		{"2 Char", "<a>\x01</a>|<a>\uFFFE</a>|<a b='\x1F'/>|<!--\x0C--><a/>", "a character that XML does not allow"},
		{"3 S", "<a\u00A0b='1'/>|<a\u0085/>", ""},
		{"4 NameStartChar", "<1/>|<-a/>|<.a/>|<\u00D7/>|<\u0300a/>|<a ·='1'/>", ""},
		{"4a NameChar", "<a×/>|<a;/>|<a\u037E/>", ""},
		{"10 AttValue", "<a b=1/>|<a b=\"1/>|<a b='<'/>|<a b='&'/>|<a b='&c'/>|<a b=>", ""},
		{"14 CharData", "<a>]]></a>|<a>&</a>|<a>& </a>|<a><</a>", ""},
		{"15 Comment", "<a><!-- -- --></a>|<a><!----->|<a><!--></a>|<a><!-- </a>|<!- -><a/>", ""},
		{"16 PI", "<a><?></a>|<a><?p</a>|<a><?p?q?></a>|<a><? p?></a>", ""},
		{"17 PITarget", "<a><?xml?></a>|<a><?XML x?></a>| <?xml version='1.0'?><a/>", "an XML declaration is allowed at the very beginning only"},
		{"18 CDSect", "<a><![CDATA[</a>|<a><![cdata[]]></a>|<a><![CDATA []]></a>|<![CDATA[]]><a/>", ""},
		{"22 prolog", "<!DOCTYPE a><!DOCTYPE a><a/>|<a/><!DOCTYPE a>|<a><!DOCTYPE a></a>", ""},
		{"23 XMLDecl", "<?xml?><a/>|<?xml version='1.0'><a/>|<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>|<?xml encoding='UTF-8'?><a/>|<?xml version='1.0'encoding='UTF-8'?><a/>", "the XML declaration"},
		{"26 VersionNum", "<?xml version='2.0'?><a/>|<?xml version='1'?><a/>|<?xml version='1.'?><a/>", "the XML declaration"},
		{"26 VersionNum, 1.1", "<?xml version='1.1'?><a/>", "XML 1.1 is not supported"},
		{"28 doctypedecl", "<!DOCTYPE><a/>|<!DOCTYPE a [<a/>|<!DOCTYPE a SYSTEM><a/>|<!DOCTYPE a PUBLIC 'x'><a/>|<!DOCTYPE a [x]><a/>|<!doctype a><a/>", ""},
		{"32 SDDecl", "<?xml version='1.0' standalone='maybe'?><a/>", "the XML declaration"},
		{"39 element", "<a>|<a><b></a>|<a></a></a>|<a></b>|</a>|<a></A>", ""},
		{"40 STag", "<a b='1'c='2'/>|< a/>|<a b/>|<a =''/>|<a /b>|<a/ >|<a b='1' b='1'/>|<a", ""},
		{"42 ETag", "<a></ a>|<a></a b=''>|<a></a", "this end tag is broken"},
		{"45 elementdecl", "<!DOCTYPE a [<!ELEMENT a>]><a/>|<!DOCTYPE a [<!ELEMENT a ANY EMPTY>]><a/>|<!DOCTYPE a [<!ELEMENT a any>]><a/>", ""},
		{"47 children", "<!DOCTYPE a [<!ELEMENT a (b|c,d)>]><a/>|<!DOCTYPE a [<!ELEMENT a ()>]><a/>|<!DOCTYPE a [<!ELEMENT a (b c)>]><a/>|<!DOCTYPE a [<!ELEMENT a (b *)>]><a/>", ""},
		{"51 Mixed", "<!DOCTYPE a [<!ELEMENT a (#PCDATA|b)>]><a/>|<!DOCTYPE a [<!ELEMENT a (#PCDATA,b)*>]><a/>|<!DOCTYPE a [<!ELEMENT a (b|#PCDATA)*>]><a/>", ""},
		{"52 AttlistDecl", "<!DOCTYPE a [<!ATTLIST a b CDATA>]><a/>|<!DOCTYPE a [<!ATTLIST a b cdata #IMPLIED>]><a/>|<!DOCTYPE a [<!ATTLIST a b (c,d) 'c'>]><a/>|<!DOCTYPE a [<!ATTLIST a b CDATA #FIXED>]><a/>|<!DOCTYPE a [<!ATTLIST a b CDATA '<'>]><a/>", ""},
		{"66 CharRef", "<a>&#;</a>|<a>&#x;</a>|<a>&#xG;</a>|<a>&#0;</a>|<a>&#xD800;</a>|<a>&#xFFFE;</a>|<a>&#x110000;</a>|<a>&#X41;</a>|<a>&#99999999999999999999;</a>|<a>&#-1;</a>|<a>&#+1;</a>|<a>&#1_0;</a>", ""},
		{"68 EntityRef", "<a>&b;</a>|<a b='&c;'/>|<a>& lt;</a>|<a>&lt ;</a>|<!DOCTYPE a SYSTEM 'x' [<!ENTITY b SYSTEM 'y' NDATA n>]><a>&b;</a>", ""},
		{"68 entity with markup", "<!DOCTYPE a [<!ENTITY b '<c>'>]><a>&b;</a>|<!DOCTYPE a [<!ENTITY b '</a><a>'>]><a>&b;</a>|<!DOCTYPE a [<!ENTITY b '&#60;'>]><a>&b;</a>", "in the entity used here"},
		{"68 entity with itself", "<!DOCTYPE a [<!ENTITY b '&b;'>]><a>&b;</a>|<!DOCTYPE a [<!ENTITY b '&c;'><!ENTITY c '&b;'>]><a x='&b;'/>", "an entity that contains itself"},
		{"68 in an attribute", "<!DOCTYPE a [<!ENTITY b '<c/>'>]><a x='&b;'/>|<!DOCTYPE a [<!ENTITY b SYSTEM 'x'>]><a x='&b;'/>", ""},
		{"69 PEReference", "<!DOCTYPE a [%b]><a/>|<!DOCTYPE a [% b;]><a/>|<!DOCTYPE a [<!ENTITY % b '<!ELEMENT a'>%b; ANY>]><a/>|<!DOCTYPE a [<!ENTITY % b 'ANY'><!ELEMENT a %b;>]><a/>|<!DOCTYPE a [<!ENTITY % b '&#37;b;'>%b;]><a/>|<!DOCTYPE a [<!ENTITY % b 'c'><!ENTITY d '%b;'>]><a/>", ""},
		{"70 EntityDecl", "<!DOCTYPE a [<!ENTITY b>]><a/>|<!DOCTYPE a [<!ENTITY b c>]><a/>|<!DOCTYPE a [<!ENTITY b '&'>]><a/>|<!DOCTYPE a [<!ENTITY %b 'c'>]><a/>|<!DOCTYPE a [<!ENTITY % b SYSTEM 'x' NDATA n>]><a/>|<!DOCTYPE a [<!ENTITY b SYSTEM 'x'NDATA n>]><a/>", ""},
		{"75 ExternalID", "<!DOCTYPE a SYSTEM 'b><a/>|<!DOCTYPE a PUBLIC 'é' 'b'><a/>|<!DOCTYPE a PUBLIC 'b''c'><a/>", ""},
		{"80 EncodingDecl", "<?xml version='1.0' encoding=''?><a/>|<?xml version='1.0' encoding='-'?><a/>", ""},
		{"82 NotationDecl", "<!DOCTYPE a [<!NOTATION n>]><a/>|<!DOCTYPE a [<!NOTATION n SYSTEM>]><a/>", ""},
	} {
		for _, doc := range strings.Split(c.docs, "|<") {
			if !strings.HasPrefix(doc, "<") && doc != c.docs {
				doc = "<" + doc
			}
			d, err := Parse([]byte(doc))
			if err == nil || d != nil {
				t.Errorf("%s: %q was accepted", c.rule, doc)
			} else if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %q: got %v, want … %s", c.rule, doc, err, c.want)
			}
		}
	}
}

// TestErrorsDoNotQuote puts a secret next to every mistake.
func TestErrorsDoNotQuote(t *testing.T) {
	for _, doc := range []string{
		"<a p='s3cret<'/>", "<a p='&s3cret'/>", "<a p='&s3cret;'/>", "<a>&s3cret;</a>", "<a>&s3cret</a>", "<a>s3cret]]></a>",
		"<a><s3cret</a>", "<a><s3cret></a>", "<a></s3cret></a>", "<a s3cret='' s3cret=''/>", "<a s3cret/>", "<a>s3cret\x01</a>", "<a>s3cret\xff</a>", "s3cret<a/>",
		"<!DOCTYPE a [<!ENTITY b 's3cret &'>]><a/>", "<!DOCTYPE a [<!ENTITY b '<s3cret>'>]><a>&b;</a>",
	} {
		if _, err := Parse([]byte(doc)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: got %v", doc, err)
		}
	}
	secret := "s3cret"
	for _, edits := range [][]Edit{
		{SetText("a", secret), SetText("a", secret+"2")}, {SetText("a", secret+"\x00")}, {SetAttr("a", "b", secret), SetAttr("a", "b", secret+"2")}, {SetAttr("a", "b", secret+"\xff")},
		{SetText("a", secret), InsertLast("a", leaf("b", secret))}, {InsertLast("a", leaf("b", secret+"\x00"))}, {SetProperties("a/b", "c", "d", KV{"k", secret})},
		{SetContent("a", leaf("b", secret)), SetContent("a", leaf("b", secret+"2"))},
	} {
		if _, _, err := Apply([]byte("<a/>"), edits...); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%T: got %v", edits[0], err)
		}
	}
}

// TestEntitiesCannotBlowUp has the known attacks; each must be refused at once.
func TestEntitiesCannotBlowUp(t *testing.T) {
	laughs := func(kind, open string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "<!ENTITY %sl0 'ha'>", open)
		for i := 1; i < 30; i++ {
			fmt.Fprintf(&b, "<!ENTITY %sl%d '%s'>", open, i, strings.Repeat(fmt.Sprintf("%s%d;", kind, i-1), 10))
		}
		return b.String()
	}
	nested := "<!ENTITY n0 ''>"
	for i := 1; i < 5000; i++ {
		nested += fmt.Sprintf("<!ENTITY n%d '&n%d;'>", i, i-1)
	}
	for name, doc := range map[string]string{
		"billion laughs in text":           "<!DOCTYPE a [" + laughs("&l", "") + "]><a>&l29;</a>",
		"billion laughs in an attribute":   "<!DOCTYPE a [" + laughs("&l", "") + "]><a b='&l29;'/>",
		"billion laughs in the subset":     "<!DOCTYPE a [" + laughs("&#37;l", "% ") + "%l29;]><a/>",
		"quadratic":                        "<!DOCTYPE a [<!ENTITY b '" + strings.Repeat("x", 10000) + "'>]><a>" + strings.Repeat("&b;", 10000) + "</a>",
		"entities nested":                  "<!DOCTYPE a [" + nested + "]><a>&n4999;</a>",
		"content model nested":             "<!DOCTYPE a [<!ELEMENT a " + strings.Repeat("(", 100000) + "]><a/>",
		"parameter entity in itself, late": "<!DOCTYPE a [<!ENTITY % b '&#37;c;'><!ENTITY % c '&#37;b;'>%b;]><a/>",
	} {
		if _, err := Parse([]byte(doc)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	deep := strings.Repeat("<a>", 300000) + strings.Repeat("</a>", 300000)
	if out, splices, err := Apply([]byte(deep), SetAttr("a", "b", "1")); err != nil || len(splices) != 1 {
		t.Errorf("300000 elements deep: %d bytes, %d splices, %v", len(out), len(splices), err)
	}
	var distinct strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&distinct, " b%d=''", i)
	}
	if _, _, err := Apply([]byte("<a"+distinct.String()+"/>"), SetAttr("a", "b19999", "1"), SetAttr("a", "c", "1")); err != nil {
		t.Errorf("20000 attributes: %v", err)
	}
	if _, err := Parse([]byte("<a" + distinct.String() + " b70=''/>")); err == nil {
		t.Error("20000 attributes and one of them twice: accepted")
	}
	many := "<a" + strings.Repeat(" b=''", 100000) + "/>"
	if _, err := Parse([]byte(many)); err == nil {
		t.Error("100000 equal attributes: accepted")
	}
}
