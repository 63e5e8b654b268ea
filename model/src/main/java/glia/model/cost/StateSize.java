package glia.model.cost;

import glia.model.spec.CacheKind;
import glia.tensor.kernel.Span;

/// The cache size of a mixer per sequence, in elements. An encoder's source counts as long as the sequence.
/// Bidirectional attention has no cache.
public final class StateSize {
    private StateSize() { }

    /// The elements that each further token adds, if all tokens stay visible.
    public static long growth(CacheKind cache) {
        return switch (cache) {
            case CacheKind.KeyValues kv -> grows(kv.span()) ? width(kv) : 0;
            case CacheKind.Rows rows -> grows(rows.span()) ? rows.size() : 0;
            case CacheKind.Recurrence r -> 0;
            case CacheKind.Source s -> width(s);
        };
    }

    /// All elements after `length` tokens.
    ///
    /// @param page positions per cache block
    public static long numbers(CacheKind cache, int length, int page) {
        return switch (cache) {
            case CacheKind.KeyValues kv -> positions(kv.span(), length, page) * width(kv);
            case CacheKind.Rows rows -> positions(rows.span(), length, page) * rows.size();
            case CacheKind.Recurrence r -> length == 0 ? 0 : r.size();
            case CacheKind.Source s -> pages(length, page) * width(s);
        };
    }

    private static long width(CacheKind.KeyValues kv) {
        return (long) kv.keySize() + kv.valueSize();
    }

    private static long width(CacheKind.Source s) {
        return (long) s.keySize() + s.valueSize();
    }

    private static boolean grows(Span span) {
        return switch (span) {
            case Span.Causal c -> true;
            case Span.Sliding s -> false;
            case Span.Chunked c -> false;
            case Span.Bidirectional e -> false;
            case Span.BidirectionalWindow a -> false;
        };
    }

    /// The positions that the next token can attend to, rounded to whole cache blocks.
    private static long positions(Span span, int length, int page) {
        return switch (span) {
            case Span.Causal c -> pages(length, page);
            case Span.Sliding s -> inSight(s, length, page);
            case Span.Chunked c -> inSight(c, length, page);
            case Span.Bidirectional e -> 0;
            case Span.BidirectionalWindow a -> 0;
        };
    }

    private static long inSight(Span span, int length, int page) {
        return pages(length, page) - Math.min(pages(length, page), (long) span.first(length) / page * page);
    }

    /// The positions, rounded up to whole cache blocks.
    private static long pages(int length, int page) {
        return ((long) length + page - 1) / page * page;
    }
}
