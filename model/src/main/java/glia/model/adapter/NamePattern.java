package glia.model.adapter;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// A regular expression of an adapter's config, matched against whole module names. Matching takes a bounded number of
/// steps, so that no file can make it run forever.
final class NamePattern {
    private static final int MAX_CHARS = 20_000;
    private static final int MAX_STEPS = 1_000_000;

    private final String text;
    private final Pattern pattern;

    /// @throws IllegalArgumentException if it is no regular expression, or longer than 20,000 characters
    NamePattern(String text) {
        if (text.length() > MAX_CHARS) {
            throw new IllegalArgumentException("a pattern of " + text.length() + " characters; at most " + MAX_CHARS
                    + " are read");
        }
        this.text = text;
        try {
            // Python's form of named groups.
            pattern = Pattern.compile(text.replace("(?P<", "(?<"));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("'" + text + "' is not a regular expression: " + e.getDescription(), e);
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("a pattern of " + text.length() + " characters is nested too deeply",
                    e);
        }
    }

    /// Whether the expression matches the whole name.
    ///
    /// @throws IllegalArgumentException if that takes more than a million steps
    boolean matches(String name) {
        try {
            return pattern.matcher(new Bounded(name, new int[1])).matches();
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("matching '" + text + "' takes too much memory", e);
        }
    }

    @Override
    public String toString() {
        return text;
    }

    /// A text that counts how often its characters are read.
    private record Bounded(CharSequence of, int[] steps) implements CharSequence {
        @Override
        public char charAt(int index) {
            if (++steps[0] > MAX_STEPS) {
                throw new IllegalArgumentException("a regular expression takes more than " + MAX_STEPS
                        + " steps on the module name '" + of + "'; simplify it");
            }
            return of.charAt(index);
        }

        @Override
        public int length() {
            return of.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new Bounded(of.subSequence(start, end), steps);
        }

        @Override
        public String toString() {
            return of.toString();
        }
    }
}
