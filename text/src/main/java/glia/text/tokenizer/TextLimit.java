package glia.text.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// The longest text that a tokenizer encodes at once, in UTF-16 units; longer ones are encoded in [TextParts].
/// Normalizers and pre-tokenizers may lengthen a text, and the engine that searches for patterns has a limit of its
/// own, so each step that matters gives a bound: how often it may see the length of the ASCII characters and of the
/// others, and the most that it takes.
///
/// @param bounds all of them must hold
record TextLimit(List<Bound> bounds) {
    /// The longest text of any tokenizer. Longer ones need more than a few hundred MB and several seconds.
    static final int MAX_CHARACTERS = 2_000_000;

    /// The most characters that normalizers and pre-tokenizers may make of a text.
    private static final int MAX_LENGTHENED = 8_000_000;
    /// A tokenizer that does not take so many characters is refused.
    private static final int MIN_CHARACTERS = 1000;

    /// The limit of a tokenizer whose steps lengthen a text at most fourfold.
    static final TextLimit NONE = new TextLimit(List.of(new Bound(1, 1, MAX_CHARACTERS)));

    /// @param perAscii the most characters that an ASCII character has become when the step sees it
    /// @param perOther the same for other characters
    /// @param most the most characters that the step takes
    record Bound(double perAscii, double perOther, int most) {
        double perUnit() {
            return Math.max(perAscii, perOther);
        }
    }

    TextLimit {
        bounds = List.copyOf(bounds);
    }

    /// Whether a text can be encoded at once.
    boolean allows(String text) {
        for (Bound bound : bounds) {
            if (text.length() * bound.perUnit() > bound.most && length(text, bound) > bound.most) {
                return false;
            }
        }
        return true;
    }

    /// The length at which every text can be encoded at once.
    int characters() {
        return bounds.stream().mapToInt(bound -> (int) (bound.most / bound.perUnit())).min().orElseThrow();
    }

    private static double length(String text, Bound bound) {
        long ascii = text.chars().filter(c -> c < 0x80).count();
        return ascii * bound.perAscii + (text.length() - ascii) * bound.perOther;
    }

    /// Follows the length of a text through the steps of a tokenizer.
    static final class Builder {
        private final List<Bound> bounds = new ArrayList<>(NONE.bounds);
        private double perAscii = 1;
        private double perOther = 1;
        /// Whether ASCII characters may have become others.
        private boolean isMixed;

        /// A step that makes at most so many characters of each.
        void lengthen(double factor) {
            perAscii *= factor;
            perOther *= factor;
            check();
        }

        /// A step that leaves ASCII characters as they are.
        void lengthenOthers(double factor) {
            perOther *= factor;
            perAscii *= isMixed ? factor : 1;
            check();
        }

        /// Text from a file comes in, which is not ASCII unless it is empty or `▁`.
        void insert(String text) {
            isMixed |= text.chars().anyMatch(c -> c >= 0x80 && c != '▁');
        }

        /// Whether steps that leave ASCII characters as they are may lengthen them all the same.
        boolean isMixed() {
            return isMixed;
        }

        /// A step that takes at most so many characters.
        void limit(int most, String reason) {
            double characters = most / Math.max(perAscii, perOther);
            if (characters < MIN_CHARACTERS) {
                throw new IllegalArgumentException("found a tokenizer for texts of at most " + (int) characters
                        + " characters, because " + reason + "; expected one for " + MIN_CHARACTERS + " or more");
            }
            if (characters < MAX_CHARACTERS) {
                bounds.add(new Bound(perAscii, perOther, most));
            }
        }

        private void check() {
            if (MAX_LENGTHENED / Math.max(perAscii, perOther) < MIN_CHARACTERS) {
                throw new IllegalArgumentException("found steps that together make up to "
                        + Math.round(Math.max(perAscii, perOther)) + " characters of one, expected at most "
                        + MAX_LENGTHENED / MIN_CHARACTERS);
            }
        }

        TextLimit build() {
            limit(MAX_LENGTHENED, "its normalizers and pre-tokenizers may make up to "
                    + Math.round(Math.max(perAscii, perOther)) + " characters of one");
            return new TextLimit(bounds);
        }
    }
}
