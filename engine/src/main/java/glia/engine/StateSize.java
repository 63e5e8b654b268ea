package glia.engine;

import glia.model.spec.Remembered;
import glia.tensor.kernel.Span;

/// What remembering costs, in bytes.
final class StateSize {
    private StateSize() { }

    /// What each further token costs, where every token stays in sight.
    static long bytesPerToken(Remembered remembered) {
        return switch (remembered) {
            case Remembered.KeyValues kv -> grows(kv.span()) ? (long) (kv.keySize() + kv.valueSize()) * Float.BYTES : 0;
            case Remembered.Rows rows -> grows(rows.span()) ? (long) rows.size() * Float.BYTES : 0;
            case Remembered.Recurrence r -> 0;
            case Remembered.Source s -> 0;
        };
    }

    /// What a sequence costs at the most, however long it is, in what does not grow with it.
    static long fixedBytes(Remembered remembered) {
        return switch (remembered) {
            case Remembered.KeyValues kv -> window(kv.span()) * (kv.keySize() + kv.valueSize()) * Float.BYTES;
            case Remembered.Rows rows -> window(rows.span()) * rows.size() * Float.BYTES;
            case Remembered.Recurrence r -> (long) r.size() * Float.BYTES;
            case Remembered.Source s -> 0;
        };
    }

    private static boolean grows(Span span) {
        return switch (span) {
            case Span.Causal c -> true;
            case Span.Everything e -> true;
            case Span.Sliding s -> false;
            case Span.Chunked c -> false;
            case Span.Around a -> false;
        };
    }

    private static long window(Span span) {
        return switch (span) {
            case Span.Causal c -> 0;
            case Span.Everything e -> 0;
            case Span.Sliding s -> s.window();
            case Span.Chunked c -> c.size();
            case Span.Around a -> 2L * a.reach() + 1;
        };
    }
}
