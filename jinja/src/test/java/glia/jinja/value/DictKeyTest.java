package glia.jinja.value;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Keys are equal where Python holds them equal, and no choice of keys makes a dict slow.
class DictKeyTest {
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    private final Budget budget = new Budget(1, 1, 600).forInput();

    private Object key(Object value) {
        return DictKey.of(value, budget);
    }

    private void same(Object a, Object b) {
        assertEquals(key(a), key(b));
        assertEquals(key(a).hashCode(), key(b).hashCode());
    }

    @Test
    void keysAreEqualWherePythonHoldsThemEqual() {
        same(1L, 1.0);
        same(1L, true);
        same(0L, -0.0);
        same("a", TrustedText.of("a"));
        same("a", new Markup("a"));
        same(1e20, BigInteger.TEN.pow(20));
        same(TupleValue.of(budget, 1L, "a"), TupleValue.of(budget, 1.0, TrustedText.of("a")));
        same(RangeValue.of(0, 5, 3), RangeValue.of(0, 6, 3));
        same(RangeValue.of(7, 7, 3), RangeValue.of(0, 0, 1));
        same(null, null);
        assertNotEquals(key(1L), key("1"));
        assertNotEquals(key(1L), key(1.5));
        assertNotEquals(key(null), key(0L));
        assertNotEquals(key(TupleValue.of(budget, 1L)), key(1L));
        assertNotEquals(key(TupleValue.of(budget, 1L)), key(TupleValue.of(budget, 1L, 2L)));
    }

    /// Tuples of `Aa` and `BB`, whose hash values are the same, all end in one place of the hash table.
    private List<Object> colliding(int count) {
        List<Object> keys = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Object[] items = new Object[16];
            for (int bit = 0; bit < items.length; bit++) {
                items[bit] = (i >> bit & 1) == 0 ? "Aa" : "BB";
            }
            keys.add(TupleValue.of(budget, items));
        }
        return keys;
    }

    @Test
    void tuplesOfEqualHashValueAreFoundFast() {
        DictValue dict = new DictValue(budget);
        long start = CPU.getCurrentThreadCpuTime();
        List<Object> keys = colliding(60_000);
        assertEquals(key(keys.get(1)).hashCode(), key(keys.get(2)).hashCode());
        for (int i = 0; i < keys.size(); i++) {
            dict.put(keys.get(i), (long) i, budget);
        }
        for (int i = 0; i < keys.size(); i++) {
            assertEquals((long) i, dict.get(keys.get(i), budget));
        }
        long millis = (CPU.getCurrentThreadCpuTime() - start) / 1_000_000;
        assertTrue(millis < 3000, millis + " ms of CPU time");
    }

    @Test
    void orderAgreesWithEquality() {
        List<Object> values = new ArrayList<>(List.of(1L, 2.5, -3L, BigInteger.TEN.pow(30), RangeValue.of(0, 9, 1),
                RangeValue.of(0, 9, 2), TupleValue.of(budget, 1L), TupleValue.of(budget, "a"),
                TupleValue.of(budget, "b", 1L), Undefined.because("x")));
        values.add(null);
        for (Object a : values) {
            for (Object b : values) {
                DictKey x = (DictKey) key(a);
                DictKey y = (DictKey) key(b);
                assertEquals(x.equals(y), x.compareTo(y) == 0, a + " and " + b);
                assertEquals(Integer.signum(x.compareTo(y)), -Integer.signum(y.compareTo(x)));
            }
        }
    }
}
