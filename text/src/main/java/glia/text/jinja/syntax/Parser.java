package glia.text.jinja.syntax;

import glia.text.jinja.value.JinjaError;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Parses a template's statements.
public final class Parser {
    private final Tokens tokens;
    private final ExpressionParser expressions;
    private final TargetParser targets;
    /// The tags still open and where they began, innermost first.
    private final ArrayDeque<Token> open = new ArrayDeque<>();
    /// How many loops are open, and how many of them `break` could leave here.
    private int fors;
    private int loops;

    private Parser(List<Token> tokens) {
        this.tokens = new Tokens(tokens);
        this.expressions = new ExpressionParser(this.tokens);
        this.targets = new TargetParser(this.tokens);
    }

    /// The statements of a template.
    ///
    /// @throws JinjaError with the line, where the source is not one
    public static List<Stmt> parse(String source) {
        return new Parser(Lexer.tokens(source)).statements();
    }

    /// Statements up to a tag with one of these names, which is left to be read; to the end where there are none.
    private List<Stmt> statements(String... ends) {
        List<Stmt> body = new ArrayList<>();
        while (tokens.current().kind() != Token.Kind.END) {
            Token token = tokens.next();
            switch (token.kind()) {
                case DATA -> body.add(new Stmt.Data(token.text(), token.line()));
                case PRINT_BEGIN -> {
                    body.add(new Stmt.Print(expressions.tuple(true, false), token.line()));
                    tokens.expect(Token.Kind.PRINT_END, "'}}'");
                }
                case BLOCK_BEGIN -> {
                    Token tag = tokens.current();
                    if (tag.kind() == Token.Kind.NAME && Arrays.asList(ends).contains(tag.text())) {
                        return body;
                    }
                    statement(body);
                    tokens.expect(Token.Kind.BLOCK_END, "'%}'");
                }
                default -> throw new AssertionError(token);
            }
        }
        if (ends.length > 0) {
            Token opening = open.getFirst();
            throw tokens.expected("'" + String.join("' or '", ends) + "' for the '" + opening.text()
                    + "' of line " + opening.line());
        }
        return body;
    }

    /// The body of a block: from the end of its opening tag up to a tag with one of these names.
    private List<Stmt> body(String... ends) {
        tokens.skip(":");
        tokens.expect(Token.Kind.BLOCK_END, "'%}'");
        return statements(ends);
    }

    /// A body whose end is read too.
    private List<Stmt> closedBody(String end) {
        List<Stmt> body = body(end);
        tokens.next();
        return body;
    }

    private void statement(List<Stmt> body) {
        Token tag = tokens.expect(Token.Kind.NAME, "the name of a tag");
        tokens.enter();
        open.push(tag);
        int line = tag.line();
        switch (tag.text()) {
            case "if" -> body.add(choice(line));
            case "for" -> body.add(loop(line));
            case "set" -> body.add(set(line));
            case "with" -> body.add(with(line));
            case "macro" -> body.add(macro(line));
            case "call" -> body.add(callBlock(line));
            case "filter" -> {
                Expr value = expressions.filters(new Expr.Name(Stmt.CAPTURED));
                body.add(new Stmt.FilterBlock(value, closedBody("endfilter"), line));
            }
            case "print" -> print(body, line);
            case "break", "continue" -> body.add(leave(tag));
            case "generation" -> body.add(new Stmt.Scoped(false, function("endgeneration"), line));
            case "block" -> body.add(block(line));
            case "include", "import", "from", "extends", "autoescape" -> throw new JinjaError("'" + tag.text()
                    + "' is not supported: a chat template stands alone and escapes nothing").at(line);
            default -> throw unknown(tag);
        }
        open.pop();
        tokens.exit();
    }

    private JinjaError unknown(Token tag) {
        open.pop();
        String where = open.isEmpty() ? "no block is open"
                : "the innermost block is the '" + open.getFirst().text() + "' of line " + open.getFirst().line();
        return new JinjaError("unknown or misplaced tag '" + tag.text() + "'; " + where).at(tag.line());
    }

    private Stmt choice(int line) {
        List<Expr> tests = new ArrayList<>();
        List<List<Stmt>> bodies = new ArrayList<>();
        do {
            tests.add(expressions.tuple(false, false));
            bodies.add(body("elif", "else", "endif"));
        } while (tokens.skipName("elif"));
        List<Stmt> otherwise = tokens.next().isName("else") ? closedBody("endif") : List.of();
        return new Stmt.If(tests, bodies, otherwise, line);
    }

