package glia.engine.grammar.regex;

/// Classes of bytes that no expression distinguishes. They become finer as expressions are added.
final class ByteClasses {
    private static final int BYTES = 256;

    private final int[] classes = new int[BYTES];
    private int count = 1;
    private int[] representatives;
    /// Bytes that are a class of their own.
    private final boolean[] isAlone = new boolean[BYTES];

    int of(int value) {
        return classes[value];
    }

    /// Makes a byte a class of its own.
    void separate(int value) {
        if (!isAlone[value]) {
            isAlone[value] = true;
            split(Regex.ByteSet.of(value));
        }
    }

    /// Splits the classes that have bytes within and outside a set.
    void split(Regex.ByteSet set) {
        if (count == BYTES) {
            return;
        }
        boolean[] within = new boolean[count];
        boolean[] outside = new boolean[count];
        for (int b = 0; b < BYTES; b++) {
            (set.has(b) ? within : outside)[classes[b]] = true;
        }
        int before = count;
        int[] renamed = new int[before];
        for (int c = 0; c < before; c++) {
            renamed[c] = within[c] && outside[c] ? count++ : c;
        }
        if (count > before) {
            for (int b = 0; b < BYTES; b++) {
                if (set.has(b)) {
                    classes[b] = renamed[classes[b]];
                }
            }
            representatives = null;
        }
    }

    /// A byte of each class.
    int[] representatives() {
        if (representatives == null) {
            int[] first = new int[count];
            for (int b = BYTES - 1; b >= 0; b--) {
                first[classes[b]] = b;
            }
            // A closing quote first: it ends most searches.
            for (int i = 0; i < first.length; i++) {
                if (first[i] == '"') {
                    first[i] = first[0];
                    first[0] = '"';
                }
            }
            representatives = first;
        }
        return representatives;
    }
}
