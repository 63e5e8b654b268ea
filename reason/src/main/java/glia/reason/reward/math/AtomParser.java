package glia.reason.reward.math;

import glia.reason.reward.math.LatexTokens.Kind;
import glia.reason.reward.math.LatexTokens.Token;
import glia.reason.reward.math.MathExpr.Call;
import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Elements;
import glia.reason.reward.math.MathExpr.Matrix;
import glia.reason.reward.math.MathExpr.NamedSet;
import glia.reason.reward.math.MathExpr.Num;
import glia.reason.reward.math.MathExpr.Power;
import glia.reason.reward.math.MathExpr.Symbol;
import glia.reason.reward.math.MathExpr.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Parses what sums are made of: numbers, letters, brackets, fractions, roots, matrices, sets.
abstract class AtomParser extends TokenCursor {
    private static final Set<String> GREEK = Set.of("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta",
            "eta", "theta", "vartheta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon",
            "phi", "varphi", "chi", "psi", "omega", "ell", "hbar", "angle", "triangle", "Gamma", "Delta", "Theta",
            "Lambda", "Xi", "Sigma", "Upsilon", "Phi", "Psi", "Omega");
    private static final Set<String> ACCENTS = Set.of("overline", "bar", "vec", "hat", "tilde", "widehat", "widetilde",
            "overrightarrow", "dot", "ddot", "mathcal", "mathbf", "mathrm", "mathit", "mathsf", "boldsymbol", "bm");
    private static final Map<String, NamedSet> SETS = Map.ofEntries(Map.entry("\\R", NamedSet.REALS),
            Map.entry("\\N", NamedSet.NATURALS), Map.entry("\\Z", NamedSet.INTEGERS),
            Map.entry("\\Q", NamedSet.RATIONALS), Map.entry("\\C", NamedSet.COMPLEXES),
            Map.entry("\\emptyset", NamedSet.EMPTY), Map.entry("\\varnothing", NamedSet.EMPTY));
    private static final Map<String, String> CLOSING = Map.of("(", ")", "[", "]", "\\{", "\\}", "\\lbrace", "\\rbrace",
            "\\langle", "\\rangle", "\\lfloor", "\\rfloor", "\\lceil", "\\rceil", "\\lvert", "\\rvert");
    private static final Set<String> SUCH_THAT = Set.of("\\mid", "|", ":", "\\colon", "\\vert");
    /// Commands that continue an answer; any other ends it.
    static final Set<String> KNOWN = Set.of("\\pi", "\\infty", "\\frac", "\\dfrac", "\\tfrac", "\\cfrac", "\\sqrt",
            "\\binom", "\\dbinom", "\\tbinom", "\\begin", "\\{", "\\mathbb", "\\le", "\\ge", "\\leq", "\\geq", "\\ne",
            "\\neq", "\\cup", "\\cap", "\\in", "\\pm", "\\mp", "\\cdot", "\\times", "\\div", "\\sum", "\\prod", "\\int",
            "\\lim", "\\choose", "\\over", "\\mid", "\\to", "\\subset", "\\subseteq", "\\not", "\\notin", "\\end");

    /// The reading of ±: 1 or −1.
    final int sign;
    private boolean inBars;

    AtomParser(List<Token> tokens, int sign) {
        super(tokens);
        this.sign = sign;
    }

    /// A relation or an expression.
    abstract MathExpr element();

    /// A sum.
    abstract MathExpr sum();

    /// A function with its argument, if one begins here.
    abstract Optional<MathExpr> function();

    final boolean startsAtom(Token token) {
        return switch (token.kind()) {
            case NUMBER, LETTER, TEXT -> true;
            case CHARACTER -> token.is("(") || token.is("[") || token.is("{")
                    || token.is("|") && !inBars;
            case COMMAND -> startsAtom(token.text());
            case END -> false;
        };
    }

    private static boolean startsAtom(String command) {
        String name = command.substring(1);
        return GREEK.contains(name) || ACCENTS.contains(name) || SETS.containsKey(command) || switch (command) {
            case "\\frac", "\\dfrac", "\\tfrac", "\\cfrac", "\\sqrt", "\\binom", "\\dbinom", "\\tbinom", "\\begin",
                    "\\{", "\\lbrace", "\\pi", "\\infty", "\\langle", "\\lfloor", "\\lceil", "\\lvert", "\\mathbb",
                    "\\imath", "\\sin", "\\cos", "\\tan", "\\cot", "\\sec", "\\csc", "\\arcsin", "\\arccos", "\\arctan",
                    "\\sinh", "\\cosh", "\\tanh", "\\ln", "\\log", "\\lg", "\\exp", "\\sum", "\\prod", "\\det" -> true;
            default -> false;
        };
    }

    final MathExpr atom() {
        enter();
        MathExpr value = function().orElseGet(this::plainAtom);
        leave();
        return value;
    }

