package glia.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonTree;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import tools.jackson.databind.JsonNode;

class CurveTest {
    private static JsonNode written(Curve curve) {
        return JsonTree.parse(PageJson.of(curve.page()));
    }

    @Property(tries = 60)
    void pointsAreValuesOfTheRunInOrderWithMinimumAndMaximum(@ForAll @IntRange(min = 1, max = 30_000) int count,
            @ForAll @LongRange(min = 1, max = 50) long stride, @ForAll long seed) {
        Random random = new Random(seed);
        Curve curve = new Curve("loss");
        Map<Long, Double> values = new HashMap<>();
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        double sum = 0;
        for (int i = 1; i <= count; i++) {
            double value = (float) (random.nextGaussian() * Math.exp(random.nextGaussian() * 3));
            curve.add(i * stride, value);
            values.put(i * stride, value);
            min = Math.min(min, value);
            max = Math.max(max, value);
            sum += value;
        }
        JsonNode json = written(curve);
        JsonNode x = json.get("x");
        JsonNode y = json.get("y");
        assertTrue(x.size() <= Curve.MAX_POINTS, x.size() + " points");
        assertTrue(x.size() >= Math.min(count, 900), x.size() + " points of " + count);
        assertEquals(x.size(), y.size());
        for (int i = 0; i < x.size(); i++) {
            assertEquals(values.get(x.get(i).asLong()), y.get(i).asDouble(), 1e-6 * Math.abs(y.get(i).asDouble()));
            assertTrue(i == 0 || x.get(i).asLong() > x.get(i - 1).asLong());
        }
        assertEquals(count * stride, x.get(x.size() - 1).asLong());
        assertEquals(min, IntStream.range(0, y.size()).mapToDouble(i -> y.get(i).asDouble()).min().orElseThrow(),
                1e-6 * Math.abs(min));
        assertEquals(max, IntStream.range(0, y.size()).mapToDouble(i -> y.get(i).asDouble()).max().orElseThrow(),
                1e-6 * Math.abs(max));
        if (count <= 999) {
            double total = IntStream.range(0, count).mapToDouble(i -> json.get("my").get(i).asDouble()).sum();
            assertEquals(sum, total, 1e-4 * count * Math.max(-min, max));
        }
    }

    @Property(tries = 20)
    void meansAreThoseOfEquallyManyValues(@ForAll @IntRange(min = 1, max = 20_000) int count) {
        Curve curve = new Curve("loss");
        for (int i = 1; i <= count; i++) {
            curve.add(i, i);
        }
        JsonNode json = written(curve);
        for (int i = 0; i < json.get("my").size(); i++) {
            assertEquals(json.get("mx").get(i).asDouble(), json.get("my").get(i).asDouble(), 0.51);
        }
    }

    @Property(tries = 20)
    void aRollbackDropsTheStepsAfterIt(@ForAll @IntRange(min = 2, max = 900) int count) {
        Curve curve = new Curve("loss");
        for (int i = 1; i <= count; i++) {
            curve.add(i, 1);
        }
        curve.add(count / 2 + 1, 7);
        JsonNode json = written(curve);
        assertEquals(count / 2 + 1, json.get("x").size());
        assertEquals(7, json.get("y").get(count / 2).asDouble());
    }

    @Property(tries = 1)
    void valuesThatAreNotFiniteAreGapsAndCounted() {
        Curve curve = new Curve("loss");
        curve.add(1, 2);
        curve.add(2, Double.NaN);
        curve.add(3, Double.POSITIVE_INFINITY);
        curve.add(4, 1);
        JsonNode json = written(curve);
        assertEquals("[2.0,null,null,1.0]", json.get("y").toString());
        assertEquals(2, json.get("notFinite").asInt());
        assertEquals(2, json.get("firstNotFinite").asInt());
    }
}
