package glia.jinja.value;

import java.util.ArrayList;
import java.util.List;

/// A list, a tuple or a range: values in order, accessed by index.
public sealed interface Sequence {
    /// The number of elements.
    int size();

    /// The element at `index`, which lies in `0 … size − 1`.
    Object get(int index);

    /// Which of the three it is.
    Types.Kind kind();

    /// The elements `start, start + step, …`, `count` of them, in a sequence of the same kind.
    Sequence pick(long start, long step, int count, Budget budget);

    /// A Python tuple.
    static final class TupleValue implements Sequence {
        private static final int BYTES = 64;

        private final Object[] items;

        private TupleValue(Object[] items) {
            this.items = items;
        }

        /// A tuple that owns the array.
        public static TupleValue of(Budget budget, Object... items) {
            budget.bytes(BYTES);
            budget.items(items.length);
            return new TupleValue(items);
        }

        @Override
        public int size() {
            return items.length;
        }

        @Override
        public Object get(int index) {
            return items[index];
        }

        @Override
        public Types.Kind kind() {
            return Types.Kind.TUPLE;
        }

        @Override
        public Sequence pick(long start, long step, int count, Budget budget) {
            budget.bytes(8L * count);
            Object[] picked = new Object[count];
            for (int i = 0; i < count; i++) {
                picked[i] = items[(int) (start + i * step)];
            }
            return of(budget, picked);
        }
    }

    /// A Python range: `start, start + step, …`, `size` values. The elements are computed.
    record RangeValue(long start, long step, int size) implements Sequence {
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

    /// A Python list.
    static final class ListValue implements Sequence {
        private static final int BYTES = 64;

        private final ArrayList<Object> items;

        /// A list that owns `items`; the caller has charged for them.
        public ListValue(ArrayList<Object> items) {
            this.items = items;
        }

        /// An empty list.
        public ListValue(Budget budget) {
            this(new ArrayList<>());
            budget.bytes(BYTES);
        }

        /// The elements, which may be changed.
        public List<Object> items() {
            return items;
        }

        /// Adds an element at the end.
        public void add(Object item, Budget budget) {
            budget.items(1);
            items.add(item);
        }

        /// Adds all elements of another list at the end.
        void addAll(ListValue other, Budget budget) {
            budget.items(other.size());
            items.addAll(other.items);
        }

        @Override
        public int size() {
            return items.size();
        }

        @Override
        public Object get(int index) {
            return items.get(index);
        }

        @Override
        public Types.Kind kind() {
            return Types.Kind.LIST;
        }

        @Override
        public ListValue pick(long start, long step, int count, Budget budget) {
            budget.bytes(BYTES);
            budget.items(count);
            ArrayList<Object> picked = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                picked.add(items.get((int) (start + i * step)));
            }
            return new ListValue(picked);
        }
    }
}