    private MathExpr plainAtom() {
        Token token = peek();
        return switch (token.kind()) {
            case NUMBER -> number();
            case LETTER -> letter();
            case TEXT -> word(next().text());
            case CHARACTER -> switch (token.text()) {
                case "(", "[" -> bracket();
                case "{" -> braces();
                case "|" -> bars("|");
                default -> throw unexpected();
            };
            case COMMAND -> command();
            case END -> throw unexpected();
        };
    }

    private MathExpr number() {
        String digits = next().text();
        if (peek().is("\\overline") || peek().is("\\bar") || peek().is("\\dot")) {
            return repeating(digits);
        }
        // 12\,345
        while (digits.length() <= 3 + 4 * 5 && peek().kind() == Kind.NUMBER && peek().text().length() == 3
                && peek().text().indexOf('.') < 0 && digits.indexOf('.') < 0 && !digits.startsWith("0")) {
            digits += next().text();
        }
        if (take("_")) {
            atom();
        }
        return new Num(Rational.parse(digits), digits.indexOf('.') >= 0);
    }

    private MathExpr letter() {
        MathExpr letter = ScalarParser.letter(next().text());
        return subscript(letter);
    }

    private MathExpr subscript(MathExpr letter) {
        if (!take("_")) {
            return letter;
        }
        StringBuilder name = new StringBuilder(letter instanceof Symbol(String s) ? s
                : letter.toString().toLowerCase(Locale.ROOT)).append('_');
        int open = 0;
        do {
            Token token = next();
            open += token.is("{") ? 1 : token.is("}") ? -1 : 0;
            name.append(token.is("{") || token.is("}") ? "" : token.text().toLowerCase(Locale.ROOT));
            if (token.kind() == Kind.END) {
                throw unexpected();
            }
        } while (open > 0);
        return new Symbol(name.toString());
    }

    private static MathExpr word(String text) {
        String name = text.replaceAll("[\\s()$]", "").toLowerCase(Locale.ROOT);
        if (name.matches("-?\\d{1,100}(?:\\.\\d{1,100})?")) {
            return new Num(Rational.parse(name), name.indexOf('.') >= 0);
        }
        return name.equals("i") ? Constant.I : new Symbol(name);
    }

    private MathExpr command() {
        String name = next().text();
        if (SETS.containsKey(name)) {
            return SETS.get(name);
        }
        return switch (name) {
            case "\\pi" -> Constant.PI;
            case "\\infty" -> Constant.INFINITY;
            case "\\imath" -> Constant.I;
            case "\\frac", "\\dfrac", "\\tfrac", "\\cfrac" -> {
                MathExpr top = digitOrAtom();
                yield Matrices.quotient(top, digitOrAtom());
            }
            case "\\sqrt" -> root();
            case "\\binom", "\\dbinom", "\\tbinom" -> new Call("binomial", List.of(digitOrAtom(), digitOrAtom()));
            case "\\begin" -> environment();
            case "\\{", "\\lbrace" -> set(CLOSING.get(name));
            case "\\lvert" -> bars("\\rvert");
            case "\\lfloor", "\\lceil" -> {
                MathExpr inner = sum();
                require(CLOSING.get(name));
                yield new Call(name.equals("\\lfloor") ? "floor" : "ceil", List.of(inner));
            }
            case "\\langle" -> {
                List<MathExpr> all = list();
                require("\\rangle");
                yield new Tuple(all);
            }
            case "\\mathbb" -> namedSet();
            case "\\sum", "\\prod" -> series(name.substring(1));
            default -> named(name.substring(1));
        };
    }

    private MathExpr named(String name) {
        if (ACCENTS.contains(name)) {
            MathExpr inner = atom();
            String text = Symbols.concatenated(inner).orElseThrow(this::unexpected);
            return subscript(name.startsWith("math") || name.startsWith("b") && !name.equals("bar") ? inner
                    : new Symbol((name.equals("overline") ? "bar" : name) + "{" + text + "}"));
        }
        if (GREEK.contains(name) || name.equals("operatorname")) {
            return subscript(new Symbol(name.toLowerCase(Locale.ROOT)));
        }
        back();
        throw unexpected();
    }

    /// The argument of a command: braces, or one digit of a number.
    private MathExpr digitOrAtom() {
        Token token = peek();
        if (token.kind() == Kind.NUMBER && token.text().length() > 1 && token.text().indexOf('.') < 0) {
            replace(new Token(Kind.NUMBER, token.text().substring(1), token.start() + 1));
            return MathExpr.of(token.text().charAt(0) - '0');
        }
        return atom();
    }

    private MathExpr root() {
        MathExpr degree = MathExpr.of(2);
        if (take("[")) {
            degree = sum();
            require("]");
        }
        return new Power(digitOrAtom(), MathExpr.quotient(MathExpr.ONE, degree));
    }

