package inventory

// secret reads where a secret is. No message of it holds a value: what stands
// in the wrong place may be the secret itself.
func (s section) secret(name string) SecretRef {
	ref := SecretRef{key: s.within(name), line: s.line(name)}
	switch value := s.values[name].(type) {
	case string:
		return s.literalSecret(name, value, ref)
	case map[string]any:
		return s.table(name).secretRef(ref)
	}
	return ref
}

func (s section) literalSecret(name, value string, ref SecretRef) SecretRef {
	if err := ref.check(value); err != nil {
		s.wrong(name, "%v", err)
		return ref
	}
	s.warn(name, `%s stands in this file, for everyone who can read it; better refer to it: %s = { env = "NAME" }`, name, name)
	ref.kind, ref.literal = SecretLiteral, NewSecret(value)
	return ref
}

// secretRef reads { env = … }, { file = … }, { command = … } or { prompt = true }.
func (s section) secretRef(ref SecretRef) SecretRef {
	given := 0
	for _, k := range secretKeys {
		if s.has(k.name) {
			given++
			ref.kind = SecretKind(k.name)
		}
	}
	if given != 1 {
		s.notes.wrong(ref.line, s.prefix()+"want exactly one of env, file, command, prompt")
		return SecretRef{key: ref.key, line: ref.line}
	}
	ref.where, _ = s.values[string(ref.kind)].(string)
	ref.command = s.texts("command")
	switch {
	case ref.kind == SecretEnv && ref.where != "" && !variable(ref.where):
		s.wrong("env", "env is no name of a variable (want letters, digits and _, without $)")
	case ref.kind == SecretCommand && s.values["command"] != nil && len(ref.command) == 0:
		s.wrong("command", "command is empty, want the program and its arguments")
	case s.has("prompt") && !s.flag("prompt", true):
		s.wrong("prompt", "prompt is false, want true or another way")
	}
	return ref
}

func variable(name string) bool {
	return only(name, letters+digits+"_") && !only(name[:1], digits)
}
