package glia.reason.reward;

import glia.reason.reward.math.Rational;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds the answer in a completion: drops the thoughts, then extracts a part.
///
/// With [Thoughts#OPTIONAL], only what follows the last `</think>` counts; a completion that opens `<think>` and never
/// closes it has no answer; one without either tag counts as a whole.
public final class Answers {
    /// What thoughts mean for the answer.
    public enum Thoughts {
        /// Thoughts are dropped where there are any.
        OPTIONAL,
        /// A completion without a closing tag has no answer.
        REQUIRED,
        /// The whole completion counts, thoughts included.
        INCLUDED
    }

    /// Which part of the text after the thoughts is the answer.
    public enum Extract {
        /// All of it.
        ALL,
        /// The content of the last `<answer>…</answer>`.
        TAG,
        /// The content of the last `\boxed{…}`.
        BOXED,
        /// The last line that is not blank.
        LAST_LINE,
        /// The last number.
        LAST_NUMBER,
        /// What follows the last `####`, as in the answers of GSM8K.
        HASHES
    }

    static final List<RewardOption> OPTIONS = List.of(
            new RewardOption("field", "answer", "field of the sample that holds the expected answer"),
            new RewardOption("expected", "all", "part of that field that is the answer: as of extract, such as hashes "
                    + "(after ####) for GSM8K"),
            new RewardOption("thoughts", "optional", "optional: only what follows the last closing tag counts; "
                    + "required: no closing tag, no answer; included: the whole completion counts"),
            new RewardOption("think_open", "<think>", "tag that opens thoughts"),
            new RewardOption("think_close", "</think>", "tag that closes thoughts"));
    static final RewardOption EXTRACT = new RewardOption("extract", "all",
            "part of the text that is the answer: all, tag (<answer>), boxed, last_line, last_number or hashes "
                    + "(after ####)");

    private static final Pattern NUMBER = Pattern.compile(
            "(?<![\\p{L}\\d.])[-+−]?(?:\\d{1,3}(?:,\\d{3})++(?!\\d)|\\d++)?(?:(?<=\\d)|(?=\\.\\d))(?:\\.\\d++)?+"
            + "(?:[eE][-+]?\\d{1,4}+)?+(?:\\s*/\\s*\\d++)?+(?:\\h?%)?+");

    /// What stands between two numbers of which one is meant.
    private static final Pattern OFFER = Pattern.compile("(?i)[^\\d\\n.]{0,30}?\\bor\\b[^\\d\\n.]{0,20}");
    private static final String HASHES = "####";
    private static final Pattern GROUPS = Pattern.compile("[-+]?\\d{1,3}(?:,\\d{3})++(?:\\.\\d*+)?(?:[eE].*+)?");
    private static final Pattern DOLLARS = Pattern.compile("^([-+]?)\\\\?\\$\\s?+(?=[\\d.])");
    private static final Pattern SIGN = Pattern.compile("^([-+])\\s++");

    private final String field;
    private final Thoughts thoughts;
    private final String open;
    private final String close;
    private final Extract extract;
    private final Extract expected;

    Answers(RewardOptions options, Extract fallback) {
        field = options.text("field", "answer");
        thoughts = options.choice("thoughts", Thoughts.OPTIONAL);
        open = options.text("think_open", "<think>");
        close = options.text("think_close", "</think>");
        extract = options.has("extract") ? options.choice("extract", fallback) : fallback;
        expected = options.choice("expected", Extract.ALL);
        if (close.isEmpty()) {
            throw options.error("think_close", close, "a tag");
        }
    }

    /// The text after the last `</think>`, or empty if there is no such tag.
    public static Optional<String> afterThoughts(String completion) {
        return after(completion, "</think>");
    }

    private static Optional<String> after(String completion, String close) {
        int end = completion.lastIndexOf(close);
        return end < 0 ? Optional.empty() : Optional.of(completion.substring(end + close.length()));
    }

    /// What counts of a completion, or empty if it has no answer.
    Optional<String> text(String completion) {
        if (thoughts == Thoughts.INCLUDED) {
            return Optional.of(completion);
        }
        Optional<String> after = after(completion, close);
        return after.isPresent() || thoughts == Thoughts.REQUIRED ? after
                : !open.isEmpty() && completion.contains(open) ? Optional.empty() : Optional.of(completion);
    }

