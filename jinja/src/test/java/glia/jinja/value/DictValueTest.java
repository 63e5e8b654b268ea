package glia.jinja.value;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.Sequence.RangeValue;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Keys are equal where Python holds them equal, and no choice of keys makes a dict slow.
class DictValueTest {
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    private final Budget budget = new Budget(1, 1, 600).forInput();

    private boolean same(Object a, Object b) {
        DictValue dict = new DictValue(budget);
        dict.put(a, "found", budget);
        return dict.get(b, budget).equals("found");
    }

    @Test
    void keysAreEqualWherePythonHoldsThemEqual() {
        assertTrue(same(1L, 1.0));
        assertTrue(same(1L, true));
        assertTrue(same(0L, -0.0));
        assertTrue(same("a", TrustedText.of("a")));
        assertTrue(same(1e20, BigInteger.TEN.pow(20)));
        assertTrue(same(null, null));
        assertTrue(!same(1L, "1"));
        assertTrue(!same(1L, 1.5));
        assertTrue(!same(null, 0L));
        assertTrue(!same(Undefined.because("x"), null));
    }

    @Test
    void listsTuplesRangesAndDictsAreNoKeys() {
        for (Object key : List.of(Sequence.TupleValue.of(budget, 1L), RangeValue.of(0, 5, 3), new ListValue(budget),
                new DictValue(budget))) {
            JinjaError error = assertThrows(JinjaError.class, () -> same(key, key));
            assertTrue(error.getMessage().startsWith("unhashable type: '" + Types.name(key) + "'"), error.getMessage());
        }
    }

    /// Strings of `Aa` and `BB`, and longs of equal halves, have the same hash values: all end in one place.
    private static List<Object> colliding(int count) {
        List<Object> keys = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder();
            for (int bit = 0; bit < 16; bit++) {
                text.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            keys.add(text.toString());
            keys.add((long) i << 32 | i);
        }
        return keys;
    }

    @Test
    void keysOfEqualHashValueAreFoundFast() {
        DictValue dict = new DictValue(budget);
        long start = CPU.getCurrentThreadCpuTime();
        List<Object> keys = colliding(60_000);
        assertEquals(keys.get(2).hashCode(), keys.get(4).hashCode());
        assertEquals(keys.get(3).hashCode(), keys.get(5).hashCode());
        for (int i = 0; i < keys.size(); i++) {
            dict.put(keys.get(i), (long) i, budget);
        }
        for (int i = 0; i < keys.size(); i++) {
            assertEquals((long) i, dict.get(keys.get(i), budget));
        }
        long millis = (CPU.getCurrentThreadCpuTime() - start) / 1_000_000;
        assertTrue(millis < 3000, millis + " ms of CPU time");
    }
}
