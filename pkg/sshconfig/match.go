package sshconfig

import "strings"

// match tells whether a Match line applies. Its criteria are looked at in their
// order; one that we cannot decide is an error only where those before it hold.
func (p *pass) match(at place, rest string) (bool, error) {
	result, count := true, 0
	for rest != "" {
		word, after, ok := cutWord(rest)
		if !ok {
			return false, at.wrong(errQuotes.Error())
		}
		if strings.HasPrefix(word, "#") || word == "" {
			break
		}
		rest = after
		name, negated := strings.CutPrefix(strings.ToLower(word), "!")
		if name == "all" { // after one criterion it is allowed, as in `Match final all`
			if arg, _, _ := cutWord(rest); count > 1 || arg != "" && !strings.HasPrefix(arg, "#") {
				return false, at.wrong("Match all stands with other criteria")
			}
			return result && !negated, nil
		}
		count++
		holds, after, err := p.criterion(at, name, rest, result)
		if err != nil {
			return false, err
		}
		rest = after
		result = result && holds != negated
	}
	if count == 0 {
		return false, at.wrong("Match without a criterion")
	}
	return result, nil
}

// criterion decides one criterion; matter is whether those before it hold.
func (p *pass) criterion(at place, name, rest string, matter bool) (holds bool, after string, err error) {
	if name == "canonical" || name == "final" {
		p.wantFinal = p.wantFinal || name == "final"
		return p.final, rest, nil
	}
	arg, after, ok := cutWord(rest)
	if !ok || arg == "" || strings.HasPrefix(arg, "#") {
		return false, "", at.wrong("Match " + name + " names nothing")
	}
	switch name {
	case "host":
		now, err := p.hostNow()
		return matchesList(strings.ToLower(now), strings.ToLower(arg)), after, err
	case "originalhost":
		return matchesList(strings.ToLower(p.set.alias), strings.ToLower(arg)), after, nil
	case "user":
		return matchesList(p.set.user(), arg), after, nil
	case "localuser":
		return matchesList(p.set.local.User, arg), after, nil
	}
	if matter {
		return false, "", at.wrong("Match " + name + " cannot be decided by this tool; use Host, or Match host, or point ssh.config in the inventory to a file without it")
	}
	return false, after, nil
}

// hostNow is what the host's name is by the lines read so far.
func (p *pass) hostNow() (string, error) {
	if p.final {
		return p.set.final, nil
	}
	return p.set.hostName()
}
