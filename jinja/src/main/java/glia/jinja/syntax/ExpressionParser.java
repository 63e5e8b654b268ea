package glia.jinja.syntax;

import glia.jinja.syntax.Lexer.Token;
import glia.jinja.value.Operators.Comparison;
import glia.jinja.value.Operators.Operator;
import java.util.ArrayList;
import java.util.List;

/// Parses expressions by recursive descent, one method for each level of precedence.
final class ExpressionParser {
    private final Tokens tokens;
    private final PrimaryParser primaries;

    ExpressionParser(Tokens tokens, Frame.Frames frames) {
        this.tokens = tokens;
        this.primaries = new PrimaryParser(tokens, this, frames);
    }

    /// An expression, conditional ones included.
    Expr expression() {
        tokens.enter();
        Expr result = or();
        while (tokens.current().isName("if")) {
            int line = tokens.next().line();
            Expr test = or();
            Expr otherwise = tokens.skipName("else") ? expression() : Expr.Conditional.MISSING;
            result = new Expr.Conditional(test, result, otherwise, line);
        }
        tokens.exit();
        return result;
    }

    /// One expression, or several with commas between them, which make a tuple.
    ///
    /// @param conditional whether `a if b` is allowed
    /// @param inParentheses whether the tuple may be empty
    Expr tuple(boolean conditional, boolean inParentheses) {
        return tuple(conditional, inParentheses, "");
    }

    /// The iterable of a `for`: a tuple that ends before `recursive`.
    Expr iterable() {
        return tuple(false, false, "recursive");
    }

    private Expr tuple(boolean conditional, boolean inParentheses, String end) {
        List<Expr> items = new ArrayList<>();
        boolean comma = false;
        while (!isTupleEnd(end)) {
            items.add(conditional ? expression() : or());
            if (!tokens.skip(",")) {
                break;
            }
            comma = true;
        }
        if (items.size() == 1 && !comma) {
            return items.getFirst();
        }
        if (items.isEmpty() && !inParentheses) {
            throw tokens.expected("an expression");
        }
        return new Expr.TupleOf(items);
    }

    private boolean isTupleEnd(String end) {
        Token token = tokens.current();
        return token.kind() == Token.Kind.PRINT_END || token.kind() == Token.Kind.BLOCK_END || token.is(")")
                || token.isName(end);
    }

    private Expr or() {
        Expr left = and();
        while (tokens.skipName("or")) {
            left = new Expr.Or(left, and());
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (tokens.skipName("and")) {
            left = new Expr.And(left, not());
        }
        return left;
    }

    private Expr not() {
        if (!tokens.skipName("not")) {
            return compare();
        }
        tokens.enter();
        Expr operand = not();
        tokens.exit();
        return new Expr.Not(operand);
    }

    private Expr compare() {
        Expr first = sum();
        List<Comparison> comparisons = new ArrayList<>();
        List<Expr> operands = new ArrayList<>();
        for (Comparison next = comparison(); next != null; next = comparison()) {
            comparisons.add(next);
            operands.add(sum());
        }
        return operands.isEmpty() ? first : new Expr.Compare(first, comparisons, operands);
    }

    /// Consumes a comparison if one is next; null otherwise.
    private Comparison comparison() {
        Token token = tokens.current();
        if (token.isName("not") && tokens.following().isName("in")) {
            tokens.next();
            tokens.next();
            return Comparison.NOT_IN;
        }
        Comparison comparison = token.isName("in") ? Comparison.IN
                : token.kind() != Token.Kind.OPERATOR ? null : switch (token.text()) {
                    case "==" -> Comparison.EQUAL;
                    case "!=" -> Comparison.NOT_EQUAL;
                    case "<" -> Comparison.LESS;
                    case "<=" -> Comparison.LESS_OR_EQUAL;
                    case ">" -> Comparison.GREATER;
                    case ">=" -> Comparison.GREATER_OR_EQUAL;
                    default -> null;
                };
        if (comparison != null) {
            tokens.next();
        }
        return comparison;
    }

    private Expr sum() {
        Expr left = concat();
        while (true) {
            if (tokens.skip("+")) {
                left = new Expr.Arithmetic(Operator.ADD, left, concat());
            } else if (tokens.skip("-")) {
                left = new Expr.Arithmetic(Operator.SUBTRACT, left, concat());
            } else {
                return left;
            }
        }
    }

    private Expr concat() {
        Expr first = product();
        if (!tokens.current().is("~")) {
            return first;
        }
        List<Expr> parts = new ArrayList<>();
        parts.add(first);
        while (tokens.skip("~")) {
            parts.add(product());
        }
        return new Expr.Concat(parts);
    }

    private Expr product() {
        Expr left = power();
        while (tokens.current().kind() == Token.Kind.OPERATOR) {
            Operator operator = switch (tokens.current().text()) {
                case "*" -> Operator.MULTIPLY;
                case "/" -> Operator.DIVIDE;
                case "//" -> Operator.FLOOR_DIVIDE;
                case "%" -> Operator.MODULO;
                default -> null;
            };
            if (operator == null) {
                break;
            }
            tokens.next();
            left = new Expr.Arithmetic(operator, left, power());
        }
        return left;
    }

    /// Groups from the left, unlike Python: `2**3**2` is 64.
    private Expr power() {
        Expr left = unary(true);
        while (tokens.skip("**")) {
            left = new Expr.Arithmetic(Operator.POWER, left, unary(true));
        }
        return left;
    }

    /// Signs bind tighter than filters: `-1|abs` is 1.
    private Expr unary(boolean filtered) {
        Expr result;
        boolean minus = tokens.current().is("-");
        if (minus || tokens.current().is("+")) {
            tokens.next();
            tokens.enter();
            Expr operand = unary(false);
            tokens.exit();
            result = minus ? new Expr.Negate(operand) : new Expr.Plus(operand);
        } else {
            result = primaries.primary();
        }
        result = primaries.postfix(result);
        return filtered ? primaries.filtered(result) : result;
    }

    /// A chain of filters, without the `|` before the first of them.
    Expr filters(Expr target) {
        Expr result = primaries.filter(target);
        while (tokens.skip("|")) {
            result = primaries.filter(result);
        }
        return result;
    }
}
