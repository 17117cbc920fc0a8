// Package xmledit changes values in an XML file by splicing bytes, so that
// comments, line ends, indentation, quotes and the order of attributes stay as
// they were.
//
// # Reading
//
// [Parse] checks that a document is well-formed by the rules of XML 1.0 (fifth
// edition) and remembers where everything stands. [Doc.Find] and [Doc.One]
// look elements up by a path:
//
//	Server/HostName                            children by name, from the root element on
//	*/Ports/*                                  any name
//	svns:alias                                 a prefix, when given, must be there literally
//	UserManager/Realm/Property[@name='x']      an attribute's value
//	wso2registry/remoteInstance[id='gov']      a child element's text
//	a/datasource[jndiConfig/name='jdbc/X']     … of a grandchild, or its attribute: [definition/@type='RDBMS']
//	a/b[.='x']                                 the element's own text
//	a/b[@k='x'][2]                             the second of those, counted within one parent
//
// A name without a prefix matches by local name, whatever the namespace: a
// default namespace does not hinder. A quote inside a value is doubled, [Quote]
// does that. Values are compared decoded and untrimmed.
//
// # Editing
//
// An [Edit] says how the file should be, not what to do. [Apply] takes all
// edits of a file in one pass over the original bytes; an edit whose value is
// already there, however it is written, makes no [Splice]. Edits are seen in
// order: a later one may name what an earlier one inserted. Two edits that want
// different things of the same place are an error.
//
// After splicing the result is parsed again and compared with what was meant.
// If anything else differs nothing is returned but an error.
//
// # Errors
//
// They carry positions and paths, never what stands in the file: that may be a
// password.
package xmledit
