package glia.reason.reward.math;

import glia.reason.reward.math.LatexTokens.Kind;
import glia.reason.reward.math.LatexTokens.Token;
import glia.reason.reward.math.MathExpr.Chain;
import glia.reason.reward.math.MathExpr.Comparator;
import glia.reason.reward.math.MathExpr.Elements;
import glia.reason.reward.math.MathExpr.Num;
import glia.reason.reward.math.MathExpr.Relation;
import glia.reason.reward.math.MathExpr.SetOperation;
import glia.reason.reward.math.MathExpr.SetOperator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Parses a LaTeX answer: one expression, relation or set, or a list of them.
///
/// ```
/// answer  = element ((',' | ';') element)*
/// element = side (comparison side)*
/// side    = sum ((∪ | ∩ | \setminus) sum)*
/// ```
/// Sums and what they are made of: [ScalarParser]. What follows a complete answer is ignored if it begins with a
/// closing bracket or an unknown command and has no numbers.
final class LatexParser extends ScalarParser {
    private static final Pattern THOUSANDS = Pattern.compile("\\s*[-+]?\\d{1,3}(?:,\\d{3})++(?:\\.\\d+)?\\s*");

    /// A word of four letters or more, or two words.
    private static final Pattern PROSE = Pattern.compile("(?<![\\\\a-zA-Z{])(?:[a-zA-Z]{4}|[a-zA-Z]{2,3}\\s++[a-zA-Z]"
            + "|[a-zA-Z]\\s++[a-zA-Z]{2})");
    private static final int MAX_SETS = 50;
    /// The function of a number and a modulus that stands for a residue class: `5 \pmod 7`.
    static final String RESIDUE = "residue";

    private LatexParser(List<Token> tokens, int sign) {
        super(tokens, sign);
    }

    /// The answer that a text states.
    ///
    /// @throws IllegalArgumentException if it is none, or nested too deep
    /// @throws ArithmeticException if a number is too large
    static MathExpr parse(String latex) {
        if (THOUSANDS.matcher(latex).matches()) {
            String digits = latex.strip().replace(",", "");
            return new Num(Rational.parse(digits), digits.indexOf('.') >= 0);
        }
        List<Token> tokens = LatexTokens.of(latex);
        MathExpr upper = new LatexParser(tokens, 1).answer();
        boolean signs = tokens.stream().anyMatch(t -> t.is("\\pm") || t.is("\\mp"));
        return signs ? both(upper, new LatexParser(tokens, -1).answer()) : upper;
    }

    /// The answer that a text is as a whole, without prose and without anything after it: one word, or a formula whose
    /// symbols are letters, up to three side by side (`4ac`).
    static Optional<MathExpr> whole(String latex) {
        try {
            if (latex.matches("\\p{L}{4,100}+")) {
                return Optional.of(new MathExpr.Symbol(latex.toLowerCase(Locale.ROOT)));
            }
            if (PROSE.matcher(latex).find()) {
                return Optional.empty();
            }
            List<Token> tokens = LatexTokens.of(latex);
            LatexParser parser = new LatexParser(tokens, 1);
            parser.answer();
            return parser.peek().kind() == Kind.END ? Optional.of(parse(latex)) : Optional.empty();
        } catch (IllegalArgumentException | ArithmeticException e) {
            return Optional.empty();
        }
    }

    /// The set of both readings of ±; lists are joined element by element.
    private static MathExpr both(MathExpr upper, MathExpr lower) {
        if (upper.equals(lower)) {
            return upper;
        }
        if (upper instanceof Relation(Comparator o, MathExpr left, MathExpr a) && lower instanceof Relation(
                Comparator p, MathExpr other, MathExpr b) && o == p && left.equals(other)) {
            return new Relation(o, left, both(a, b));
        }
        List<MathExpr> all = new ArrayList<>();
        if (upper instanceof Elements(List<MathExpr> first) && lower instanceof Elements(List<MathExpr> second)
                && first.size() == second.size()) {
            for (int i = 0; i < first.size(); i++) {
                if (both(first.get(i), second.get(i)) instanceof Elements(List<MathExpr> pair)) {
                    all.addAll(pair);
                } else {
                    all.add(first.get(i));
                }
            }
        } else {
            all.add(upper);
            all.add(lower);
        }
        return new Elements(all);
    }

