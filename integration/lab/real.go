package lab

import "context"

func (h *Host) realStats() (Stats, error) { return Stats{}, nil }
func (h *Host) enter() []string { return nil }
func (s *state) downNetwork(ctx context.Context) error { return nil }
