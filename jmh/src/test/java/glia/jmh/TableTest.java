package glia.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/// The table's lines.
class TableTest {
    private static Measurement figure(String benchmark, String type, boolean countsBytes, double rate) {
        return new Measurement(benchmark, Map.of("type", type), "vector", 2, countsBytes, rate, rate / 2, rate * 2,
                200e9,
                300e9, rate / 200e9, benchmark.equals("Prefill") ? OptionalDouble.of(0.9) : OptionalDouble.empty());
    }

    @Test
    void givesSharesOfLimitsAndOfTheProduct() {
        Table table = new Table();
        assertEquals("| Limits | READ |  | 2 | 40.0 GB/s | 20.0, 80.0 |  |  |  |",
                table.add(figure("Limits", "READ", true, 40e9)));
        assertEquals("| MatMul | F32 | vector | 2 | 100 GFLOP/s | 50, 200 | 200 GFLOP/s | 50 % |  |",
                table.add(figure("MatMul", "F32", false, 100e9)));
        assertEquals("| Prefill | Q8_0 | vector | 2 | 90 GFLOP/s | 45, 180 | 200 GFLOP/s | 45 % | 90 % |",
                table.add(figure("Prefill", "Q8_0", false, 90e9)));
        assertEquals("| MatVec | Q8_0 | vector | 2 | 30.0 GB/s | 15.0, 60.0 "
                + "| 200.0 GB/s, 300 GFLOP/s | 15 % |  |",
                table.add(figure("MatVec", "Q8_0", true, 30e9)));
    }

    @Test
    void isADocumentForPrograms() {
        Table table = new Table();
        table.add(figure("Prefill", "F32", false, 100e9));
        Map<String, Object> document = table.document();
        Map<String, Object> expected = new HashMap<>(Map.of("benchmark", "Prefill",
                "parameters", Map.of("type", "F32"), "kernels", "vector", "threads", 2, "unit", "flop/s",
                "rate", 100e9, "min", 50e9, "max", 200e9));
        expected.putAll(Map.of("limit", 200e9, "peak_flops", 300e9, "share_of_limit", 0.5,
                "share_of_f32_product", 0.9));
        assertEquals(Table.Machine.describe(), document.get("machine"));
        assertEquals(List.of(expected), document.get("figures"));
    }

    @Test
    void describesParametersInWords() {
        Map<String, String> what = new LinkedHashMap<>();
        what.put("size", "2048");
        what.put("tokens", "512");
        what.put("context", "70");
        assertEquals("size 2048, 512 tokens, 70 positions",
                new Measurement("MatMul", what, "vector", 1, false, 1, 1, 1, 1, 1, 1,
                OptionalDouble.empty()).description());
    }
}
