package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// pkg is a package whose files are mutated, parsed and with its types.
type pkg struct {
	dir   string // from the module's root
	name  string
	files []*source
	fset  *token.FileSet
	info  *types.Info
	path  string
	// from reads the packages that this one imports.
	from types.Importer
}

// source is one file of a package.
type source struct {
	path  string // absolute
	place string // from the module's root
	name  string
	text  string
	tree  *ast.File
}

// listed is what `go list` says of a package.
type listed struct {
	ImportPath, Name, Dir, Export string
	GoFiles                       []string
}

// load reads the packages in the folders of the module at root.
func load(ctx context.Context, root string, dirs []string) ([]*pkg, error) {
	packages, err := list(ctx, root, dirs)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	exports := map[string]string{}
	for _, l := range packages {
		exports[l.ImportPath] = l.Export
	}
	from := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var loaded []*pkg
	for _, l := range packages {
		dir, err := filepath.Rel(root, l.Dir)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(dirs, dir) {
			continue
		}
		p := &pkg{dir: dir, name: l.Name, fset: fset, path: l.ImportPath, from: from}
		for _, name := range l.GoFiles {
			path := filepath.Join(l.Dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			p.files = append(p.files, &source{path: path, place: filepath.Join(dir, name), name: name, text: string(text)})
		}
		if err := p.check(); err != nil {
			return nil, err
		}
		loaded = append(loaded, p)
	}
	return loaded, nil
}

// list asks the go command for the packages and all that they import, built;
// the mutants' switch imports os and strconv.
func list(ctx context.Context, root string, dirs []string) ([]listed, error) {
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Name,Dir,Export,GoFiles", "os", "strconv"}
	for _, dir := range dirs {
		args = append(args, "./"+dir)
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = root
	var failure bytes.Buffer
	command.Stderr = &failure
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages: %w: %s", err, failure.Bytes())
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading what go list says: %w", err)
		}
		packages = append(packages, l)
	}
}

// check parses the files and fills in the types.
func (p *pkg) check() error {
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	trees := make([]*ast.File, len(p.files))
	for i, file := range p.files {
		var err error
		if file.tree, err = parser.ParseFile(p.fset, file.path, file.text, parser.SkipObjectResolution); err != nil {
			return err
		}
		trees[i] = file.tree
	}
	config := types.Config{Importer: p.from}
	_, err := config.Check(p.path, p.fset, trees, p.info)
	return err
}

// fault is an error of the compiler's at a place of a file.
type fault struct {
	file   string
	offset int
	text   string
}

// faults type-checks the package with other texts in place of some files, and
// returns everything that is wrong with it.
func (p *pkg) faults(texts map[string]string) ([]fault, error) {
	fset := token.NewFileSet()
	var trees []*ast.File
	add := func(path, text string) error {
		tree, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		trees = append(trees, tree)
		return err
	}
	own := map[string]bool{}
	for _, file := range p.files {
		own[file.path] = true
		text, changed := texts[file.path]
		if !changed {
			text = file.text
		}
		if err := add(file.path, text); err != nil {
			return nil, err
		}
	}
	for path, text := range texts {
		if !own[path] && filepath.Dir(path) == filepath.Dir(p.files[0].path) {
			if err := add(path, text); err != nil {
				return nil, err
			}
		}
	}
	var found []fault
	config := types.Config{Importer: p.from, Error: func(err error) {
		if typed, is := errors.AsType[types.Error](err); is {
			at := fset.Position(typed.Pos)
			found = append(found, fault{file: at.Filename, offset: at.Offset, text: typed.Msg})
		}
	}}
	_, _ = config.Check(p.path, fset, trees, nil) // Error has got each error
	return found, nil
}

// qualified spells another package as files do.
func (p *pkg) qualified(other *types.Package) string {
	if other.Path() == p.path {
		return ""
	}
	return other.Name()
}
