package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
)

// swaps are the operators and words, with those that take their place.
func swaps(of token.Token) []token.Token {
	switch of {
	case token.EQL:
		return []token.Token{token.NEQ}
	case token.NEQ:
		return []token.Token{token.EQL}
	case token.LSS:
		return []token.Token{token.LEQ, token.GEQ}
	case token.LEQ:
		return []token.Token{token.LSS, token.GTR}
	case token.GTR:
		return []token.Token{token.GEQ, token.LEQ}
	case token.GEQ:
		return []token.Token{token.GTR, token.LSS}
	case token.LAND:
		return []token.Token{token.LOR}
	case token.LOR:
		return []token.Token{token.LAND}
	case token.ADD:
		return []token.Token{token.SUB}
	case token.SUB:
		return []token.Token{token.ADD}
	case token.MUL:
		return []token.Token{token.QUO}
	case token.QUO:
		return []token.Token{token.MUL}
	case token.REM:
		return []token.Token{token.MUL}
	case token.AND:
		return []token.Token{token.OR}
	case token.OR, token.XOR, token.AND_NOT:
		return []token.Token{token.AND}
	case token.SHL:
		return []token.Token{token.SHR}
	case token.SHR:
		return []token.Token{token.SHL}
	case token.ADD_ASSIGN:
		return []token.Token{token.SUB_ASSIGN}
	case token.SUB_ASSIGN:
		return []token.Token{token.ADD_ASSIGN}
	case token.INC:
		return []token.Token{token.DEC}
	case token.DEC:
		return []token.Token{token.INC}
	case token.BREAK:
		return []token.Token{token.CONTINUE}
	case token.CONTINUE:
		return []token.Token{token.BREAK}
	}
	return nil
}

func (f *finder) swap(at token.Pos, operator token.Token) {
	for _, other := range swaps(operator) {
		f.replace("swapped", at, at+token.Pos(len(operator.String())), other.String())
	}
}

// operator swaps an operator, and drops each operand of && and ||, and of a
// sum of texts.
func (f *finder) operator(n *ast.BinaryExpr) {
	isText := n.Op == token.ADD && isString(f.pkg.info.TypeOf(n))
	if !isText {
		f.swap(n.OpPos, n.Op)
	}
	if isText || n.Op == token.LAND || n.Op == token.LOR {
		f.replace("dropped", n.X.Pos(), n.Y.Pos(), "")
		f.replace("dropped", n.X.End(), n.Y.End(), "")
	}
}

// literal shifts a number or a character by one each way, and empties a text.
func (f *finder) literal(n *ast.BasicLit) {
	switch n.Kind {
	case token.INT, token.CHAR:
		value, exact := constant.Int64Val(constant.MakeFromLiteral(n.Value, n.Kind, 0))
		if !exact {
			return
		}
		f.replace("shifted", n.Pos(), n.End(), strconv.FormatInt(value+1, 10))
		f.replace("shifted", n.Pos(), n.End(), strconv.FormatInt(value-1, 10))
	case token.STRING:
		f.replace("emptied", n.Pos(), n.End(), `""`)
	}
}

// truth turns true into false and false into true.
func (f *finder) truth(n *ast.Ident) {
	switch f.pkg.info.Uses[n] {
	case types.Universe.Lookup("true"):
		f.replace("negated", n.Pos(), n.End(), "false")
	case types.Universe.Lookup("false"):
		f.replace("negated", n.Pos(), n.End(), "true")
	}
}

// elements drops each field or element of a literal.
func (f *finder) elements(n *ast.CompositeLit) {
	for i, element := range n.Elts {
		end := element.End()
		if i+1 < len(n.Elts) {
			end = n.Elts[i+1].Pos()
		} else if f.file.text[f.offset(end)] == ',' {
			end++
		}
		f.replace("dropped", element.Pos(), end, "")
	}
}

