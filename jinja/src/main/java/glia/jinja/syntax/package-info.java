/// Lexer, parser and syntax tree of templates.
///
/// Begin with [Parser], [Expr] and [Stmt].
package glia.jinja.syntax;
