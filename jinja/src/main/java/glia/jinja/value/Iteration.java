package glia.jinja.value;

import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;

/// Iterates over the elements of a value. Each element charges a step.
public final class Iteration {
    /// A number that a range makes.
    private static final int BOXED_BYTES = 24;

    private Iteration() {
    }

    /// The elements of a list, tuple, range or view, the keys of a dict, the characters of a string, the remaining
    /// elements of a generator; none for an undefined value.
    ///
    /// @throws JinjaError where the value cannot be iterated
    public static Iterator<Object> of(Object value, Budget budget) {
        return switch (Types.kind(value)) {
            case LIST, TUPLE, RANGE -> new Elements((Sequence) value, budget);
            case TEXT -> new Characters(value, budget);
            case DICT -> of(new DictValue.View((DictValue) value, DictValue.View.Part.KEYS), budget);
            case UNDEFINED -> Collections.emptyIterator();
            case OTHER -> {
                if (value instanceof DictValue.View view) {
                    yield new Elements(view.list(budget), budget);
                }
                yield value instanceof Generator(Iterator<Object> values) ? values : refuse(value);
            }
            case NONE, BOOL, INT, FLOAT -> refuse(value);
        };
    }

    private static Iterator<Object> refuse(Object value) {
        throw new JinjaError("'" + Types.name(value) + "' object is not iterable");
    }

    /// Whether [#of] accepts the value.
    public static boolean isIterable(Object value) {
        return switch (Types.kind(value)) {
            case NONE, BOOL, INT, FLOAT -> false;
            case OTHER -> value instanceof DictValue.View || value instanceof Generator;
            default -> true;
        };
    }

    /// A new list of the value's elements.
    public static Sequence.ListValue list(Object value, Budget budget) {
        if (value instanceof Sequence.ListValue items) {
            return items.pick(0, 1, items.size(), budget);
        }
        Sequence.ListValue list = new Sequence.ListValue(budget);
        Iterator<Object> iterator = of(value, budget);
        while (iterator.hasNext()) {
            list.add(iterator.next(), budget);
        }
        return list;
    }

    /// By index, since a list may grow during a loop over it.
    private static final class Elements implements Iterator<Object> {
        private final Sequence sequence;
        private final Budget budget;
        private int next;

        Elements(Sequence sequence, Budget budget) {
            this.sequence = sequence;
            this.budget = budget;
        }

        @Override
        public boolean hasNext() {
            return next < sequence.size();
        }

        @Override
        public Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            budget.step();
            budget.bytes(BOXED_BYTES);
            return sequence.get(next++);
        }
    }

    private static final class Characters implements Iterator<Object> {
        private final Object value;
        private final String text;
        private final Budget budget;
        private int next;

        Characters(Object value, Budget budget) {
            this.value = value;
            this.text = value.toString();
            this.budget = budget;
        }

        @Override
        public boolean hasNext() {
            return next < text.length();
        }

        @Override
        public Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            budget.step();
            int width = Character.charCount(text.codePointAt(next));
            next += width;
            return TrustedText.cut(value, next - width, next, budget);
        }
    }

    /// An iterator that can be read once, the result of filters such as `map` and `select`. It is always true, and has
    /// no length and no indices.
    public record Generator(Iterator<Object> values) {
    }
}
