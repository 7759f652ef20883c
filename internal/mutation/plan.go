package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
)

// plan is what is to be tried of one target.
type plan struct {
	target target
	pkg    *pkg
	// together are the mutants that share a build, whose texts these are.
	together []*mutant
	texts    map[string]string
	// alone are those that need a build each.
	alone []*mutant
}

// plan finds the mutants that compile, and leaves those that are asked for.
func (o *order) plan(ctx context.Context) ([]plan, error) {
	dirs := make([]string, len(o.targets))
	for i, t := range o.targets {
		dirs[i] = t.dir
	}
	packages, err := load(ctx, o.root, dirs)
	if err != nil {
		return nil, err
	}
	var plans []plan
	numbered := 0
	for _, t := range o.targets {
		i := slices.IndexFunc(packages, func(p *pkg) bool { return p.dir == t.dir })
		p := plan{target: t, pkg: packages[i]}
		var found []*mutant
		for _, file := range p.pkg.files {
			if t.files == nil || slices.Contains(t.files, file.name) {
				found = append(found, find(p.pkg, file)...)
			}
		}
		number(found, numbered)
		numbered += len(found)
		for _, m := range found {
			if m.within != nil {
				p.together = append(p.together, m)
			} else if _, compiles := p.pkg.alone(m); compiles {
				p.alone = append(p.alone, m)
			}
		}
		if _, p.together, err = p.pkg.schemas(p.together); err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return o.choose(plans)
}

// choose drops what is not asked for, and builds the rest's texts.
func (o *order) choose(plans []plan) ([]plan, error) {
	var candidates []*mutant
	for _, p := range plans {
		for _, m := range slices.Concat(p.together, p.alone) {
			if (o.files == nil || slices.Contains(o.files, m.file.name)) && strings.Contains(m.id, o.matching) {
				candidates = append(candidates, m)
			}
		}
	}
	if o.sample > 0 && o.sample < len(candidates) {
		random := rand.New(rand.NewPCG(o.seed, 0)) // a sample, not a secret
		random.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
		candidates = candidates[:o.sample]
	}
	chosen := map[*mutant]bool{}
	for _, m := range candidates {
		chosen[m] = true
	}
	unasked := func(m *mutant) bool { return !chosen[m] }
	var left []plan
	for _, p := range plans {
		p.together, p.alone = slices.DeleteFunc(p.together, unasked), slices.DeleteFunc(p.alone, unasked)
		if len(p.together)+len(p.alone) == 0 {
			continue
		}
		var err error
		if p.texts, _, err = p.pkg.schemas(p.together); err != nil {
			return nil, err
		}
		left = append(left, p)
	}
	return left, nil
}
