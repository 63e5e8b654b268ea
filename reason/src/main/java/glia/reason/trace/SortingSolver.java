package glia.reason.trace;

import glia.reason.task.Fields;
import glia.reason.task.Problem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/// Sorting by random orders, by insertion (a line for each longer sorted list), or by selection (`2: 9 5` has the next
/// element before those that are left).
final class SortingSolver implements TraceSet.Solver {
    @Override
    public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
        List<String> order = Fields.texts(problem.fields(), "order");
        boolean isNumbers = order.getFirst().matches("-?\\d+");
        Comparator<String> comparator = isNumbers ? Comparator.comparingLong(Long::parseLong)
                : Comparator.naturalOrder();
        if (comparator.compare(order.getFirst(), order.getLast()) > 0) {
            comparator = comparator.reversed();
        }
        List<String> elements = pad.random().shuffled(order);
        List<String> result = switch (strategy) {
            case GUESS -> elements;
            case RANDOM -> random(elements, comparator, pad);
            case ORDERED -> insertion(elements, comparator, pad);
            case PRUNED, DIRECT -> selection(elements, comparator, pad);
        };
        return String.join(", ", result);
    }

    private static List<String> random(List<String> elements, Comparator<String> comparator, Scratchpad pad) {
        List<String> order = elements;
        while (pad.attempt()) {
            order = pad.random().shuffled(elements);
            boolean isSorted = isSorted(order, comparator);
            pad.line(String.join(" ", order) + (isSorted ? " yes" : " no"));
            if (isSorted) {
                break;
            }
        }
        return order;
    }

    private static boolean isSorted(List<String> order, Comparator<String> comparator) {
        return order.equals(order.stream().sorted(comparator).toList());
    }

    private static List<String> insertion(List<String> elements, Comparator<String> comparator, Scratchpad pad) {
        List<String> sorted = new ArrayList<>();
        for (String element : elements) {
            int place = 0;
            while (place < sorted.size() && comparator.compare(sorted.get(place), element) <= 0) {
                place++;
            }
            sorted.add(slip(place, sorted.size(), pad), element);
            pad.step();
            pad.line(String.join(" ", sorted));
        }
        return verified(sorted, comparator, pad);
    }

    private static List<String> selection(List<String> elements, Comparator<String> comparator, Scratchpad pad) {
        List<String> left = new ArrayList<>(elements);
        List<String> sorted = new ArrayList<>();
        while (!left.isEmpty()) {
            int place = left.indexOf(Collections.min(left, comparator));
            sorted.add(left.remove(slip(place, left.size() - 1, pad)));
            pad.step();
            pad.line(left.isEmpty() ? sorted.getLast() : sorted.getLast() + ": " + String.join(" ", left));
        }
        return verified(sorted, comparator, pad);
    }

    /// A place, or with the probability of a slip a neighbor of it.
    private static int slip(int place, int last, Scratchpad pad) {
        return Math.clamp(place + pad.calculate(0, '+', 0), 0, last);
    }

    private static List<String> verified(List<String> order, Comparator<String> comparator, Scratchpad pad) {
        if (!pad.verifies()) {
            return order;
        }
        boolean isSorted = isSorted(order, comparator);
        pad.verification(String.join(" ", order) + (isSorted ? " yes" : " no, wait"));
        return order.stream().sorted(comparator).toList();
    }
}
