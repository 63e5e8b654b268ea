package glia.text.tokenizer;

import glia.io.DisplayText;
import java.util.BitSet;

/// Parses the sets of characters in a regular expression: `[...]` and escapes.
final class RegexSetParser {
    private static final int MAX_DEPTH = 20;

    private final RegexInput in;
    private final CodePointSets known;
    private int depth;

    RegexSetParser(RegexInput in, CodePointSets known) {
        this.in = in;
        this.known = known;
    }

    CodePointSets known() {
        return known;
    }

    /// The set after `[`.
    BitSet bracket() {
        if (++depth > MAX_DEPTH) {
            throw in.error("more than " + MAX_DEPTH + " nested sets");
        }
        boolean negated = in.accept('^');
        BitSet all = null;
        BitSet part = new BitSet();
        boolean isFirst = true;
        while (isFirst || in.peek() != ']') {
            if (in.accept("&&")) {
                all = intersection(all, part);
                part = new BitSet();
            } else {
                element(part);
            }
            isFirst = false;
        }
        in.next();
        depth--;
        BitSet set = intersection(all, part);
        return negated ? CodePointSets.complement(set) : set;
    }

    private static BitSet intersection(BitSet all, BitSet part) {
        if (all != null) {
            part.and(all);
        }
        return part;
    }

    private void element(BitSet part) {
        int c = in.next();
        BitSet set = switch (c) {
            case '[' -> in.accept(':') ? posix() : bracket();
            case '\\' -> escape();
            default -> CodePointSets.of(c);
        };
        if (set.cardinality() == 1 && c != '[' && in.accept('-')) {
            if (in.peek() == ']') {
                set.set('-');
            } else {
                int last = in.next();
                BitSet end = last == '\\' ? escape() : CodePointSets.of(last);
                int from = set.nextSetBit(0);
                int to = end.nextSetBit(0);
                if (last == '[' || end.cardinality() != 1 || to < from) {
                    throw in.error("a range of characters whose end is not a character or comes before its start");
                }
                set.set(from, to + 1);
            }
        }
        part.or(set);
    }

    private BitSet posix() {
        boolean negated = in.accept('^');
        StringBuilder name = new StringBuilder();
        while (in.peek() != ':') {
            name.appendCodePoint(in.next());
        }
        if (!in.accept(":]")) {
            throw in.error("a POSIX bracket without ':]'");
        }
        return named(name.toString(), negated);
    }

    /// The set after a backslash.
    BitSet escape() {
        int c = in.next();
        return switch (c) {
            case 's' -> (BitSet) known.space().clone();
            case 'S' -> CodePointSets.complement(known.space());
            case 'd' -> (BitSet) known.digit().clone();
            case 'D' -> CodePointSets.complement(known.digit());
            case 'w' -> (BitSet) known.word().clone();
            case 'W' -> CodePointSets.complement(known.word());
            case 'p' -> property(false);
            case 'P' -> property(true);
            case 'n' -> CodePointSets.of('\n');
            case 'r' -> CodePointSets.of('\r');
            case 't' -> CodePointSets.of('\t');
            case 'f' -> CodePointSets.of('\f');
            case 'v' -> CodePointSets.of(0x0B);
            case 'a' -> CodePointSets.of(7);
            case 'e' -> CodePointSets.of(0x1B);
            case 'x' -> CodePointSets.of(in.accept('{') ? hex(8, '}') : hex(2, -1));
            case 'u' -> CodePointSets.of(hex(4, -1));
            default -> {
                if (c < 0x80 && Character.isLetterOrDigit(c)) {
                    throw in.error("the escape '\\" + (char) c + "'");
                }
                yield CodePointSets.of(c);
            }
        };
    }

    private int hex(int most, int end) {
        int value = 0;
        int digits = 0;
        while (digits < most && !in.isAtEnd() && Character.digit(in.peek(), 16) >= 0 && in.peek() < 0x80) {
            value = value << 4 | Character.digit(in.next(), 16);
            digits++;
        }
        boolean isWhole = end < 0 ? digits == most : digits > 0 && in.accept(end);
        boolean isByte = most == 2 && value >= 0x80;
        if (!isWhole || isByte || value < 0 || value >= CodePointSets.SIZE) {
            throw in.error("a code point that is cut short, a single byte, in a list or above 10FFFF");
        }
        return value;
    }

    private BitSet property(boolean outside) {
        StringBuilder name = new StringBuilder();
        boolean negated = outside;
        if (in.accept('{')) {
            negated ^= in.accept('^');
            while (in.peek() != '}') {
                name.appendCodePoint(in.next());
            }
            in.next();
        } else {
            name.appendCodePoint(in.next());
        }
        return named(name.toString(), negated);
    }

    private BitSet named(String name, boolean negated) {
        BitSet set = known.named(name).orElseThrow(() -> in.error("the unknown property "
                + DisplayText.quote(name)));
        return negated ? CodePointSets.complement(set) : (BitSet) set.clone();
    }
}
