package main

import (
	"go/ast"
	"go/token"
	"go/types"
)

// find returns the mutants of a file, in the order of its text.
func find(p *pkg, file *source) []*mutant {
	f := &finder{pkg: p, file: file}
	for _, declaration := range file.tree.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Body != nil {
				f.within, f.function = d, p.name+"."+functionName(d)
				f.walk(d.Body)
			}
		case *ast.GenDecl:
			f.within = nil
			f.declaration(d)
		}
	}
	return f.found
}

// finder collects the mutants of one file.
type finder struct {
	pkg      *pkg
	file     *source
	within   *ast.FuncDecl
	function string // as it stands in ids
	found    []*mutant
}

// functionName is Func or Type.Method.
func functionName(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	kind := d.Recv.List[0].Type
	if pointer, ok := kind.(*ast.StarExpr); ok {
		kind = pointer.X
	}
	if name, ok := kind.(*ast.Ident); ok {
		return name.Name + "." + d.Name.Name
	}
	return d.Name.Name
}

func (f *finder) declaration(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.ValueSpec:
			if s.Names[0].Name != "_" { // a check at compile time
				f.function = f.pkg.name + "." + s.Names[0].Name
				f.walk(s)
			}
		case *ast.TypeSpec:
			f.function = f.pkg.name + "." + s.Name.Name
			f.walk(s)
		}
	}
}

func (f *finder) walk(root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && f.isMake(call) {
			return false // lengths and capacities given to make are hints here
		}
		f.mutate(n)
		return true
	})
}

// isMake reports whether the call makes a map, or a slice of length 0: the
// numbers in it change nothing but the time that it takes.
func (f *finder) isMake(call *ast.CallExpr) bool {
	name, ok := call.Fun.(*ast.Ident)
	if !ok || name.Name != "make" || len(call.Args) < 2 {
		return false
	}
	if _, isMap := f.pkg.info.TypeOf(call).Underlying().(*types.Map); isMap {
		return true
	}
	length, ok := call.Args[1].(*ast.BasicLit)
	return ok && length.Value == "0"
}

// mutate adds the mutants of one node.
func (f *finder) mutate(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		f.operator(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT || n.Op == token.SUB {
			f.replace("dropped", n.OpPos, n.X.Pos(), "")
		}
	case *ast.BasicLit:
		f.literal(n)
	case *ast.Ident:
		f.truth(n)
	case *ast.CompositeLit:
		f.elements(n)
	case *ast.SliceExpr:
		f.bounds(n)
	case *ast.ReturnStmt:
		f.results(n)
	case *ast.AssignStmt:
		f.swap(n.TokPos, n.Tok)
	case *ast.IncDecStmt:
		f.swap(n.TokPos, n.Tok)
	case *ast.BranchStmt:
		if n.Label == nil {
			f.swap(n.TokPos, n.Tok)
		}
	case *ast.IfStmt:
		f.condition(n.Cond)
	case *ast.ForStmt:
		f.loop(n.Body)
	case *ast.RangeStmt:
		f.loop(n.Body)
	case *ast.SwitchStmt:
		f.cases(n.Body, n.Tag != nil)
	case *ast.TypeSwitchStmt:
		f.cases(n.Body, true)
	case *ast.BlockStmt:
		f.statements(n.List)
	case *ast.CaseClause:
		f.statements(n.Body)
	case *ast.CommClause:
		f.statements(n.Body)
	}
}

// offset is where the position lies in the file's text.
func (f *finder) offset(at token.Pos) int { return f.pkg.fset.Position(at).Offset }

func (f *finder) textOf(n ast.Node) string {
	return f.file.text[f.offset(n.Pos()):f.offset(n.End())]
}

// replace adds the mutant that has another text in place of what is there.
func (f *finder) replace(mutator string, from, to token.Pos, with string) {
	was := f.file.text[f.offset(from):f.offset(to)]
	if with != was {
		f.add(mutator, edit{from: f.offset(from), to: f.offset(to), with: with}, from, to, was, with)
	}
}

// add adds a mutant whose id has its change as one from was to now, at
// the place from to to.
func (f *finder) add(mutator string, change edit, from, to token.Pos, was, now string) {
	f.found = append(f.found, &mutant{
		id:     identify(f.function, mutator, f.file.text, f.offset(from), f.offset(to), was, now),
		file:   f.file,
		within: f.within,
		change: change,
	})
}
