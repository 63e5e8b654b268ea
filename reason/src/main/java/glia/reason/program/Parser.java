package glia.reason.program;

import glia.reason.program.Node.Expression;
import glia.reason.program.Node.Statement;
import glia.reason.program.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Parses the statements of a program. [ExpressionParser] parses expressions.
final class Parser {
    private static final Set<String> UPDATES = Set.of("+=", "-=", "*=", "//=", "%=", "**=");

    private final Tokens tokens;
    private final ExpressionParser expressions;
    private int loops;
    private boolean isInFunction;

    private Parser(Tokens tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static List<Statement> parse(String source) throws ProgramException {
        Parser parser = new Parser(new Tokens(Lexer.tokens(source)));
        List<Statement> statements = new ArrayList<>();
        while (parser.tokens.peek().kind() != Kind.END) {
            statements.add(parser.statement());
        }
        return statements;
    }

    private Statement statement() throws ProgramException {
        Token token = tokens.peek();
        switch (token.kind() == Kind.NAME ? token.text() : "") {
            case "if":
                tokens.take();
                return branch(token.line());
            case "while": {
                tokens.take();
                Expression test = expressions.parse();
                return new Node.While(token.line(), test, loop());
            }
            case "for": {
                tokens.take();
                String name = tokens.name();
                tokens.expect("in");
                Expression values = expressions.parse();
                return new Node.For(token.line(), name, values, loop());
            }
            case "def":
                tokens.take();
                return function(token.line());
            default:
                Statement simple = simple(token);
                tokens.expectNewline();
                return simple;
        }
    }

    private Statement simple(Token token) throws ProgramException {
        switch (token.kind() == Kind.NAME ? token.text() : "") {
            case "break", "continue":
                if (loops == 0) {
                    throw new ProgramException(token.line(), "found '" + token.text() + "' outside a loop");
                }
                return new Node.Jump(token.line(), tokens.take().text());
            case "pass":
                return new Node.Jump(token.line(), tokens.take().text());
            case "return":
                if (!isInFunction) {
                    throw new ProgramException(token.line(), "found 'return' outside a function");
                }
                tokens.take();
                return new Node.Return(token.line(),
                        tokens.peek().kind() == Kind.NEWLINE ? null : expressions.parse());
            default:
                return assignment(token.line());
        }
    }

    private Statement assignment(int line) throws ProgramException {
        List<Expression> left = expressions.list();
        if (tokens.skip("=")) {
            for (Expression target : left) {
                requireTarget(target);
            }
            List<Expression> right = expressions.list();
            if (left.size() != right.size()) {
                throw new ProgramException(line, "found " + right.size() + " values for " + left.size() + " targets");
            }
            if (tokens.peek().is("=")) {
                throw new ProgramException(line, "found two assignments in one line");
            }
            return new Node.Assign(line, left, right);
        }
        if (left.size() > 1) {
            throw new ProgramException(line, "found " + left.size() + " expressions, expected one, or an assignment");
        }
        if (tokens.peek().kind() == Kind.SIGN && UPDATES.contains(tokens.peek().text())) {
            requireTarget(left.getFirst());
            String sign = tokens.take().text();
            return new Node.Update(line, left.getFirst(), sign.substring(0, sign.length() - 1), expressions.parse());
        }
        return new Node.Evaluate(line, left.getFirst());
    }

    private static void requireTarget(Expression target) throws ProgramException {
        if (!(target instanceof Node.Name) && !(target instanceof Node.Index)) {
            throw new ProgramException(target.line(),
                    "found an expression before '=', expected a name or an element of "
                    + "a list");
        }
    }

    private Statement branch(int line) throws ProgramException {
        Expression test = expressions.parse();
        List<Statement> then = block();
        Token next = tokens.peek();
        if (tokens.skip("elif")) {
            return new Node.If(line, test, then, List.of(branch(next.line())));
        }
        return new Node.If(line, test, then, tokens.skip("else") ? block() : List.of());
    }

    private List<Statement> loop() throws ProgramException {
        loops++;
        List<Statement> body = block();
        loops--;
        return body;
    }

    private Statement function(int line) throws ProgramException {
        if (isInFunction || loops > 0) {
            throw new ProgramException(line, "found a function within a function or a loop");
        }
        String name = tokens.name();
        tokens.expect("(");
        List<String> parameters = new ArrayList<>();
        while (!tokens.peek().is(")")) {
            if (!parameters.isEmpty()) {
                tokens.expect(",");
            }
            parameters.add(tokens.name());
        }
        tokens.expect(")");
        isInFunction = true;
        List<Statement> body = block();
        isInFunction = false;
        return new Node.Define(line, name, parameters, body);
    }

    /// A colon with an indented block, or with a simple statement in the same line.
    private List<Statement> block() throws ProgramException {
        tokens.expect(":");
        if (tokens.peek().kind() != Kind.NEWLINE) {
            Statement only = simple(tokens.peek());
            tokens.expectNewline();
            return List.of(only);
        }
        tokens.take();
        if (tokens.peek().kind() != Kind.INDENT) {
            throw tokens.unexpected("an indented block");
        }
        tokens.take();
        List<Statement> body = new ArrayList<>();
        while (tokens.peek().kind() != Kind.DEDENT) {
            body.add(statement());
        }
        tokens.take();
        return body;
    }
}
