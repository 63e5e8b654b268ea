package glia.text.tokenizer;

import glia.io.json.JsonText;

/// Keeps regular expressions away that a short text could hold up for ever. The native library searches by trying, and
/// ends the process after 10 million tries.
final class Regexes {
    private static final int MAX_LENGTH = 20_000;

    private Regexes() { }

    /// Refuses a pattern that repeats, without bound, a group that can itself match one text in many ways: one with
    /// another repetition without bound, or with alternatives, inside.
    ///
    /// @throws IllegalArgumentException if it does, or its brackets do not match
    static void check(String regex) {
        if (regex.isEmpty() || regex.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("found a pattern of " + regex.length() + " characters, expected 1 to "
                    + MAX_LENGTH);
        }
        new Scan(regex).run();
    }

    private static final class Scan {
        private final String regex;
        private int at;

        Scan(String regex) {
            this.regex = regex;
        }

        void run() {
            sequence(0);
            if (at < regex.length()) {
                throw broken();
            }
        }

        /// Reads up to the end of a group; tells whether its content is free: it can match one text in many ways.
        private boolean sequence(int depth) {
            if (depth > 50) {
                throw broken();
            }
            boolean free = false;
            while (at < regex.length() && regex.charAt(at) != ')') {
                char c = regex.charAt(at++);
                boolean atomIsFree = false;
                switch (c) {
                    case '\\' -> at++;
                    case '[' -> set();
                    case '|' -> free = true;
                    case '(' -> {
                        atomIsFree = sequence(depth + 1);
                        if (at++ >= regex.length()) {
                            throw broken();
                        }
                    }
                    default -> { }
                }
                boolean repeated = quantifier();
                if (repeated && atomIsFree) {
                    throw new IllegalArgumentException("found the pattern " + JsonText.quote(regex)
                            + ", expected none that repeats, up to character " + at + ", what has repetitions or "
                            + "alternatives inside: a search could take for ever");
                }
                free |= repeated || atomIsFree;
            }
            return free;
        }

        /// Skips a set in square brackets, which may hold other sets and an escaped or leading bracket.
        private void set() {
            if (at < regex.length() && regex.charAt(at) == '^') {
                at++;
            }
            if (at < regex.length() && regex.charAt(at) == ']') {
                at++;
            }
            while (at < regex.length() && regex.charAt(at) != ']') {
                char c = regex.charAt(at++);
                if (c == '\\') {
                    at++;
                } else if (c == '[') {
                    set();
                }
            }
            if (at++ >= regex.length()) {
                throw broken();
            }
        }

        /// Skips a quantifier; tells whether it has no upper bound.
        private boolean quantifier() {
            boolean unbounded = false;
            while (at < regex.length()) {
                char c = regex.charAt(at);
                if (c == '{') {
                    int end = regex.indexOf('}', at);
                    unbounded |= end > 0 && regex.charAt(end - 1) == ',';
                    at = end < 0 ? regex.length() : end + 1;
                } else if (c == '*' || c == '+' || c == '?') {
                    unbounded |= c != '?';
                    at++;
                    // A second sign only says how it is tried: lazily or possessively.
                    if (at < regex.length() && (regex.charAt(at) == '?' || regex.charAt(at) == '+')) {
                        at++;
                    }
                } else {
                    break;
                }
            }
            return unbounded;
        }

        private IllegalArgumentException broken() {
            return new IllegalArgumentException("found the pattern " + JsonText.quote(regex)
                    + ", whose brackets do not match or are nested too deep");
        }
    }
}