    /// The extracted answer, or empty if there is none.
    Optional<String> answer(Sample sample) {
        return text(sample.completion()).flatMap(text -> extract(text, extract));
    }

    /// A part of a text, stripped; empty if there is no such part.
    public static Optional<String> extract(String text, Extract extract) {
        return (switch (extract) {
            case ALL -> Optional.of(text);
            case TAG -> tagged(text);
            case BOXED -> boxed(text);
            case LAST_LINE -> text.lines().filter(line -> !line.isBlank()).reduce((first, last) -> last);
            case LAST_NUMBER -> lastNumber(text);
            case HASHES -> text.contains(HASHES) ? Optional.of(text.substring(text.lastIndexOf(HASHES)
                    + HASHES.length())) : Optional.<String>empty();
        }).map(String::strip);
    }

    private static Optional<String> tagged(String text) {
        int end = text.lastIndexOf("</answer>");
        int start = end < 0 ? -1 : text.lastIndexOf("<answer>", end);
        return start < 0 ? Optional.empty() : Optional.of(text.substring(start + "<answer>".length(), end));
    }

    private static Optional<String> boxed(String text) {
        int start = text.lastIndexOf("\\boxed{");
        if (start < 0) {
            return Optional.empty();
        }
        int depth = 0;
        for (int i = start + "\\boxed".length(); i < text.length(); i++) {
            depth += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return Optional.of(text.substring(start + "\\boxed{".length(), i));
            }
        }
        return Optional.empty();
    }

    /// Nothing where the text offers two different numbers, as in "5 or 7".
    private static Optional<String> lastNumber(String text) {
        Matcher matcher = NUMBER.matcher(text);
        String last = null;
        String before = null;
        int end = 0;
        boolean isOffer = false;
        while (matcher.find()) {
            isOffer = last != null && OFFER.matcher(text).region(end, matcher.start()).matches();
            before = last;
            last = matcher.group();
            end = matcher.end();
        }
        boolean differs = isOffer && !number(before).equals(number(last));
        return differs ? Optional.empty() : Optional.ofNullable(last);
    }

    /// Reads a number as users write it: `1,234.5`, `-3/4`, `12.5%` (0.125), `$5`, `1e6`; empty if it is none. Commas
    /// stand between groups of three digits, spaces around the slash, after the sign and before the percent sign.
    public static Optional<Rational> number(String text) {
        String plain = DOLLARS.matcher(text.strip().replace('−', '-')).replaceFirst("$1");
        boolean percent = plain.endsWith("%");
        plain = percent ? plain.substring(0, plain.length() - 1).strip() : plain;
        int slash = plain.indexOf('/');
        try {
            Rational value = slash < 0 ? side(plain)
                    : side(plain.substring(0, slash)).divide(side(plain.substring(slash + 1)));
            return Optional.of(percent ? value.divide(Rational.of(100)) : value);
        } catch (ArithmeticException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Rational side(String text) {
        String number = SIGN.matcher(text.strip()).replaceFirst("$1");
        return Rational.parse(GROUPS.matcher(number).matches() ? number.replace(",", "") : number);
    }

    /// The sample's field that holds the expected answer, or the part of it.
    ///
    /// @throws IllegalArgumentException if the sample lacks it
    Object expected(Sample sample) {
        Object value = field(sample, field, "field");
        if (expected == Extract.ALL) {
            return value;
        }
        return value instanceof List<?> list ? list.stream().map(this::part).toList() : part(value);
    }

    private String part(Object value) {
        return extract(value.toString(), expected).orElseThrow(() -> new IllegalArgumentException("the field " + field
                + ": found " + RewardOptions.shown(value) + ", which has no part that the option expected="
                + expected.name().toLowerCase(Locale.ROOT) + " takes"));
    }

    /// A field of a sample.
    ///
    /// @param option of the reward that names the field
    /// @throws IllegalArgumentException if the sample lacks it
    static Object field(Sample sample, String name, String option) {
        Object value = sample.fields().get(name);
        if (value == null) {
            throw new IllegalArgumentException("the sample has no field " + name + "; it has "
                    + sample.fields().keySet().stream().sorted().toList() + ". Rename one of them, or name the one "
                    + "that is meant in the option " + option + " of the reward, such as " + option + ": "
                    + sample.fields().keySet().stream().sorted().findFirst().orElse("solution"));
        }
        return value;
    }
}
