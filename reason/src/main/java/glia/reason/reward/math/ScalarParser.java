package glia.reason.reward.math;

import glia.reason.reward.math.LatexTokens.Kind;
import glia.reason.reward.math.LatexTokens.Token;
import glia.reason.reward.math.MathExpr.Call;
import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Num;
import glia.reason.reward.math.MathExpr.Percent;
import glia.reason.reward.math.MathExpr.Power;
import glia.reason.reward.math.MathExpr.Product;
import glia.reason.reward.math.MathExpr.Sum;
import glia.reason.reward.math.MathExpr.Symbol;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Parses sums, products, powers and functions.
///
/// ```
/// sum     = product (('+' | '-' | ±) product)*
/// product = unary (('*' | '/' | ':' …) unary)*
/// unary   = ('+' | '-') unary | power+              neighbors are multiplied, which binds tighter than '/'
/// power   = atom ('^' exponent | '!' | '%' | °)*
/// ```
/// An integer followed by `\frac` of two integers is a mixed number. Degree signs, primes and subscripts of numbers are
/// dropped.
abstract class ScalarParser extends AtomParser {
    /// Functions of one argument, with the names that [Evaluation] knows.
    private static final Map<String, String> FUNCTIONS = Map.ofEntries(Map.entry("\\sin", "sin"),
            Map.entry("\\cos", "cos"), Map.entry("\\tan", "tan"), Map.entry("\\tg", "tan"), Map.entry("\\cot", "cot"),
            Map.entry("\\ctg", "cot"), Map.entry("\\sec", "sec"), Map.entry("\\csc", "csc"),
            Map.entry("\\arcsin", "asin"), Map.entry("\\arccos", "acos"), Map.entry("\\arctan", "atan"),
            Map.entry("\\arctg", "atan"), Map.entry("\\sinh", "sinh"), Map.entry("\\cosh", "cosh"),
            Map.entry("\\tanh", "tanh"), Map.entry("\\ln", "ln"), Map.entry("\\log", "log"), Map.entry("\\lg", "log"),
            Map.entry("\\exp", "exp"), Map.entry("\\floor", "floor"), Map.entry("\\ceil", "ceil"),
            Map.entry("\\Re", "re"), Map.entry("\\Im", "im"), Map.entry("\\det", "det"), Map.entry("\\gcd", "gcd"),
            Map.entry("\\lcm", "lcm"), Map.entry("\\max", "max"), Map.entry("\\min", "min"));
    private static final Map<String, String> INVERSES = Map.of("sin", "asin", "cos", "acos", "tan", "atan");
    /// Letters that name functions when parentheses with one symbol or number follow.
    private static final String NAMES = "fghFGHP";
    private static final int MAX_FACTORS = 500;
    private static final int MAX_TERMS = 1_000;
    private static final Set<String> PRODUCTS = Set.of("*", "\\cdot", "\\times", "\\ast", "/", "\\div", ":", "\\mod",
            "\\bmod");

    ScalarParser(List<Token> tokens, int sign) {
        super(tokens, sign);
    }

    @Override
    MathExpr sum() {
        enter();
        List<MathExpr> terms = new ArrayList<>();
        if (peek().is("\\pm") || peek().is("\\mp")) {
            int sign = plusMinus();
            MathExpr first = product();
            terms.add(sign > 0 ? first : MathExpr.negative(first));
        } else {
            terms.add(product());
        }
        while (terms.size() <= MAX_TERMS) {
            if (take("+")) {
                terms.add(product());
            } else if (take("-")) {
                terms.add(MathExpr.negative(product()));
            } else if (peek().is("\\pm") || peek().is("\\mp")) {
                int sign = plusMinus();
                MathExpr term = product();
                terms.add(sign > 0 ? term : MathExpr.negative(term));
            } else {
                break;
            }
        }
        leave();
        return terms.size() == 1 ? terms.getFirst() : Matrices.sum(terms).orElseGet(() -> new Sum(terms));
    }

    private int plusMinus() {
        return next().is("\\pm") ? sign : -sign;
    }

    private MathExpr product() {
        MathExpr left = unary();
        while (PRODUCTS.contains(peek().text()) && peek().kind() != Kind.TEXT) {
            String operator = next().text();
            MathExpr right = unary();
            left = switch (operator) {
                case "/", "\\div", ":" -> MathExpr.quotient(left, right);
                case "\\mod", "\\bmod" -> new Call("mod", List.of(left, right));
                default -> times(left, right);
            };
        }
        return left;
    }

    static MathExpr times(MathExpr a, MathExpr b) {
        Optional<MathExpr> matrix = Matrices.product(a, b);
        if (matrix.isPresent()) {
            return matrix.get();
        }
        List<MathExpr> factors = new ArrayList<>();
        factors.addAll(a instanceof Product(List<MathExpr> all) ? all : List.of(a));
        factors.addAll(b instanceof Product(List<MathExpr> all) ? all : List.of(b));
        if (factors.size() > MAX_FACTORS) {
            throw new IllegalArgumentException("a product of more than " + MAX_FACTORS + " factors");
        }
        return new Product(factors);
    }

