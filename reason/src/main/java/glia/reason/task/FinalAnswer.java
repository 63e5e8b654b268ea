package glia.reason.task;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Finds the final answer in a completion.
///
/// Thoughts end at `</think>`; a completion with unfinished thoughts, or with more than one block of them, has no
/// final answer. Of the text after the thoughts, the answer is in this order: the content of `<answer>…</answer>`, of
/// `\boxed{…}`, of lines that begin with `Answer:`, `Final answer:` or `The answer is`; otherwise the whole text after
/// thoughts, or the last line of a completion without thoughts, not counting the end of a fenced block. Several
/// different answers are none.
public final class FinalAnswer {
    /// Longer answers are not read.
    public static final int MAX_CHARACTERS = 2_000;

    private static final String THINK = "<think>";
    private static final String END_THINK = "</think>";
    private static final List<String> LINE_MARKERS = List.of("answer:", "final answer:", "the answer is",
            "the final answer is");
    private static final int MAX_MARKER = 40;

    private FinalAnswer() { }

    /// The text of the final answer; empty if there is none, or several.
    public static Optional<String> of(String completion) {
        int end = completion.indexOf(END_THINK);
        int begin = completion.indexOf(THINK);
        String text = completion;
        if (end >= 0 || begin >= 0) {
            boolean once = end >= 0 && completion.indexOf(END_THINK, end + 1) < 0
                    && begin < end && completion.indexOf(THINK, begin + 1) < 0;
            if (!once || begin > 0 && !completion.substring(0, begin).isBlank()) {
                return Optional.empty();
            }
            text = completion.substring(end + END_THINK.length());
        }
        List<String> marked = marked(text);
        if (marked.isEmpty()) {
            marked = List.of(end >= 0 ? text.strip() : lastLine(text));
        }
        Set<String> different = new HashSet<>(marked);
        String answer = marked.getFirst();
        return different.size() > 1 || answer.isEmpty() || answer.length() > MAX_CHARACTERS ? Optional.empty()
                : Optional.of(answer);
    }

    private static List<String> marked(String text) {
        List<String> found = between(text, "<answer>", "</answer>");
        if (found.isEmpty()) {
            found = boxed(text);
        }
        return found.isEmpty() ? lines(text) : found;
    }

    private static List<String> between(String text, String open, String close) {
        List<String> found = new ArrayList<>();
        for (int at = text.indexOf(open); at >= 0; at = text.indexOf(open, at)) {
            at += open.length();
            int end = text.indexOf(close, at);
            found.add(end < 0 ? "" : text.substring(at, end).strip());
            at = end < 0 ? text.length() : end + close.length();
        }
        return found;
    }

    /// Contents of `\boxed{…}` with balanced braces; an empty one where a brace is not closed.
    private static List<String> boxed(String text) {
        String open = "\\boxed{";
        List<String> found = new ArrayList<>();
        int at = text.indexOf(open);
        while (at >= 0) {
            int start = at + open.length();
            int depth = 1;
            int i = start;
            while (i < text.length() && depth > 0) {
                char c = text.charAt(i++);
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            }
            found.add(depth > 0 ? "" : text.substring(start, i - 1).strip());
            at = text.indexOf(open, i);
        }
        return found;
    }

    private static List<String> lines(String text) {
        List<String> found = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf('\n', at);
            end = end < 0 ? text.length() : end;
            int start = at;
            while (start < end && "*#> \t_".indexOf(text.charAt(start)) >= 0) {
                start++;
            }
            String head = text.substring(start, Math.min(end, start + MAX_MARKER)).toLowerCase(Locale.ROOT);
            for (String marker : LINE_MARKERS) {
                if (head.startsWith(marker)) {
                    found.add(withoutEmphasis(text.substring(start + marker.length(), end)));
                }
            }
            at = end + 1;
        }
        return found;
    }

    private static String withoutEmphasis(String text) {
        String strip = text.strip();
        strip = strip.startsWith(":") ? strip.substring(1).strip() : strip;
        return strip.replace("**", "").strip();
    }

    private static String lastLine(String text) {
        String strip = text.stripTrailing();
        strip = strip.endsWith("\n```") ? strip.substring(0, strip.length() - 4).stripTrailing() : strip;
        return withoutEmphasis(strip.substring(strip.lastIndexOf('\n') + 1));
    }
}