    private MathExpr answer() {
        MathExpr first = element();
        List<MathExpr> all = new ArrayList<>(List.of(first));
        while (peek().is("\\land") || peek().is("\\lor") || peek().is(",") || peek().is(";")) {
            boolean both = next().is("\\land");
            if (peek().kind() == Kind.END) {
                break;
            }
            MathExpr one = element();
            Optional<MathExpr> joined = both ? Chain.of(all.getLast(), one) : Optional.empty();
            if (joined.isPresent()) {
                all.set(all.size() - 1, joined.get());
            } else {
                all.add(one);
            }
        }
        if (!endsHere()) {
            throw unexpected();
        }
        if (all.size() == 1) {
            return all.getFirst();
        }
        // x = 2, 3
        if (first instanceof Relation(Comparator o, MathExpr left, MathExpr right) && o == Comparator.EQUAL
                && all.stream().skip(1).noneMatch(MathExpr::isRelation)) {
            all.set(0, right);
            return new Relation(o, left, new Elements(all));
        }
        return new Elements(all);
    }

    /// Whether what is left may be ignored: layout and words, not more numbers ("5 or rather 7").
    private boolean endsHere() {
        for (int i = 0; at(i).kind() != Kind.END; i++) {
            if (at(i).kind() == Kind.NUMBER || at(i).kind() == Kind.TEXT && at(i).text().matches("(?s).*\\d.*")) {
                return false;
            }
        }
        Token next = peek();
        return next.kind() == Kind.END || next.kind() == Kind.TEXT || next.is(")") || next.is("]") || next.is("\\}")
                || next.is("}") || next.is(".") || next.is("!")
                || next.kind() == Kind.COMMAND && !KNOWN.contains(next.text());
    }

    @Override
    MathExpr element() {
        enter();
        List<Relation> relations = new ArrayList<>();
        MathExpr left = peek().is("\\approx") ? null : side();
        while (true) {
            Optional<Comparator> operator = comparison();
            if (operator.isPresent()) {
                MathExpr right = side();
                relations.add(new Relation(operator.get(), left, right));
                left = right;
            } else if (take("\\approx") || take("\\simeq") || take("\\doteq")) {
                MathExpr right = side();
                left = left == null || left instanceof MathExpr.Symbol ? right : left;
            } else {
                break;
            }
        }
        if (take("\\pmod")) {
            left = new MathExpr.Call(RESIDUE, List.of(left, sum()));
            if (!relations.isEmpty()) {
                Relation last = relations.removeLast();
                relations.add(new Relation(last.operator(), last.left(), left));
            }
        }
        leave();
        return relations.isEmpty() ? left : relations.size() == 1 ? relations.getFirst() : new Chain(relations);
    }

    private Optional<Comparator> comparison() {
        Token token = peek();
        Comparator found = switch (token.kind() == Kind.TEXT ? "" : token.text()) {
            case "=", "\\in", "\\coloneqq", "\\equiv" -> Comparator.EQUAL;
            case "<", "\\lt" -> Comparator.LESS;
            case ">", "\\gt" -> Comparator.GREATER;
            case "\\le", "\\leq", "\\leqslant" -> Comparator.LESS_EQUAL;
            case "\\ge", "\\geq", "\\geqslant" -> Comparator.GREATER_EQUAL;
            case "\\ne", "\\neq" -> Comparator.NOT_EQUAL;
            default -> null;
        };
        if (found == null) {
            return Optional.empty();
        }
        next();
        // Two characters: <= and >=.
        if (take("=")) {
            found = found == Comparator.LESS ? Comparator.LESS_EQUAL
                    : found == Comparator.GREATER ? Comparator.GREATER_EQUAL : found;
        }
        return Optional.of(found);
    }

    private MathExpr side() {
        MathExpr left = sum();
        for (int i = 0; i < MAX_SETS; i++) {
            SetOperator operator = switch (peek().kind() == Kind.COMMAND ? peek().text() : "") {
                case "\\cup" -> SetOperator.UNION;
                case "\\cap" -> SetOperator.INTERSECTION;
                case "\\setminus", "\\backslash" -> SetOperator.DIFFERENCE;
                default -> null;
            };
            if (operator == null) {
                return left;
            }
            next();
            left = new SetOperation(operator, set(left), set(sum()));
        }
        throw unexpected();
    }

    private static MathExpr set(MathExpr x) {
        return x instanceof MathExpr.Tuple(List<MathExpr> all) ? new Elements(all) : x;
    }
}