    private Stmt loop(int line) {
        fors++;
        targets.inLoop(true);
        Target target = targets.target(false);
        tokens.expectName("in");
        Expr iterable = expressions.iterable();
        List<Expr> test = tokens.skipName("if") ? List.of(expressions.expression()) : List.of();
        boolean recursive = tokens.skipName("recursive");
        loops++;
        List<Stmt> body = body("endfor", "else");
        loops--;
        List<Stmt> otherwise = tokens.next().isName("else") ? closedBody("endfor") : List.of();
        targets.inLoop(--fors > 0);
        return new Stmt.For(target, iterable, test, recursive, body, otherwise, line);
    }

    private Stmt set(int line) {
        Target target = targets.target(true);
        if (tokens.skip("=")) {
            return new Stmt.Set(target, expressions.tuple(true, false), line);
        }
        Expr value = new Expr.Name(Stmt.CAPTURED);
        if (tokens.skip("|")) {
            value = expressions.filters(value);
        }
        return new Stmt.SetBlock(target, value, closedBody("endset"), line);
    }

    private Stmt with(int line) {
        List<Target> names = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (tokens.current().kind() != Token.Kind.BLOCK_END) {
            if (!names.isEmpty()) {
                tokens.expect(",");
            }
            names.add(targets.target(false));
            tokens.expect("=");
            values.add(expressions.expression());
        }
        return new Stmt.With(names, values, closedBody("endwith"), line);
    }

    private Stmt macro(int line) {
        String name = targets.variable();
        List<Expr> defaults = new ArrayList<>();
        List<String> parameters = parameters(defaults);
        Stmt.SpecialNames before = expressions.found().get();
        expressions.found().set(new Stmt.SpecialNames(false, false, false));
        List<Stmt> body = function("endmacro");
        Stmt.Signature signature = new Stmt.Signature(parameters, defaults, uses(before));
        if (signature.uses().caller() && parameters.contains("caller")
                && parameters.indexOf("caller") < parameters.size() - defaults.size()) {
            throw tokens.error("the parameter 'caller' of macro '" + name + "' needs a default");
        }
        return new Stmt.MacroDefinition(name, signature, body, line);
    }

    /// The special names of the body just read; adds those met before it to the record again.
    private Stmt.SpecialNames uses(Stmt.SpecialNames before) {
        Stmt.SpecialNames uses = expressions.found().get();
        expressions.found().set(new Stmt.SpecialNames(uses.caller() | before.caller(),
                uses.kwargs() | before.kwargs(), uses.varargs() | before.varargs()));
        return uses;
    }

    private Stmt callBlock(int line) {
        List<Expr> defaults = new ArrayList<>();
        List<String> parameters = tokens.current().is("(") ? parameters(defaults) : List.of();
        if (!(expressions.expression() instanceof Expr.Call call)) {
            throw new JinjaError("'call' expects the call of a macro").at(line);
        }
        Stmt.SpecialNames before = expressions.found().get();
        expressions.found().set(new Stmt.SpecialNames(false, false, false));
        List<Stmt> body = function("endcall");
        return new Stmt.CallBlock(new Stmt.Signature(parameters, defaults, uses(before)), call, body, line);
    }

    /// A body that is a function of its own, so that `break` does not reach the loops around it.
    private List<Stmt> function(String end) {
        int outside = loops;
        loops = 0;
        List<Stmt> body = closedBody(end);
        loops = outside;
        return body;
    }

    private List<String> parameters(List<Expr> defaults) {
        List<String> names = new ArrayList<>();
        tokens.expect("(");
        while (!tokens.skip(")")) {
            if (!names.isEmpty()) {
                tokens.expect(",");
            }
            names.add(targets.variable());
            if (tokens.skip("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.error("parameter '" + names.getLast() + "' without a default follows one with a default");
            }
        }
        return names;
    }

    private void print(List<Stmt> body, int line) {
        do {
            body.add(new Stmt.Print(expressions.expression(), line));
        } while (tokens.skip(","));
    }

    private Stmt leave(Token tag) {
        if (loops == 0) {
            throw new JinjaError("'" + tag.text() + "' outside of a loop").at(tag.line());
        }
        return new Stmt.Leave(tag.text().equals("break"), tag.line());
    }

    private Stmt block(int line) {
        String name = targets.variable();
        tokens.skipName("scoped");
        Stmt block = new Stmt.Scoped(true, function("endblock"), line);
        tokens.skipName(name);
        return block;
    }
}
