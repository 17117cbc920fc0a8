package dbinit

import (
	"bytes"
	"crypto/sha256"
)

// shaCryptLen is the length of what shaCrypt returns.
const shaCryptLen = 43

// shaCrypt is the digest of Drepper's SHA-256 crypt ("$5$"), which MySQL uses
// with salts of 20 bytes where crypt(3) stops at 16. The steps are numbered as
// in his description.
func shaCrypt(password, salt string, rounds int) string {
	pw, sl := []byte(password), []byte(salt)
	b := sha256.Sum256(bytes.Join([][]byte{pw, sl, pw}, nil)) // 4-8
	a := sha256.New()                                         // 1-3
	a.Write(pw)
	a.Write(sl)
	a.Write(stretch(b[:], len(pw))) // 9, 10
	for n := len(pw); n > 0; n >>= 1 {
		if n&1 != 0 { // 11
			a.Write(b[:])
		} else {
			a.Write(pw)
		}
	}
	sum := a.Sum(nil) // 12

	dp := sha256.Sum256(bytes.Repeat(pw, len(pw)))                          // 13-15
	p := stretch(dp[:], len(pw))                                            // 16
	ds := sha256.Sum256(bytes.Repeat(sl, 16+int(sum[0])))                   // 17-19
	return shaCryptText(shaRounds(sum, p, stretch(ds[:], len(sl)), rounds)) // 20-22
}

func shaRounds(sum, p, s []byte, rounds int) []byte {
	for i := range rounds { // 21
		h := sha256.New()
		if i%2 != 0 {
			h.Write(p)
		} else {
			h.Write(sum)
		}
		if i%3 != 0 {
			h.Write(s)
		}
		if i%7 != 0 {
			h.Write(p)
		}
		if i%2 != 0 {
			h.Write(sum)
		} else {
			h.Write(p)
		}
		sum = h.Sum(nil)
	}
	return sum
}

// stretch repeats b to n bytes.
func stretch(b []byte, n int) []byte {
	return bytes.Repeat(b, n/len(b)+1)[:n]
}

// shaCryptText is crypt's own base64, over the bytes in crypt's own order.
func shaCryptText(sum []byte) string {
	const digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	order := [...]int{0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19, 29}
	var out []byte
	put := func(v uint, n int) {
		for range n {
			out = append(out, digits[v&63])
			v >>= 6
		}
	}
	for i := 0; i < len(order); i += 3 {
		put(uint(sum[order[i]])<<16|uint(sum[order[i+1]])<<8|uint(sum[order[i+2]]), 4)
	}
	put(uint(sum[31])<<8|uint(sum[30]), 3)
	return string(out)
}
