package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Elements;
import glia.reason.reward.math.MathExpr.Num;
import glia.reason.reward.math.MathExpr.Percent;
import glia.reason.reward.math.MathSearch.Candidate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The mathematical answer that a text states.
///
/// @param value the parsed answer; empty if the text could not be parsed
/// @param text the LaTeX or plain expression as it was found, normalized; never blank
public record MathAnswer(Optional<MathExpr> value, String text) {
    private static final int MAX_CANDIDATES = 100;
    /// Most boxes at the end of a text that are denied.
    private static final int MAX_DENIED = 5;
    private static final int MAX_TEXT = 2_000_000;
    private static final int MAX_WHOLE = 1_000;
    private static final Pattern MIXED = Pattern.compile("(-?+)(\\d{1,30})\\s++(\\d{1,30}\\s?/\\s?\\d{1,30})\\.?+");
    private static final Pattern BEFORE_BOX = Pattern.compile(
            "(?:[\\^/×·]|(?<!-)[-−]|\\\\(?:cdot|times|div|pm|sqrt\\{?|frac\\{(?:[^{}]{0,50}\\}\\{)?))$");
    private static final Pattern AFTER_BOX = Pattern.compile("\\s?(?:[\\^!]\\s?[\\d{]|\\\\(?:cdot|times|pmod)\\b)");
    private static final Pattern OPERATION = Pattern.compile("[\\d)]\\s*[-+*×/^÷(]");
    /// What a plain number does not have, but a formula, an interval or a list.
    private static final Pattern NO_NUMBER = Pattern.compile("[\\\\a-zA-Z{^(\\[|:!\\u0080-\\uFFFF]|\\+|,\\s|,[^,]*+,");

    /// Finds the answer in a text: the last formula or number of the best [place][MathSearch] that can be parsed.
    ///
    /// @return empty if the text has no formula and no number, or has more than 2 million characters
    public static Optional<MathAnswer> find(String text) {
        return find(text, false);
    }

    /// Finds an answer in LaTeX only: in a box, or after the word "answer". The first place counts, even if it cannot
    /// be parsed.
    public static Optional<MathAnswer> findStrict(String text) {
        return find(text, true);
    }

    /// The answer that a data set states: the whole text if it is one expression, such as `x^2 + 1`, else like
    /// [#find(String)].
    public static Optional<MathAnswer> expected(String text) {
        boolean formula = text.indexOf('$') < 0 && !text.contains("\\boxed") && !text.contains("\\(")
                && !text.contains("\\[") && text.length() <= MAX_WHOLE && NO_NUMBER.matcher(text).find();
        if (formula) {
            String plain = LatexText.normalized(text, LatexText.Boxes.ALL);
            Optional<MathExpr> whole = LatexParser.whole(plain);
            if (whole.isPresent()) {
                return Optional.of(new MathAnswer(whole, plain));
            }
        }
        return find(text);
    }

    private static Optional<MathAnswer> find(String text, boolean strict) {
        return find(text, strict, MAX_DENIED);
    }

    private static Optional<MathAnswer> find(String text, boolean strict, int tries) {
        if (text.length() > MAX_TEXT) {
            return Optional.empty();
        }
        String first = null;
        int tried = 0;
        int refused = -1;
        int refusedEnd = -1;
        for (Candidate candidate : MathSearch.candidates(text, strict)) {
            if (++tried > MAX_CANDIDATES) {
                break;
            }
            // Of a formula that is denied or cannot be read, no number counts either.
            int start = candidate.kind() == MathSearch.Kind.BOX
                    ? Math.max(candidate.start(), text.lastIndexOf("\\boxed", candidate.end())) : candidate.start();
            if (candidate.kind() == MathSearch.Kind.PLAIN && start >= refused && start < refusedEnd) {
                continue;
            }
            boolean isDenied = isOperand(text, start, candidate) || Denial.denies(text, start, candidate.end())
                    || Denial.deniesItself(text.substring(start, candidate.end()));
            MathAnswer answer = isDenied ? new MathAnswer(Optional.empty(), "?") : read(text, candidate, strict);
            if (answer.value.isEmpty() && candidate.kind() != MathSearch.Kind.PLAIN) {
                refused = refused < 0 ? start : Math.min(refused, start);
                refusedEnd = Math.max(refusedEnd, candidate.end());
            }
            if (isDenied && candidate.kind() == MathSearch.Kind.BOX && tries > 0) {
                // \boxed{5}, not \boxed{6}
                return find(text.substring(0, start) + text.substring(candidate.end()), strict, tries - 1);
            }
            if (isDenied) {
                continue;
            }
            first = first == null && !answer.text.isBlank() ? answer.text : first;
            if (answer.value.isPresent()) {
                return Optional.of(candidate.kind() == MathSearch.Kind.PLAIN ? answer
                        : new MathAnswer(answer.value, first == null ? "?" : first));
            }
            if (strict) {
                break;
            }
        }
        return first == null ? Optional.empty() : Optional.of(new MathAnswer(Optional.empty(), first));
    }

    /// Whether a box is a part of a calculation: `-\boxed{5}`, `\boxed{5}^2`.
    private static boolean isOperand(String text, int start, Candidate candidate) {
        int box = candidate.kind() == MathSearch.Kind.PLAIN ? -1 : text.lastIndexOf("\\boxed", candidate.end());
        if (box < start) {
            return false;
        }
        int end = text.indexOf('{', box) + 1;
        for (int depth = end > 0 ? 1 : 0; depth > 0 && end < text.length(); end++) {
            char c = text.charAt(end);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        }
        return BEFORE_BOX.matcher(text.substring(Math.max(0, box - 80), box)).find()
                || AFTER_BOX.matcher(text).region(end, text.length()).lookingAt();
    }

