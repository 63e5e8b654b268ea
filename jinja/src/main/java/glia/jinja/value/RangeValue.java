package glia.jinja.value;

/// A Python range: `start, start + step, …`, `size` values. The elements are computed.
public record RangeValue(long start, long step, int size) implements Sequence {
    /// The most elements a range may have, as in Jinja's sandbox.
    public static final int MAX_SIZE = 100_000;

    /// The range from `start` up to, and not including, `stop`.
    ///
    /// @throws JinjaError where `step` is 0 or the range has more than [#MAX_SIZE] elements
    public static RangeValue of(long start, long stop, long step) {
        if (step == 0) {
            throw new JinjaError("range() arg 3 must not be zero");
        }
        boolean empty = step > 0 ? start >= stop : start <= stop;
        if (empty) {
            return new RangeValue(start, step, 0);
        }
        // Unsigned, since the distance of two longs may not fit a signed one.
        long distance = step > 0 ? stop - start : start - stop;
        long stride = step > 0 ? step : -step;
        long size = Long.divideUnsigned(distance - 1, stride) + 1;
        if (size < 0 || size > MAX_SIZE) {
            throw new JinjaError("Range too big. The sandbox blocks ranges larger than MAX_RANGE ("
                    + MAX_SIZE + ").");
        }
        return new RangeValue(start, step, (int) size);
    }

    @Override
    public Object get(int index) {
        return start + index * step;
    }

    @Override
    public Types.Kind kind() {
        return Types.Kind.RANGE;
    }

    @Override
    public Sequence pick(long from, long stride, int count, Budget budget) {
        budget.bytes(32);
        return new RangeValue(start + from * step, step * stride, count);
    }
}