    private MathExpr namedSet() {
        boolean brace = take("{");
        Token letter = next();
        if (brace) {
            require("}");
        }
        NamedSet set = SETS.get("\\" + letter.text());
        if (set == null) {
            throw unexpected();
        }
        return set;
    }

    /// A finite sum or product with integer bounds.
    private MathExpr series(String kind) {
        require("_");
        require("{");
        Token variable = next();
        require("=");
        MathExpr from = sum();
        require("}");
        require("^");
        MathExpr to = atom();
        MathExpr body = sum();
        return new Call(kind, List.of(body, new Symbol(variable.text().toLowerCase(Locale.ROOT)), from, to));
    }

    /// Braces that group.
    private MathExpr braces() {
        next();
        if (take("}")) {
            return NamedSet.EMPTY;
        }
        MathExpr inner = element();
        if (take("\\choose")) {
            inner = new Call("binomial", List.of(inner, sum()));
        } else if (take("\\over")) {
            inner = MathExpr.quotient(inner, sum());
        } else if (peek().is(",") || peek().is(";")) {
            List<MathExpr> all = new ArrayList<>(List.of(inner));
            while (take(",") || take(";")) {
                all.add(element());
            }
            inner = new Elements(all);
        }
        require("}");
        return inner;
    }

    private MathExpr bars(String closing) {
        if (closing.equals("|")) {
            next();
        }
        boolean outer = inBars;
        inBars = true;
        MathExpr inner = sum();
        inBars = outer;
        require(closing);
        return new Call("abs", List.of(inner));
    }

    private List<MathExpr> list() {
        List<MathExpr> all = new ArrayList<>();
        do {
            all.add(element());
        } while (take(",") || take(";") || take("\\lor"));
        return all;
    }

    private MathExpr set(String closing) {
        if (take(closing)) {
            return NamedSet.EMPTY;
        }
        if (peek().kind() == Kind.LETTER && (at(1).is("\\in") || SUCH_THAT.contains(at(1).text()))) {
            return builder(closing);
        }
        List<MathExpr> all = list();
        require(closing);
        return new Elements(all);
    }

    /// `{x | 1 < x < 2}`, where x is real: its conditions. Commas between them mean "and".
    private MathExpr builder(String closing) {
        next();
        if (take("\\in") && atom() != NamedSet.REALS || !SUCH_THAT.contains(next().text())) {
            throw unexpected();
        }
        List<MathExpr> either = new ArrayList<>();
        MathExpr both = element();
        while (!take(closing)) {
            if (take("\\lor")) {
                either.add(both);
                both = element();
            } else if (take(",") || take(";") || take("\\land")) {
                both = MathExpr.Chain.of(both, element()).orElseThrow(this::unexpected);
            } else {
                throw unexpected();
            }
        }
        either.add(both);
        if (!either.stream().allMatch(MathExpr::isRelation)) {
            throw unexpected();
        }
        return either.size() == 1 ? both : new Elements(either);
    }

    /// Parentheses and brackets: a group, a tuple or an interval.
    private MathExpr bracket() {
        boolean open = next().is("(");
        List<MathExpr> all = list();
        boolean closed = take("]");
        if (!closed) {
            require(")");
        }
        if (all.size() == 1) {
            if (open == closed) {
                throw unexpected();
            }
            return all.getFirst();
        }
        return all.size() == 2 && all.stream().allMatch(MathExpr::isScalar)
                ? TokenCursor.Brackets.pair(all.get(0), all.get(1), open, !closed) : new Tuple(all);
    }

    private MathExpr environment() {
        String name = environmentName();
        if (name.equals("array")) {
            atom();
        }
        List<List<MathExpr>> rows = new ArrayList<>();
        List<MathExpr> row = new ArrayList<>();
        while (!peek().is("\\end")) {
            row.add(element());
            if (take("\\\\")) {
                rows.add(row);
                row = new ArrayList<>();
            } else if (!take("&") && !peek().is("\\end")) {
                throw unexpected();
            }
        }
        if (!row.isEmpty()) {
            rows.add(row);
        }
        next();
        environmentName();
        if (name.equals("cases") || name.startsWith("align") || name.equals("gathered")) {
            return new Elements(rows.stream().flatMap(List::stream).toList());
        }
        if (rows.isEmpty() || rows.stream().anyMatch(r -> r.size() != rows.getFirst().size())) {
            throw unexpected();
        }
        Matrix matrix = new Matrix(rows);
        return name.equals("vmatrix") ? Matrices.determinant(matrix) : matrix;
    }

    private String environmentName() {
        require("{");
        StringBuilder name = new StringBuilder();
        while (peek().kind() == Kind.LETTER || peek().is("*")) {
            name.append(next().text());
        }
        require("}");
        return name.toString();
    }
}