    private static MathAnswer read(String text, Candidate candidate, boolean strict) {
        try {
            return candidate.kind() == MathSearch.Kind.PLAIN ? plain(text, candidate) : latex(candidate, strict);
        } catch (IllegalArgumentException e) {
            return new MathAnswer(Optional.empty(), candidate.parts().getFirst());
        }
    }

    private static MathAnswer plain(String whole, Candidate candidate) {
        String text = candidate.parts().getFirst();
        Optional<Rational> scale = OPERATION.matcher(text).find() ? Optional.of(Rational.ONE)
                : NumberReader.scale(whole, candidate.start(), candidate.end());
        if (scale.isEmpty()) {
            return new MathAnswer(Optional.empty(), "?");
        }
        try {
            boolean decimal = text.indexOf('.') >= 0;
            // 3 1/2
            Matcher mixed = MIXED.matcher(text.strip());
            Rational value = Arithmetic.evaluate(mixed.matches() ? mixed.group(1) + "(" + mixed.group(2) + "+"
                    + mixed.group(3) + ")" : text).value().multiply(scale.get());
            MathExpr number = new Num(value, decimal);
            return new MathAnswer(Optional.of(candidate.percents().getFirst() ? new Percent(number) : number), text);
        } catch (IllegalArgumentException | ArithmeticException e) {
            return new MathAnswer(Optional.empty(), text);
        }
    }

    private static MathAnswer latex(Candidate candidate, boolean strict) {
        List<String> texts = new ArrayList<>();
        List<Optional<MathExpr>> values = new ArrayList<>();
        LatexText.Boxes boxes = candidate.kind() == MathSearch.Kind.BOX ? LatexText.Boxes.LAST : LatexText.Boxes.ALL;
        for (int i = 0; i < candidate.parts().size(); i++) {
            String part = candidate.parts().get(i);
            String text = strict ? LatexText.strict(part, boxes) : LatexText.normalized(part, boxes);
            boolean percent = candidate.percents().get(i);
            texts.add(text);
            values.add(parse(text).map(x -> percent ? new Percent(x) : x));
        }
        if (values.size() > 1 && values.stream().allMatch(Optional::isPresent) && !values.stream().allMatch(
                one -> MathVerifier.equal(values.getLast().get(), one.get()))) {
            List<MathExpr> all = new ArrayList<>();
            for (Optional<MathExpr> value : values) {
                all.addAll(value.get() instanceof Elements(List<MathExpr> inner) ? inner : List.of(value.get()));
            }
            return new MathAnswer(Optional.of(new Elements(all)), String.join(" and ", texts));
        }
        return values.stream().allMatch(Optional::isPresent) ? new MathAnswer(values.getLast(), texts.getLast())
                : new MathAnswer(values.getFirst(), texts.getFirst());
    }

    private static Optional<MathExpr> parse(String latex) {
        for (String text : List.of(latex, LatexText.lastSide(latex))) {
            try {
                return Optional.of(LatexParser.parse(text));
            } catch (IllegalArgumentException | ArithmeticException e) {
                // Of a chain of equations that cannot be parsed, the last side may be.
                continue;
            }
        }
        return Optional.empty();
    }

    /// This answer with a percentage as its hundredth.
    public MathAnswer withoutPercent() {
        return value.isPresent() && value.get() instanceof Percent(MathExpr number) ? new MathAnswer(Optional.of(
                MathExpr.quotient(number, MathExpr.of(Rational.of(100)))), text) : this;
    }

    /// Whether this is a percentage.
    public boolean isPercent() {
        return value.isPresent() && value.get() instanceof Percent;
    }

    /// The elements of an answer that is a set, list or tuple; none for others.
    public List<MathAnswer> parts() {
        List<MathExpr> all = switch (value.orElse(null)) {
            case Elements(List<MathExpr> elements) -> elements;
            case MathExpr.Tuple(List<MathExpr> elements) -> elements;
            case MathExpr.Interval i -> List.of(i.low(), i.high());
            case null, default -> List.of();
        };
        return all.stream().map(one -> new MathAnswer(Optional.of(one), text)).toList();
    }

    /// Whether this is a rational number, computed or not.
    public boolean isNumber() {
        return value.isPresent() && isRational(value.get());
    }

    private static boolean isRational(MathExpr x) {
        return switch (x) {
            case Num number -> true;
            case Percent(MathExpr number) -> isRational(number);
            case MathExpr.Sum(List<MathExpr> terms) -> terms.stream().allMatch(MathAnswer::isRational);
            case MathExpr.Product(List<MathExpr> factors) -> factors.stream().allMatch(MathAnswer::isRational);
            case MathExpr.Power(MathExpr base, MathExpr exponent) -> isRational(base)
                    && exponent instanceof Num(Rational power, boolean decimal) && power.isInteger();
            default -> false;
        };
    }

    /// Whether an answer equals this one as the expected answer: by value, or by text where neither can be parsed.
    public boolean accepts(MathAnswer answer) {
        if (value.isPresent() && answer.value.isPresent()) {
            return MathVerifier.equal(value.get(), answer.value.get());
        }
        return text.equals(answer.text);
    }
}
