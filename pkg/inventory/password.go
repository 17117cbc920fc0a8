package inventory

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckPassword refuses a password that the product would not read as it was
// written. The error never holds the password.
func CheckPassword(password string) error {
	if strings.Contains(password, "${") {
		return errors.New("the password contains ${, which the product replaces by a system property; choose another")
	}
	return checkSecret(password)
}

// checkAdmin holds the administrator's password to the rule of the product's
// user store, by which it would refuse to make the account at its first start.
func checkAdmin(password string) error {
	n := utf8.RuneCountInString(password)
	if n < 5 || n > 30 || strings.ContainsFunc(password, unicode.IsSpace) {
		return errors.New("the password is not of 5 to 30 characters without a blank, as the product's user store wants it")
	}
	return CheckPassword(password)
}

// checkSecret refuses what cannot be sent on one line.
func checkSecret(password string) error {
	switch {
	case password == "":
		return errors.New("the password is empty")
	case !utf8.ValidString(password):
		return errors.New("the password is not valid UTF-8; choose another")
	case strings.ContainsFunc(password, unwritable):
		return errors.New("the password contains a line end or another control character; choose another")
	}
	return nil
}

// unwritable tells what cannot stand in an XML file or on one line of any file.
func unwritable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\uFFFE' || r == '\uFFFF'
}
