package glia.jinja.value;

import java.util.Collections;
import java.util.List;
import java.util.Set;

/// The methods of lists; of those, tuples and ranges have `index` and `count`.
final class ListMethods {
    static final Set<String> NAMES = Set.of("append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear",
            "copy", "index", "count");

    /// A number that a range makes.
    private static final int BOXED_BYTES = 24;

    private ListMethods() {
    }

    static boolean exists(String name) {
        return NAMES.contains(name);
    }

    static Object call(Sequence target, String name, Arguments arguments, Budget budget) {
        return switch (name) {
            case "index" -> index(target, arguments.positional(name, 1, 3), budget);
            case "count" -> count(target, arguments.positional(name, 1, 1).get(0, null), budget);
            case "copy" -> {
                arguments.positional(name, 0, 0);
                yield Iteration.list(target, budget);
            }
            default -> change((Sequence.ListValue) target, name, arguments, budget);
        };
    }

    private static Object change(Sequence.ListValue target, String name, Arguments arguments, Budget budget) {
        List<Object> list = target.items();
        switch (name) {
            case "append" -> target.add(arguments.positional(name, 1, 1).get(0, null), budget);
            case "extend" -> target.addAll(
                    Iteration.list(arguments.positional(name, 1, 1).get(0, null), budget), budget);
            case "insert" -> insert(list, arguments.positional(name, 2, 2), budget);
            case "pop" -> {
                return pop(list, arguments.positional(name, 0, 1), budget);
            }
            case "remove" -> remove(target, arguments.positional(name, 1, 1), budget);
            case "reverse" -> {
                budget.scan(4L * list.size());
                Collections.reverse(list);
            }
            case "sort" -> sort(list, arguments.bind(name, 0, "reverse"), budget);
            case "clear" -> {
                budget.scan(list.size());
                list.clear();
            }
            default -> throw new AssertionError(name);
        }
        return null;
    }

    private static void insert(List<Object> list, Arguments.Bound arguments, Budget budget) {
        int position = position(arguments.integer(0, 0), list.size());
        budget.items(1);
        budget.scan(list.size() - position);
        list.add(position, arguments.get(1, null));
    }

    private static Object pop(List<Object> list, Arguments.Bound arguments, Budget budget) {
        long index = arguments.integer(0, -1);
        long position = index < 0 ? index + list.size() : index;
        if (position < 0 || position >= list.size()) {
            throw new JinjaError(list.isEmpty() ? "pop from empty list" : "pop index out of range");
        }
        budget.scan(list.size() - position);
        return list.remove((int) position);
    }

    private static void remove(Sequence.ListValue list, Arguments.Bound arguments, Budget budget) {
        int index = Values.indexOf(list, arguments.get(0, null), 0, budget);
        if (index < 0) {
            throw new JinjaError("list.remove(x): x not in list");
        }
        budget.scan(list.size() - index);
        list.items().remove(index);
    }

    private static void sort(List<Object> list, Arguments.Bound arguments, Budget budget) {
        budget.scan(list.size());
        List<Object> sorted = Sorting.sort(list, list, arguments.isTrue(0, false), budget);
        Collections.copy(list, sorted);
    }

    private static Object index(Sequence sequence, Arguments.Bound arguments, Budget budget) {
        int from = position(arguments.integer(1, 0), sequence.size());
        int to = position(arguments.integer(2, Long.MAX_VALUE), sequence.size());
        int index = Values.indexOf(sequence, arguments.get(0, null), from, budget);
        if (index < 0 || index >= to) {
            throw new JinjaError(Repr.repr(arguments.get(0, null), budget) + " is not in " + Types.name(sequence));
        }
        return (long) index;
    }

    /// A bound as in slices: counted from the end where negative, limited to the size.
    static int position(long index, int size) {
        return (int) (index < 0 ? Math.max(index, -size) + size : Math.min(index, size));
    }

    private static Object count(Sequence sequence, Object item, Budget budget) {
        long count = 0;
        for (int i = 0; i < sequence.size(); i++) {
            budget.bytes(BOXED_BYTES);
            if (Values.equal(sequence.get(i), item, budget)) {
                count++;
            }
        }
        return count;
    }
}
