package glia.jinja.value;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;

/// Goes through the elements of a value, each of which costs a step.
public final class Iteration {
    private Iteration() {
    }

    /// The elements of a list, tuple or range, the keys of a dict, the characters of a string, what is in a view, what
    /// a generator has left; nothing for what is undefined.
    ///
    /// @throws JinjaError where the value cannot be iterated
    public static Iterator<Object> of(Object value, Budget budget) {
        return switch (Types.kind(value)) {
            case LIST, TUPLE, RANGE -> new Elements((Sequence) value, budget);
            case TEXT -> new Characters(value, budget);
            case DICT -> of(new DictView((DictValue) value, DictView.Part.KEYS), budget);
            case UNDEFINED -> Collections.emptyIterator();
            case OTHER -> {
                if (value instanceof DictView view) {
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

    /// Whether [#of] has an answer.
    public static boolean isIterable(Object value) {
        return switch (Types.kind(value)) {
            case NONE, BOOL, INT, FLOAT -> false;
            case OTHER -> value instanceof DictView || value instanceof Generator;
            default -> true;
        };
    }

    /// A new list of the value's elements.
    public static ListValue list(Object value, Budget budget) {
        ArrayList<Object> list = new ArrayList<>();
        Iterator<Object> iterator = of(value, budget);
        while (iterator.hasNext()) {
            list.add(iterator.next());
            budget.items(1);
        }
        return new ListValue(list);
    }

    /// By index, since a list may grow while a loop goes through it.
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
            return TrustedText.cut(value, next - width, next);
        }
    }
}
