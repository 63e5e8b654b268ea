package glia.jinja.value;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// A stable merge sort that calls only `<`, as Python's. `List.sort` refuses inconsistent orders, which values such as
/// NaN cause.
public final class Sorting {
    private Sorting() {
    }

    /// The items in ascending (or descending) order of their keys; equal ones stay in their order.
    ///
    /// @throws JinjaError where two keys cannot be compared
    public static List<Object> sort(List<Object> items, List<Object> keys, boolean descending, Budget budget) {
        budget.items(3L * items.size());
        int[] order = new int[items.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = descending ? order.length - 1 - i : i;
        }
        merge(order, order.clone(), 0, order.length, keys, budget);
        List<Object> sorted = new ArrayList<>(items.size());
        for (int index : order) {
            sorted.add(items.get(index));
        }
        if (descending) {
            Collections.reverse(sorted);
        }
        return sorted;
    }

    private static void merge(int[] into, int[] from, int start, int end, List<Object> keys, Budget budget) {
        if (end - start < 2) {
            return;
        }
        int middle = (start + end) >>> 1;
        merge(from, into, start, middle, keys, budget);
        merge(from, into, middle, end, keys, budget);
        int left = start;
        int right = middle;
        for (int i = start; i < end; i++) {
            boolean takeRight = left == middle || right < end
                    && Values.order(keys.get(from[right]), keys.get(from[left]), "<", budget) < 0;
            into[i] = takeRight ? from[right++] : from[left++];
        }
    }
}
