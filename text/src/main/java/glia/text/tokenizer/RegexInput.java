package glia.text.tokenizer;

/// A cursor over the code points of a regular expression.
final class RegexInput {
    private final int[] codePoints;
    private int at;

    RegexInput(String regex) {
        this.codePoints = regex.codePoints().toArray();
    }

    boolean isAtEnd() {
        return at >= codePoints.length;
    }

    int peek() {
        if (isAtEnd()) {
            throw error("an end in the middle of a construct");
        }
        return codePoints[at];
    }

    int next() {
        int c = peek();
        at++;
        return c;
    }

    boolean accept(int c) {
        boolean found = !isAtEnd() && codePoints[at] == c;
        at += found ? 1 : 0;
        return found;
    }

    /// Accepts ASCII characters.
    boolean accept(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (at + i >= codePoints.length || codePoints[at + i] != text.charAt(i)) {
                return false;
            }
        }
        at += text.length();
        return true;
    }

    /// Reads `{n}`, `{n,}`, `{,m}` or `{n,m}`.
    ///
    /// @return the bounds, the upper one [RegexNode.Repetition#UNBOUNDED] if absent; null if no interval stands here
    int[] interval(int most) {
        int start = at;
        if (!accept('{')) {
            return null;
        }
        int min = number(most);
        int max = min;
        if (accept(',')) {
            max = number(most);
            if (min < 0 && max < 0) {
                at = start;
                return null;
            }
            min = Math.max(min, 0);
        }
        if (min < 0 || !accept('}')) {
            at = start;
            return null;
        }
        return new int[] {min, max};
    }

    private int number(int most) {
        int number = -1;
        while (!isAtEnd() && codePoints[at] >= '0' && codePoints[at] <= '9') {
            number = Math.max(number, 0) * 10 + codePoints[at++] - '0';
            if (number > most) {
                throw error("a repetition of more than " + most + " times");
            }
        }
        return number;
    }

    IllegalArgumentException error(String construct) {
        return new IllegalArgumentException(construct + " near character " + Math.min(at, codePoints.length));
    }
}
