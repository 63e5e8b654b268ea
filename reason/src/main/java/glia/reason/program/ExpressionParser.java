package glia.reason.program;

import glia.reason.program.Node.Expression;
import glia.reason.program.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Parses expressions by Python's rules of precedence.
final class ExpressionParser {
    private static final int MAX_DEPTH = 60;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=", "in");

    private final Tokens tokens;
    private int depth;

    ExpressionParser(Tokens tokens) {
        this.tokens = tokens;
    }

    /// Expressions with commas between them.
    List<Expression> list() throws ProgramException {
        List<Expression> list = new ArrayList<>();
        do {
            list.add(parse());
        } while (tokens.skip(","));
        return list;
    }

    /// An expression.
    Expression parse() throws ProgramException {
        if (++depth > MAX_DEPTH) {
            throw new ProgramException(tokens.peek().line(), "found an expression nested more than " + MAX_DEPTH
                    + " deep");
        }
        Expression value = or();
        if (tokens.peek().is("if")) {
            int line = tokens.take().line();
            Expression test = or();
            tokens.expect("else");
            value = new Node.Conditional(line, value, test, parse());
        }
        depth--;
        return value;
    }

    private Expression or() throws ProgramException {
        Expression left = and();
        while (tokens.peek().is("or")) {
            left = new Node.Logic(tokens.take().line(), false, left, and());
        }
        return left;
    }

    private Expression and() throws ProgramException {
        Expression left = not();
        while (tokens.peek().is("and")) {
            left = new Node.Logic(tokens.take().line(), true, left, not());
        }
        return left;
    }

    private Expression not() throws ProgramException {
        int negations = 0;
        int line = tokens.peek().line();
        while (tokens.skip("not")) {
            negations++;
        }
        Expression value = comparison();
        return negations == 0 ? value
                : negations % 2 == 1 ? new Node.Not(line, value) : new Node.Not(line, new Node.Not(line, value));
    }

    private Expression comparison() throws ProgramException {
        Expression first = sum();
        List<String> signs = new ArrayList<>();
        List<Expression> rest = new ArrayList<>();
        int line = tokens.peek().line();
        while (true) {
            if (tokens.peek().is("not") && tokens.second().is("in")) {
                tokens.take();
                tokens.take();
                signs.add("not in");
            } else if (COMPARISONS.contains(tokens.peek().text()) && tokens.peek().kind() != Kind.STRING) {
                signs.add(tokens.take().text());
            } else {
                return signs.isEmpty() ? first : new Node.Comparison(line, first, signs, rest);
            }
            rest.add(sum());
        }
    }

    private Expression sum() throws ProgramException {
        Expression left = product();
        while (tokens.peek().is("+") || tokens.peek().is("-")) {
            Token sign = tokens.take();
            left = new Node.Binary(sign.line(), sign.text(), left, product());
        }
        return left;
    }

    private Expression product() throws ProgramException {
        Expression left = unary();
        while (tokens.peek().is("*") || tokens.peek().is("//") || tokens.peek().is("%") || tokens.peek().is("/")) {
            Token sign = tokens.take();
            if (sign.is("/")) {
                throw new ProgramException(sign.line(), "found '/', which gives a number with a fraction; use '//'");
            }
            left = new Node.Binary(sign.line(), sign.text(), left, unary());
        }
        return left;
    }

    private Expression unary() throws ProgramException {
        int line = tokens.peek().line();
        boolean isNegative = false;
        boolean isSigned = false;
        while (tokens.peek().is("-") || tokens.peek().is("+")) {
            isNegative ^= tokens.take().is("-");
            isSigned = true;
        }
        Expression value = power();
        return !isSigned ? value : isNegative ? new Node.Negative(line, value)
                : new Node.Negative(line, new Node.Negative(line, value));
    }

    private Expression power() throws ProgramException {
        Expression base = postfix();
        if (tokens.peek().is("**")) {
            if (++depth > MAX_DEPTH) {
                throw new ProgramException(tokens.peek().line(), "found more than " + MAX_DEPTH + " powers of powers");
            }
            int line = tokens.take().line();
            Expression power = new Node.Binary(line, "**", base, unary());
            depth--;
            return power;
        }
        return base;
    }

    private Expression postfix() throws ProgramException {
        Expression value = atom();
        while (true) {
            int line = tokens.peek().line();
            if (tokens.skip("[")) {
                value = element(line, value);
            } else if (tokens.skip(".")) {
                String name = tokens.name();
                tokens.expect("(");
                value = new Node.Method(line, value, name, items(")"));
            } else if (value instanceof Node.Name(int nameLine, String name) && tokens.skip("(")) {
                value = new Node.Call(nameLine, name, items(")"));
            } else {
                return value;
            }
        }
    }

    private Expression element(int line, Expression of) throws ProgramException {
        Expression from = tokens.peek().is(":") ? null : parse();
        if (tokens.skip("]")) {
            return new Node.Index(line, of, from);
        }
        tokens.expect(":");
        Expression to = tokens.peek().is(":") || tokens.peek().is("]") ? null : parse();
        Expression step = tokens.skip(":") && !tokens.peek().is("]") ? parse() : null;
        tokens.expect("]");
        return new Node.Slice(line, of, from, to, step);
    }

    /// Expressions with commas between them, up to a closing bracket.
    private List<Expression> items(String end) throws ProgramException {
        List<Expression> items = new ArrayList<>();
        while (!tokens.skip(end)) {
            if (!items.isEmpty()) {
                tokens.expect(",");
                if (tokens.skip(end)) {
                    break;
                }
            }
            items.add(parse());
        }
        return items;
    }

    private Expression atom() throws ProgramException {
        Token token = tokens.peek();
        switch (token.kind()) {
            case NUMBER:
                tokens.take();
                return new Node.Constant(token.line(), new BigInteger(token.text()));
            case STRING:
                tokens.take();
                return new Node.Constant(token.line(), token.text());
            case NAME:
                return name(token);
            default:
                if (tokens.skip("(")) {
                    Expression inner = parse();
                    tokens.expect(")");
                    return inner;
                }
                if (tokens.skip("[")) {
                    return new Node.ListOf(token.line(), items("]"));
                }
                throw tokens.unexpected("an expression");
        }
    }

    private Expression name(Token token) throws ProgramException {
        if (token.is("True") || token.is("False")) {
            tokens.take();
            return new Node.Constant(token.line(), token.is("True"));
        }
        if (token.is("None")) {
            tokens.take();
            return new Node.Constant(token.line(), Values.NONE);
        }
        return new Node.Name(token.line(), tokens.name());
    }
}
