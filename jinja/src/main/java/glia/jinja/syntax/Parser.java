package glia.jinja.syntax;

import glia.jinja.syntax.Lexer.Token;
import glia.jinja.value.JinjaError;
import glia.jinja.value.TrustedText;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Parses a template's statements.
public final class Parser {
    private final Tokens tokens;
    private final Frame.Frames frames = new Frame.Frames();
    private final ExpressionParser expressions;
    /// The tags still open and where they began, innermost first.
    private final ArrayDeque<Token> open = new ArrayDeque<>();
    /// How many loops are open, and how many of them `break` could leave here.
    private int fors;
    private int loops;

    private Parser(List<Token> tokens) {
        this.tokens = new Tokens(tokens);
        this.expressions = new ExpressionParser(this.tokens, frames);
    }

    /// The statements of a template.
    ///
    /// @throws JinjaError with the line, where the source is not one
    public static Stmt.Body parse(String source) {
        Parser parser = new Parser(Lexer.tokens(source));
        Stmt.Body body = new Stmt.Body(parser.statements(), parser.frames.current());
        parser.frames.resolve();
        return body;
    }

    /// Statements up to a tag with one of these names, which is not consumed; to the end of the source where `ends` is
    /// empty.
    private List<Stmt> statements(String... ends) {
        List<Stmt> body = new ArrayList<>();
        while (tokens.current().kind() != Token.Kind.END) {
            Token token = tokens.next();
            switch (token.kind()) {
                case DATA -> body.add(new Stmt.Data(TrustedText.of(token.text()), token.line()));
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

    /// The statements of a block: from the end of its opening tag up to a tag with one of these names.
    private List<Stmt> inside(String... ends) {
        tokens.skip(":");
        tokens.expect(Token.Kind.BLOCK_END, "'%}'");
        return statements(ends);
    }

    /// The statements of a block with variables of its own.
    private Stmt.Body body(Frame frame, String... ends) {
        Frame outer = frames.enter(frame);
        List<Stmt> statements = inside(ends);
        frames.enter(outer);
        return new Stmt.Body(statements, frame);
    }

    /// The same; the closing tag is consumed, too.
    private Stmt.Body closedBody(Frame frame, String end) {
        Stmt.Body body = body(frame, end);
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
                body.add(new Stmt.FilterBlock(value, closedBody(frames.inner(), "endfilter"), line));
            }
            case "break", "continue" -> body.add(leave(tag));
            case "generation" ->
                body.add(new Stmt.Generation(function(frames.inner(), "endgeneration"), line));
            case "include", "import", "from", "extends", "block", "print", "autoescape" -> throw new JinjaError("'"
                    + tag.text() + "' is not supported: a chat template is a single file and escapes nothing").at(line);
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
            bodies.add(branch("elif", "else", "endif"));
        } while (tokens.skipName("elif"));
        List<Stmt> otherwise = List.of();
        if (tokens.next().isName("else")) {
            otherwise = branch("endif");
            tokens.next();
        }
        return new Stmt.If(tests, bodies, otherwise, line);
    }

    private List<Stmt> branch(String... ends) {
        frames.current().enterBranch();
        List<Stmt> statements = inside(ends);
        frames.current().exitBranch();
        return statements;
    }

    private Stmt loop(int line) {
        fors++;
        Stmt.Target target = target(false);
        tokens.expectName("in");
        Expr iterable = expressions.iterable();
        List<Expr> test = tokens.skipName("if") ? List.of(test(target)) : List.of();
        if (tokens.current().isName("recursive")) {
            throw tokens.error("recursive loops are not supported in chat templates; expected a macro");
        }
        loops++;
        Frame frame = frames.inner();
        frame.declare(target);
        frame.declare("loop");
        Stmt.Body body = body(frame, "endfor", "else");
        loops--;
        Stmt.Body otherwise = tokens.next().isName("else") ? closedBody(frames.inner(), "endfor")
                : new Stmt.Body(List.of(), frames.inner());
        fors--;
        return new Stmt.For(target, iterable, test, body, otherwise, line);
    }

    /// The test of a loop, which sees the loop's target.
    private Expr test(Stmt.Target target) {
        Frame frame = frames.inner();
        frame.declare(target);
        Frame outer = frames.enter(frame);
        Expr test = expressions.expression();
        frames.enter(outer);
        return test;
    }

    private Stmt set(int line) {
        Stmt.Target target = target(true);
        if (tokens.skip("=")) {
            Expr value = expressions.tuple(true, false);
            frames.current().store(target);
            return new Stmt.Set(target, value, line);
        }
        frames.current().store(target);
        Frame frame = frames.inner();
        Frame outer = frames.enter(frame);
        Expr value = new Expr.Name(Stmt.CAPTURED);
        if (tokens.skip("|")) {
            value = expressions.filters(value);
        }
        frames.enter(outer);
        return new Stmt.SetBlock(target, value, closedBody(frame, "endset"), line);
    }

    private Stmt with(int line) {
        List<Stmt.Target> names = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        Frame frame = frames.inner();
        while (tokens.current().kind() != Token.Kind.BLOCK_END) {
            if (!names.isEmpty()) {
                tokens.expect(",");
            }
            names.add(target(false));
            frame.declare(names.getLast());
            tokens.expect("=");
            values.add(expressions.expression());
        }
        return new Stmt.With(names, values, closedBody(frame, "endwith"), line);
    }

    private Stmt macro(int line) {
        String name = variable();
        frames.current().store(name);
        Frame frame = frames.inner();
        Stmt.Signature signature = signature(frame);
        Stmt.Body body = function(frame, "endmacro");
        int numRequired = signature.parameters().size() - signature.defaults().size();
        if (frame.usesCaller() && signature.parameters().subList(0, numRequired).contains("caller")) {
            throw tokens.error("the parameter 'caller' of macro '" + name + "' needs a default");
        }
        return new Stmt.MacroDefinition(name, signature, body, line);
    }

    private Stmt callBlock(int line) {
        Frame frame = frames.inner();
        Stmt.Signature signature = tokens.current().is("(") ? signature(frame)
                : new Stmt.Signature(List.of(), List.of());
        if (!(expressions.expression() instanceof Expr.Call call)) {
            throw new JinjaError("'call' expects the call of a macro").at(line);
        }
        return new Stmt.CallBlock(signature, call, function(frame, "endcall"), line);
    }

    /// A body that is a function of its own, so that `break` does not reach the loops around it.
    private Stmt.Body function(Frame frame, String end) {
        int outside = loops;
        loops = 0;
        Stmt.Body body = closedBody(frame, end);
        loops = outside;
        return body;
    }

    /// Parameters and their defaults, which see the parameters.
    private Stmt.Signature signature(Frame frame) {
        List<String> names = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        Frame outer = frames.enter(frame);
        tokens.expect("(");
        while (!tokens.skip(")")) {
            if (!names.isEmpty()) {
                tokens.expect(",");
            }
            names.add(variable());
            frame.declare(names.getLast());
            if (tokens.skip("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.error("parameter '" + names.getLast() + "' without a default follows one with a default");
            }
        }
        frames.enter(outer);
        return new Stmt.Signature(names, defaults);
    }

    private Stmt leave(Token tag) {
        if (loops == 0) {
            throw new JinjaError("'" + tag.text() + "' outside of a loop").at(tag.line());
        }
        return new Stmt.Leave(tag.text().equals("break"), tag.line());
    }

    /// A target.
    ///
    /// @param members whether it may be an attribute of a namespace
    private Stmt.Target target(boolean members) {
        List<Stmt.Target> targets = new ArrayList<>();
        boolean several = false;
        do {
            targets.add(single(members));
            several |= tokens.current().is(",");
        } while (tokens.skip(",") && !tokens.current().is(")"));
        return several ? new Stmt.Several(targets) : targets.getFirst();
    }

    private Stmt.Target single(boolean members) {
        if (tokens.skip("(")) {
            tokens.enter();
            Stmt.Target inner = target(false);
            tokens.exit();
            tokens.expect(")");
            return inner;
        }
        String name = variable();
        if (members && tokens.skip(".")) {
            return new Stmt.Member(name, tokens.expect(Token.Kind.NAME, "a name").text());
        }
        return new Stmt.Variable(name);
    }

    /// The name of a variable.
    private String variable() {
        String name = tokens.expect(Token.Kind.NAME, "a name to assign to").text();
        boolean reserved = switch (name) {
            case "true", "false", "none", "True", "False", "None" -> true;
            case "loop" -> fors > 0;
            default -> false;
        };
        if (reserved) {
            throw tokens.error("cannot assign to '" + name + "' here");
        }
        return name;
    }
}
