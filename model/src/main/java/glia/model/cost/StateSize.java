package glia.model.cost;

import glia.model.spec.CacheKind;
import glia.tensor.kernel.Span;

/// How many numbers a sequence remembers of a mixer. A source that an encoder has read counts as long as the sequence.
/// What looks both ways reads whole texts and remembers nothing of them.
public final class StateSize {
    private StateSize() { }

    /// What each further token adds, where every token stays in sight.
    public static long growth(CacheKind remembered) {
        return switch (remembered) {
            case CacheKind.KeyValues kv -> grows(kv.span()) ? width(kv) : 0;
            case CacheKind.Rows rows -> grows(rows.span()) ? rows.size() : 0;
            case CacheKind.Recurrence r -> 0;
            case CacheKind.Source s -> width(s);
        };
    }

    /// All numbers after `length` tokens.
    ///
    /// @param page positions are kept and forgotten by so many at a time
    public static long numbers(CacheKind remembered, int length, int page) {
        return switch (remembered) {
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

    /// Those that the next token may still see, and what shares a page with them.
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

    /// The positions of as many pages as it takes.
    private static long pages(int length, int page) {
        return ((long) length + page - 1) / page * page;
    }
}
