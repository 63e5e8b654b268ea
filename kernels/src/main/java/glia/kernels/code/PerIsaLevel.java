package glia.kernels.code;

import java.util.function.Function;

/// One object for each instruction-set level, created at its first use. It must have only final fields, since workers
/// read it without a lock for each call.
public final class PerIsaLevel<T> {
    private final Function<IsaLevel, T> make;
    private final Object[] made = new Object[IsaLevel.values().length];

    public PerIsaLevel(Function<IsaLevel, T> make) {
        this.make = make;
    }

    @SuppressWarnings("unchecked")
    public T of(IsaLevel level) {
        Object known = made[level.ordinal()];
        return known != null ? (T) known : makeOnce(level);
    }

    @SuppressWarnings("unchecked")
    private synchronized T makeOnce(IsaLevel level) {
        int index = level.ordinal();
        if (made[index] == null) {
            made[index] = make.apply(level);
        }
        return (T) made[index];
    }
}
