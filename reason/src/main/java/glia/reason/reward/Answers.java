package glia.reason.reward;

import glia.reason.reward.RewardOptions.RewardOption;
import glia.reason.reward.math.AnswerText;
import glia.reason.reward.math.NumberReader;
import glia.reason.reward.math.Rational;
import java.util.ArrayList;
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
        /// The content of `<answer>…</answer>`, the last one where there are several.
        TAG,
        /// The content of `\boxed{…}`, the last one where there are several.
        BOXED,
        /// The last line that is not blank.
        LAST_LINE,
        /// The last number.
        LAST_NUMBER,
        /// The line after the last `####`, as in the answers of GSM8K.
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

    private static final Pattern TAG = Pattern.compile("<answer>.*?</answer>", Pattern.DOTALL);
    private static final Pattern BOX = Pattern.compile("\\\\(?:boxed|fbox)\\s?\\{");
    private static final int MAX_PARTS = 100;
    /// The longest line that may be layout alone.
    private static final int MAX_LAYOUT = 100;
    /// What a line of dollar signs or of Markdown's fences does not have.
    private static final Pattern LETTER_OR_SIGN = Pattern.compile("[^\\s$`*\\\\_-]");
    private static final String HASHES = "####";

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

    /// All answers of a completion, of which each must be right: several tags or boxes, else one; none without an
    /// answer.
    List<String> answers(Sample sample) {
        String text = text(sample.completion()).orElse("");
        List<String> all = extract == Extract.TAG ? tags(text) : extract == Extract.BOXED ? boxes(text) : List.of();
        return all.isEmpty() ? answer(sample).stream().toList() : all;
    }

    /// The lines that have more than layout of the text of which the answer is the last line; none where it is another
    /// part.
    List<String> lines(Sample sample) {
        return extract != Extract.LAST_LINE ? List.of() : text(sample.completion()).orElse("").lines().filter(
                line -> line.length() > MAX_LAYOUT || LETTER_OR_SIGN.matcher(AnswerText.plain(line)).find()).toList();
    }

    /// The boxes beside tags, where those are the answer, or the tags beside boxes: they may contradict it.
    List<String> others(Sample sample) {
        String text = text(sample.completion()).orElse("");
        return extract == Extract.TAG ? boxes(TAG.matcher(text).replaceAll(" "))
                : extract == Extract.BOXED ? tags(BOX.matcher(text).replaceAll("{")) : List.of();
    }

    /// A part of a text, stripped; empty if there is no such part.
    public static Optional<String> extract(String text, Extract extract) {
        return (switch (extract) {
            case ALL -> Optional.of(text);
            case TAG -> last(tags(text));
            case BOXED -> last(boxes(text));
            case LAST_LINE -> text.lines().filter(line -> !line.isBlank()).reduce((first, last) -> last);
            case LAST_NUMBER -> NumberReader.last(text);
            case HASHES -> text.contains(HASHES) ? text.substring(text.lastIndexOf(HASHES) + HASHES.length()).lines()
                    .filter(line -> !line.isBlank()).findFirst() : Optional.<String>empty();
        }).map(String::strip);
    }

    private static Optional<String> last(List<String> all) {
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /// The contents of tags, the last ones where there are very many.
    static List<String> tags(String text) {
        List<String> all = new ArrayList<>();
        int end = text.lastIndexOf("</answer>");
        while (end >= 0 && all.size() < MAX_PARTS) {
            int start = text.lastIndexOf("<answer>", end);
            if (start < 0) {
                break;
            }
            all.addFirst(text.substring(start + "<answer>".length(), end).strip());
            end = text.lastIndexOf("</answer>", start);
        }
        return all;
    }

    /// The contents of boxes, not of those in others, the last ones where there are very many; none where the last one
    /// is not closed.
    static List<String> boxes(String text) {
        List<String> all = new ArrayList<>();
        Matcher box = BOX.matcher(text);
        for (int from = 0; box.find(from);) {
            int depth = 1;
            int at = box.end();
            while (at < text.length() && depth > 0) {
                char c = text.charAt(at++);
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            }
            if (depth > 0) {
                return List.of();
            }
            all.add(text.substring(box.end(), at - 1).strip());
            from = at;
        }
        return all.subList(Math.max(0, all.size() - MAX_PARTS), all.size());
    }

    /// Reads the one number that a text states, as [NumberReader#only] does; empty if it is none.
    public static Optional<Rational> number(String text) {
        return NumberReader.only(text);
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
