package glia.train.corpus;

import java.util.HashMap;
import java.util.Map;

/// Texts that are near duplicates of each other, directly or through others; of each group the first text is kept. The
/// groups do not depend on the order in which pairs are joined.
public final class DuplicateGroups {
    /// The text with the smallest number that a text is known to belong to.
    private final Map<Long, Long> parents = new HashMap<>();
    /// The first text that has a band.
    private final Map<Long, Long> first = new HashMap<>();

    /// No text yet.
    public DuplicateGroups() {}

    /// Adds a text with its bands ([MinHash#bands]).
    ///
    /// @param text its number in the corpus
    public void add(long text, long[] bands) {
        for (long band : bands) {
            Long other = first.putIfAbsent(band, text);
            if (other != null) {
                join(text, other);
            }
        }
    }

    /// Says that two texts are near duplicates.
    public void join(long one, long other) {
        long a = first(one);
        long b = first(other);
        if (a != b) {
            parents.put(Math.max(a, b), Math.min(a, b));
        }
    }

    /// The first text of the group of a text; the text itself if it has no earlier duplicate.
    public long first(long text) {
        long root = text;
        for (Long up = parents.get(root); up != null; up = parents.get(root)) {
            root = up;
        }
        for (long at = text; at != root;) {
            at = parents.put(at, root);
        }
        return root;
    }
}