    private MathExpr unary() {
        enter();
        MathExpr value;
        if (take("+")) {
            value = unary();
        } else if (take("-")) {
            MathExpr inner = unary();
            value = inner instanceof MathExpr.Matrix ? times(MathExpr.MINUS_ONE, inner) : MathExpr.negative(inner);
        } else {
            value = neighbors(false);
        }
        leave();
        return value;
    }

    /// Powers side by side.
    ///
    /// @param plain whether to stop before a function, as in the argument of `\sin x \cos x`
    private MathExpr neighbors(boolean plain) {
        MathExpr value = power();
        while (startsAtom(peek()) && !(plain && FUNCTIONS.containsKey(peek().text()))) {
            boolean fraction = peek().text().matches("\\\\[dtc]?frac") || peek().kind() == Kind.NUMBER;
            boolean number = peek().kind() == Kind.NUMBER;
            MathExpr right = power();
            if (value instanceof Num(Rational whole, boolean d) && right instanceof Num(Rational part, boolean e)
                    && fraction) {
                boolean isMixed = number && part.isInteger() && peek().is("/") && at(1).kind() == Kind.NUMBER;
                if (number && !isMixed || d || e || !whole.isInteger()) {
                    throw unexpected();
                }
                if (isMixed) {
                    // 3 1/2
                    next();
                    part = part.divide(Rational.parse(next().text()));
                }
                value = MathExpr.of(whole.signum() < 0 ? whole.subtract(part) : whole.add(part));
            } else {
                value = times(value, right);
            }
        }
        return value;
    }

    private MathExpr power() {
        MathExpr value = atom();
        while (true) {
            if (take("^")) {
                MathExpr exponent = exponent();
                value = exponent == null ? value : Matrices.power(value, exponent)
                        .orElse(new Power(value, exponent));
            } else if (peek().is("!") && !at(1).is("=")) {
                next();
                value = new Call("factorial", List.of(value));
            } else if (take("\\%") || take("%")) {
                value = new Percent(value);
            } else if (!take("'") && !take("\\degree") && !take("\\circ") && !take("\\prime")) {
                return value;
            }
        }
    }

    /// An exponent, or null for degree signs, primes and transposes.
    private MathExpr exponent() {
        if (take("\\circ") || take("\\degree") || take("\\prime") || take("*")) {
            return null;
        }
        if (peek().is("{") && (at(1).is("\\circ") || at(1).is("\\degree") || at(1).is("\\prime")) && at(2).is("}")) {
            next();
            next();
            next();
            return null;
        }
        boolean minus = take("-");
        // Without braces, TeX takes one digit; people who write 2^10 mean ten.
        MathExpr value = atom();
        return minus ? MathExpr.negative(value) : value;
    }

    @Override
    Optional<MathExpr> function() {
        String name = FUNCTIONS.get(peek().text());
        if (name == null || peek().kind() != Kind.COMMAND) {
            return peek().kind() == Kind.LETTER ? named() : Optional.empty();
        }
        next();
        MathExpr base = name.equals("log") && take("_") ? atom() : MathExpr.of(10);
        MathExpr exponent = take("^") ? exponent() : null;
        base = name.equals("log") && take("_") ? atom() : base;
        if (MathExpr.MINUS_ONE.equals(exponent) && INVERSES.containsKey(name)) {
            name = INVERSES.get(name);
            exponent = null;
        }
        List<MathExpr> arguments = new ArrayList<>(arguments());
        if (name.equals("log")) {
            arguments.add(base);
        }
        MathExpr call = name.equals("det") ? Matrices.determinant(arguments.getFirst())
                : new Call(name, arguments);
        return Optional.of(exponent == null ? call : new Power(call, exponent));
    }

    private List<MathExpr> arguments() {
        if (peek().is("(") || peek().is("[")) {
            MathExpr inner = atom();
            return switch (inner) {
                case MathExpr.Tuple(List<MathExpr> all) -> all;
                case MathExpr.Interval i -> List.of(i.low(), i.high());
                default -> List.of(inner);
            };
        }
        if (take("-")) {
            return List.of(MathExpr.negative(neighbors(true)));
        }
        MathExpr value = neighbors(true);
        return List.of(take("/") ? MathExpr.quotient(value, neighbors(true)) : value);
    }

    /// `f(x)`: a function that the text names.
    private Optional<MathExpr> named() {
        if (NAMES.indexOf(peek().text().charAt(0)) < 0 || !at(1).is("(") || !at(3).is(")")
                || at(2).kind() != Kind.LETTER && at(2).kind() != Kind.NUMBER) {
            return Optional.empty();
        }
        String name = next().text().toLowerCase(Locale.ROOT);
        next();
        MathExpr argument = atom();
        next();
        return Optional.of(new Call(name, List.of(argument)));
    }

    static MathExpr letter(String text) {
        return switch (text) {
            case "e" -> Constant.E;
            case "i", "I" -> Constant.I;
            default -> new Symbol(text.toLowerCase(Locale.ROOT));
        };
    }
}
