package glia.jinja.value;

/// A list, a tuple or a range: values in order, accessed by index.
public sealed interface Sequence permits ListValue, TupleValue, RangeValue {
    /// The number of elements.
    int size();

    /// The element at `index`, which lies in `0 … size − 1`.
    Object get(int index);

    /// Which of the three it is.
    Types.Kind kind();

    /// The elements `start, start + step, …`, `count` of them, in a sequence of the same kind.
    Sequence pick(long start, long step, int count, Budget budget);
}
