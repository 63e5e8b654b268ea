package glia.engine.call;

import java.util.function.Supplier;

/// Runs what takes much processor time before an answer is generated, such as compiling a grammar or tokenizing a long
/// text: on the thread of the caller, unless that has bound another place.
public final class HeavyWork {
    /// Where work runs, such as a pool of threads.
    public static final ScopedValue<Place> PLACE = ScopedValue.newInstance();

    private HeavyWork() { }

    /// Runs work.
    public interface Place {
        /// Waits for work.
        ///
        /// @param size characters or bytes that are read
        <T> T run(long size, Supplier<T> work);
    }

    /// Runs work whose time grows with a text.
    ///
    /// @param size characters of the text
    public static <T> T run(long size, Supplier<T> work) {
        return PLACE.isBound() ? PLACE.get().run(size, work) : work.get();
    }

    /// Runs work of any size.
    public static <T> T run(Supplier<T> work) {
        return run(Long.MAX_VALUE, work);
    }
}
