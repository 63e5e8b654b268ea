package glia.jinja.syntax;

import glia.jinja.syntax.Lexer.Token;
import glia.jinja.value.TrustedText;
import java.util.ArrayList;
import java.util.List;

/// Parses the expressions that bind tightest: names, literals, and the attributes, subscripts, calls, filters and tests
/// after them.
final class PrimaryParser {
    private static final Expr NONE = new Expr.Constant(null);

    private final Tokens tokens;
    private final ExpressionParser expressions;
    private final Frame.Frames frames;

    PrimaryParser(Tokens tokens, ExpressionParser expressions, Frame.Frames frames) {
        this.tokens = tokens;
        this.expressions = expressions;
        this.frames = frames;
    }

    Expr primary() {
        Token token = tokens.current();
        return switch (token.kind()) {
            case NAME -> name(tokens.next().text());
            case STRING -> string();
            case INTEGER, FLOAT -> new Expr.Constant(tokens.next().value());
            case OPERATOR -> switch (token.text()) {
                case "(" -> parentheses();
                case "[" -> list();
                case "{" -> dict();
                default -> throw tokens.expected("an expression");
            };
            default -> throw tokens.expected("an expression");
        };
    }

    private Expr name(String name) {
        return switch (name) {
            case "true", "True" -> new Expr.Constant(true);
            case "false", "False" -> new Expr.Constant(false);
            case "none", "None" -> NONE;
            default -> {
                frames.current().load(name);
                yield new Expr.Name(name);
            }
        };
    }

    /// Strings that follow each other are one.
    private Expr string() {
        String text = (String) tokens.next().value();
        if (tokens.current().kind() != Token.Kind.STRING) {
            return new Expr.Constant(TrustedText.of(text));
        }
        StringBuilder joined = new StringBuilder(text);
        while (tokens.current().kind() == Token.Kind.STRING) {
            joined.append(tokens.next().value());
        }
        return new Expr.Constant(TrustedText.of(joined.toString()));
    }

    private Expr parentheses() {
        tokens.expect("(");
        Expr inner = expressions.tuple(true, true);
        tokens.expect(")");
        return inner;
    }

    private Expr list() {
        tokens.expect("[");
        List<Expr> items = new ArrayList<>();
        while (!tokens.skip("]")) {
            items.add(expressions.expression());
            if (!tokens.current().is("]")) {
                tokens.expect(",");
            }
        }
        return new Expr.ListOf(items);
    }

    private Expr dict() {
        tokens.expect("{");
        List<Expr> keys = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!tokens.skip("}")) {
            keys.add(expressions.expression());
            tokens.expect(":");
            values.add(expressions.expression());
            if (!tokens.current().is("}")) {
                tokens.expect(",");
            }
        }
        return new Expr.DictOf(keys, values);
    }

    /// Attributes, subscripts and calls.
    Expr postfix(Expr start) {
        Expr result = start;
        while (true) {
            if (tokens.skip(".")) {
                result = attribute(result);
            } else if (tokens.skip("[")) {
                result = subscript(result);
            } else if (tokens.current().is("(")) {
                result = new Expr.Call(result, arguments());
            } else {
                return result;
            }
        }
    }

    private Expr attribute(Expr target) {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> new Expr.Attribute(target, token.text());
            case INTEGER -> new Expr.Item(target, new Expr.Constant(token.value()));
            default -> throw tokens.error("expected a name or number after '.', found " + token.description());
        };
    }

    private Expr subscript(Expr target) {
        Expr start = tokens.current().is(":") ? NONE : expressions.expression();
        if (tokens.skip("]")) {
            return new Expr.Item(target, start);
        }
        if (tokens.current().is(",")) {
            List<Expr> items = new ArrayList<>(List.of(start));
            while (tokens.skip(",")) {
                items.add(expressions.expression());
            }
            tokens.expect("]");
            return new Expr.Item(target, new Expr.TupleOf(items));
        }
        tokens.expect(":");
        Expr stop = bound();
        Expr step = tokens.skip(":") ? bound() : NONE;
        tokens.expect("]");
        return new Expr.Slice(target, start, stop, step);
    }

    private Expr bound() {
        return tokens.current().is(":") || tokens.current().is("]") ? NONE : expressions.expression();
    }

    /// Filters and tests, and calls of their results.
    Expr filtered(Expr start) {
        Expr result = start;
        while (true) {
            if (tokens.skip("|")) {
                result = filter(result);
            } else if (tokens.skipName("is")) {
                result = test(result);
            } else if (tokens.current().is("(")) {
                result = new Expr.Call(result, arguments());
            } else {
                return result;
            }
        }
    }

    /// A filter's name and arguments.
    Expr filter(Expr target) {
        String name = dottedName();
        return new Expr.Filter(target, name, tokens.current().is("(") ? arguments() : Expr.CallArguments.NONE);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.expect(Token.Kind.NAME, "a name").text());
        while (tokens.skip(".")) {
            name.append('.').append(tokens.expect(Token.Kind.NAME, "a name").text());
        }
        return name.toString();
    }

    private Expr test(Expr target) {
        boolean negated = tokens.skipName("not");
        String name = dottedName();
        Expr.CallArguments arguments = Expr.CallArguments.NONE;
        if (tokens.current().is("(")) {
            arguments = arguments();
        } else if (isArgument(tokens.current())) {
            arguments = Expr.CallArguments.of(List.of(postfix(primary())));
        }
        Expr test = new Expr.Test(target, name, arguments);
        return negated ? new Expr.Not(test) : test;
    }

    /// Whether a test's single argument starts here, which needs no parentheses: `x is divisibleby 3`.
    private boolean isArgument(Token token) {
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.is("[") || token.is("{");
            case NAME -> switch (token.text()) {
                case "else", "or", "and" -> false;
                case "is" -> throw tokens.error("tests cannot be chained with 'is'; join them with 'and'");
                default -> true;
            };
            default -> false;
        };
    }

    /// The arguments of a call, in parentheses.
    Expr.CallArguments arguments() {
        tokens.expect("(");
        List<Expr> positional = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<Expr> named = new ArrayList<>();
        List<Expr> more = new ArrayList<>();
        List<Expr> rest = new ArrayList<>();
        while (!tokens.skip(")")) {
            if (tokens.skip("*")) {
                more.add(ordered(more.isEmpty() && rest.isEmpty()));
            } else if (tokens.skip("**")) {
                rest.add(ordered(rest.isEmpty()));
            } else if (tokens.current().kind() == Token.Kind.NAME && tokens.following().is("=")) {
                names.add(tokens.next().text());
                tokens.next();
                named.add(ordered(rest.isEmpty()));
            } else {
                positional.add(ordered(names.isEmpty() && more.isEmpty() && rest.isEmpty()));
            }
            if (!tokens.current().is(")")) {
                tokens.expect(",");
            }
        }
        return new Expr.CallArguments(positional, names, named, more, rest);
    }

    private Expr ordered(boolean inOrder) {
        if (!inOrder) {
            throw tokens.error("invalid order of arguments: expected positional ones, '*', named ones, '**'");
        }
        return expressions.expression();
    }
}