// bounds shifts each bound of a slice by one, and drops it. Bounds that are
// numbers are shifted as such.
func (f *finder) bounds(n *ast.SliceExpr) {
	if n.Low != nil {
		f.replace("dropped", n.Low.Pos(), n.Low.End(), "")
		if _, isNumber := n.Low.(*ast.BasicLit); !isNumber {
			f.replace("shifted", n.Low.Pos(), n.Low.End(), f.textOf(n.Low)+" + 1")
		}
	}
	if n.High != nil {
		f.replace("dropped", n.High.Pos(), n.High.End(), "")
		if _, isNumber := n.High.(*ast.BasicLit); !isNumber {
			f.replace("shifted", n.High.Pos(), n.High.End(), f.textOf(n.High)+" - 1")
		}
	}
}

// results returns the zero value in place of each result; of a truth value
// that is computed, both truths.
func (f *finder) results(n *ast.ReturnStmt) {
	for _, result := range n.Results {
		if isBool(f.pkg.info.TypeOf(result)) {
			if f.pkg.info.Types[result].Value == nil {
				f.replace("returned", result.Pos(), result.End(), "true")
				f.replace("returned", result.Pos(), result.End(), "false")
			}
			continue
		}
		if zero := f.zero(f.pkg.info.TypeOf(result)); zero != "" {
			f.replace("returned", result.Pos(), result.End(), zero)
		}
	}
}

// zero spells the zero value of a type, as it is spelt in this file.
func (f *finder) zero(t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Kind() == types.UntypedNil:
			return ""
		case u.Info()&types.IsString != 0:
			return `""`
		case u.Info()&types.IsBoolean != 0:
			return "false"
		}
		return "0"
	case *types.Struct, *types.Array:
		return types.TypeString(t, f.pkg.qualified) + "{}"
	case *types.Tuple:
		var all string
		for v := range u.Variables() {
			if all != "" {
				all += ", "
			}
			all += f.zero(v.Type())
		}
		return all
	}
	return "nil"
}

// condition makes a condition never hold, and always.
func (f *finder) condition(c ast.Expr) {
	text := f.textOf(c)
	become := func(with string) edit { return edit{from: f.offset(c.Pos()), to: f.offset(c.End()), with: with} }
	f.add("never", become("false && ("+text+")"), c.Pos(), c.End(), text, "false")
	f.add("always", become("true || ("+text+")"), c.Pos(), c.End(), text, "true")
}

// loop makes a loop end at once, and after its first round.
func (f *finder) loop(body *ast.BlockStmt) {
	if len(body.List) == 0 {
		return
	}
	begin, end := body.Lbrace+1, body.Rbrace
	f.add("skipped", f.insert(begin, " break;"), begin, begin, "", "break")
	if last := body.List[len(body.List)-1]; !leaves(last) {
		f.add("once", f.insert(end, "; break\n"), begin, begin, "", "…; break")
	}
}

func (f *finder) insert(at token.Pos, text string) edit {
	return edit{from: f.offset(at), to: f.offset(at), with: text}
}

// leaves reports whether nothing can follow the statement.
func leaves(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}

// cases does what condition does where the cases are conditions, else drops
// each value and each case; and skips what a case does.
func (f *finder) cases(body *ast.BlockStmt, tagged bool) {
	for _, statement := range body.List {
		c, ok := statement.(*ast.CaseClause)
		if !ok {
			continue
		}
		if len(c.Body) > 0 {
			begin := c.Colon + 1
			f.add("skipped", f.insert(begin, " break;"), begin, begin, "", "break")
		}
		if tagged || c.List == nil {
			f.replace("dropped", c.Pos(), c.End(), "")
		}
		for i, value := range c.List {
			switch {
			case !tagged:
				f.condition(value)
			case i+1 < len(c.List):
				f.replace("dropped", value.Pos(), c.List[i+1].Pos(), "")
			case i > 0:
				f.replace("dropped", c.List[i-1].End(), value.End(), "")
			}
		}
	}
}

// statements drops each statement that declares nothing and holds no others.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		if droppable(s) {
			f.replace("dropped", s.Pos(), s.End(), "")
		}
	}
}

func droppable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt, *ast.BranchStmt:
		return true
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE
	case *ast.ReturnStmt:
		return len(s.Results) == 0
	}
	return false
}

func isString(t types.Type) bool { return isBasic(t, types.IsString) }

func isBool(t types.Type) bool { return isBasic(t, types.IsBoolean) }

func isBasic(t types.Type, info types.BasicInfo) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&info != 0
}
