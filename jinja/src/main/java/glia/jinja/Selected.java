package glia.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;

/// Iterates over the elements that pass a test. Each is tested when it is needed, since a loop's body may change the
/// variables of the test.
final class Selected implements Iterator<Object> {
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
