package glia.jinja;

import glia.jinja.value.Attributed;
import glia.jinja.value.Budget;
import glia.jinja.value.Repr;
import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;

/// The variable `loop` of a `for`: its position.
final class Loop implements Attributed, Repr.Reprs {
    private static final int VALUE_BYTES = 32;

    private final Budget budget;
    private Iterator<Object> items;
    private int length;
    private int index0 = -1;
    private Object previous = Values.ABSENT;
    private Object current = Values.ABSENT;
    private Object following = Values.ABSENT;

    /// @param length the number of items, or −1 where it is unknown until the end
    Loop(Iterator<Object> items, int length, Budget budget) {
        this.budget = budget;
        this.items = items;
        this.length = length;
    }

    /// Advances to the next item, if there is one.
    boolean advance() {
        if (peek() == Values.ABSENT) {
            return false;
        }
        index0++;
        previous = current;
        current = following;
        following = Values.ABSENT;
        return true;
    }

    /// The current item.
    Object current() {
        return current;
    }

    private Object peek() {
        if (following == Values.ABSENT && items.hasNext()) {
            following = items.next();
        }
        return following;
    }

    /// The number of items; where it is not known, the remaining ones are read.
    private int length() {
        if (length < 0) {
            ListValue rest = new ListValue(budget);
            items.forEachRemaining(item -> rest.add(item, budget));
            items = rest.items().iterator();
            length = rest.size() + index0 + 1 + (following == Values.ABSENT ? 0 : 1);
        }
        return length;
    }

    @Override
    public Object attribute(String name, Budget unused) {
        budget.bytes(VALUE_BYTES);
        return switch (name) {
            case "index" -> index0 + 1L;
            case "index0" -> (long) index0;
            case "revindex" -> (long) length() - index0;
            case "revindex0" -> (long) length() - index0 - 1;
            case "first" -> index0 == 0;
            case "last" -> peek() == Values.ABSENT;
            case "length" -> (long) length();
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "previtem" -> index0 == 0 ? Undefined.because("there is no previous item") : previous;
            case "nextitem" -> peek() == Values.ABSENT ? Undefined.because("there is no next item") : following;
            default -> Values.ABSENT;
        };
    }

    @Override
    public String typeName() {
        return "LoopContext";
    }

    @Override
    public String repr(Budget unused) {
        return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
    }

    /// Iterates over the elements that pass a test. Each is tested when it is needed, since a loop's body may change
    /// the variables of the test.
    static final class Selected implements Iterator<Object> {
        private final Iterator<Object> items;
        private final Predicate<Object> test;
        private boolean found;
        private Object next;

        Selected(Iterator<Object> items, Predicate<Object> test) {
            this.items = items;
            this.test = test;
        }

        @Override
        public boolean hasNext() {
            while (!found && items.hasNext()) {
                next = items.next();
                found = test.test(next);
            }
            return found;
        }

        @Override
        public Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            found = false;
            return next;
        }
    }
}
