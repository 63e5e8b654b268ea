package glia.engine.grammar.regex;

/// A set of bytes.
///
/// @param a bytes 0 to 63, and so on
record ByteSet(long a, long b, long c, long d) {
    static final ByteSet NONE = new ByteSet(0, 0, 0, 0);

    static ByteSet range(int first, int last) {
        long[] words = new long[4];
        for (int i = first; i <= last; i++) {
            words[i >> 6] |= 1L << i;
        }
        return new ByteSet(words[0], words[1], words[2], words[3]);
    }

    static ByteSet of(int one) {
        return range(one, one);
    }

    boolean has(int value) {
        long word = switch (value >> 6) {
            case 0 -> a;
            case 1 -> b;
            case 2 -> c;
            default -> d;
        };
        return (word >>> value & 1) != 0;
    }

    ByteSet or(ByteSet o) {
        return new ByteSet(a | o.a, b | o.b, c | o.c, d | o.d);
    }

    boolean isEmpty() {
        return (a | b | c | d) == 0;
    }
}
