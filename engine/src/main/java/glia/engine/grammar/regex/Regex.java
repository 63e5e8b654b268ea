package glia.engine.grammar.regex;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/// A regular expression over bytes, made and interned by a [RegexPool]: equal expressions of one pool are one object.
/// Beside the usual operators it has intersection and complement.
public final class Regex {
    enum Kind { EMPTY, EPSILON, SET, LITERAL, CONCAT, OR, AND, NOT, REPEAT, DIGITS }

    static final int UNBOUNDED = Integer.MAX_VALUE;
    private static final Regex[] NO_PARTS = {};
    private static final byte[] NO_KEYS = {};
    private static final int BYTES = 256;
    private static final int FEW = 16;

    final Kind kind;
    final ByteSet set;
    /// The bytes of a literal as Latin-1.
    final String text;
    final Regex[] parts;
    final int min;
    final int max;
    final MultipleOf digits;
    final boolean isNullable;
    /// Whether only a search decides if any text matches.
    final boolean needsSearch;
    private final int hash;
    int id = -1;
    /// Whether any text matches: 0 unknown, 1 yes, -1 no.
    byte live;
    /// Derivatives as far as they were needed: of the bytes of `keys` if there are few, else by byte.
    private Regex[] next = NO_PARTS;
    private byte[] keys = NO_KEYS;
    private int numNext;

    private Regex(Kind kind, ByteSet set, String text, Regex[] parts, int min, int max, MultipleOf digits) {
        this.kind = kind;
        this.set = set;
        this.text = text;
        this.parts = parts;
        this.min = min;
        this.max = max;
        this.digits = digits;
        boolean search = kind == Kind.AND || kind == Kind.NOT || kind == Kind.DIGITS;
        int code = kind.ordinal() * 31 + min * 7 + max * 13 + Objects.hashCode(set) + Objects.hashCode(text)
                + (digits == null ? 0 : System.identityHashCode(digits));
        for (Regex part : parts) {
            search |= part.needsSearch;
            code = code * 31 + part.id;
        }
        this.needsSearch = search;
        this.hash = code;
        this.isNullable = switch (kind) {
            case EPSILON -> true;
            case EMPTY, SET, LITERAL -> false;
            case CONCAT, AND -> Arrays.stream(parts).allMatch(p -> p.isNullable);
            case OR -> Arrays.stream(parts).anyMatch(p -> p.isNullable);
            case NOT -> !parts[0].isNullable;
            case REPEAT -> min == 0;
            case DIGITS -> digits.accepts(min);
        };
    }

    /// The derivative by a byte; null if it was not needed so far.
    Regex next(int value) {
        if (next.length == BYTES) {
            return next[value];
        }
        for (int i = 0; i < numNext; i++) {
            if (keys[i] == (byte) value) {
                return next[i];
            }
        }
        return null;
    }

    /// The memory that one more derivative takes.
    int nextBytes() {
        return next.length == BYTES || numNext < keys.length ? 0 : numNext == FEW ? 4 * BYTES : 10 + 5 * numNext;
    }

    void next(int value, Regex derivative) {
        if (next.length == BYTES) {
            next[value] = derivative;
            return;
        }
        if (numNext == FEW) {
            Regex[] all = new Regex[BYTES];
            for (int i = 0; i < numNext; i++) {
                all[keys[i] & 0xFF] = next[i];
            }
            all[value] = derivative;
            next = all;
            keys = NO_KEYS;
            return;
        }
        if (numNext == keys.length) {
            int size = Math.max(2, 2 * numNext);
            next = Arrays.copyOf(next, size);
            keys = Arrays.copyOf(keys, size);
        }
        keys[numNext] = (byte) value;
        next[numNext++] = derivative;
    }

    static Regex leaf(Kind kind) {
        return new Regex(kind, null, null, NO_PARTS, 0, 0, null);
    }

    static Regex set(ByteSet set) {
        return new Regex(Kind.SET, set, null, NO_PARTS, 0, 0, null);
    }

    static Regex literal(String latin1) {
        return new Regex(Kind.LITERAL, null, latin1, NO_PARTS, 0, 0, null);
    }

    static Regex node(Kind kind, Regex... parts) {
        return new Regex(kind, null, null, parts, 0, 0, null);
    }

    static Regex repeat(Regex part, int min, int max) {
        return new Regex(Kind.REPEAT, null, null, new Regex[] {part}, min, max, null);
    }

    static Regex digits(MultipleOf digits, int state) {
        return new Regex(Kind.DIGITS, null, null, NO_PARTS, state, 0, digits);
    }

    /// Expressions by their ids, each once.
    static Regex[] distinct(List<Regex> parts) {
        if (parts.size() > 1) {
            parts.sort(Comparator.comparingInt(p -> p.id));
        }
        Regex[] sorted = new Regex[parts.size()];
        int n = 0;
        for (Regex part : parts) {
            if (n == 0 || sorted[n - 1] != part) {
                sorted[n++] = part;
            }
        }
        return n == sorted.length ? sorted : Arrays.copyOf(sorted, n);
    }

    /// Whether the empty text matches.
    public boolean isNullable() {
        return isNullable;
    }

    /// Whether nothing matches, by its form; see [RegexPool#isLive] for all others.
    public boolean isEmpty() {
        return kind == Kind.EMPTY;
    }

    /// Whether only the empty text matches, by its form.
    public boolean isEpsilon() {
        return kind == Kind.EPSILON;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Regex o && kind == o.kind && min == o.min && max == o.max && digits == o.digits
                && Objects.equals(set, o.set) && Objects.equals(text, o.text) && sameParts(o.parts);
    }

    private boolean sameParts(Regex[] others) {
        if (parts.length != others.length) {
            return false;
        }
        for (int i = 0; i < parts.length; i++) {
            if (parts[i] != others[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }

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
}
