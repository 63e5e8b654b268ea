package glia.jinja;

import glia.jinja.value.Arguments;
import glia.jinja.value.Attributed;
import glia.jinja.value.Budget;
import glia.jinja.value.Callable;
import glia.jinja.value.JinjaError;
import glia.jinja.value.ListValue;
import glia.jinja.value.Repr;
import glia.jinja.value.TupleValue;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;

import java.util.Iterator;
import java.util.function.Function;

/// The variable `loop` of a `for`: its position. Calling it renders a recursive loop for other items.
final class Loop implements Attributed, Callable, Repr.Reprs {
    private static final int VALUE_BYTES = 32;

    private final int depth;
    private final Budget budget;
    private final Function<Object, Object> recursion;
    private Iterator<Object> items;
    private int length;
    private int index0 = -1;
    private Object previous = Values.ABSENT;
    private Object current = Values.ABSENT;
    private Object following = Values.ABSENT;
    private Object lastSeen = Values.ABSENT;

    /// @param length the number of items, or −1 where it is unknown until the end
    /// @param recursion renders the loop for other items; null where the loop is not recursive
    Loop(Iterator<Object> items, int length, int depth, Function<Object, Object> recursion, Budget budget) {
        this.budget = budget;
        this.items = items;
        this.length = length;
        this.depth = depth;
        this.recursion = recursion;
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
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index0 == 0 ? Undefined.because("there is no previous item") : previous;
            case "nextitem" -> peek() == Values.ABSENT ? Undefined.because("there is no next item") : following;
            case "cycle" -> (Callable) this::cycle;
            case "changed" -> (Callable) this::changed;
            default -> Values.ABSENT;
        };
    }

    private Object cycle(Arguments arguments, Budget unused) {
        if (arguments.positional().isEmpty()) {
            throw new JinjaError("no items for cycling given");
        }
        return arguments.positional().get(index0 % arguments.positional().size());
    }

    private Object changed(Arguments arguments, Budget unused) {
        TupleValue seen = TupleValue.of(budget, arguments.positional().toArray());
        boolean changed = lastSeen == Values.ABSENT || !Values.equal(lastSeen, seen, budget);
        lastSeen = seen;
        return changed;
    }

    @Override
    public Object call(Arguments arguments, Budget unused) {
        if (recursion == null) {
            throw new JinjaError("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recursion.apply(arguments.positional("loop", 1, 1).get(0, null));
    }

    @Override
    public String typeName() {
        return "LoopContext";
    }

    @Override
    public String repr(Budget unused) {
        return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
    }
}
