package glia.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Parsing of the command line.
class RequestTest {
    private static List<String> names(String... words) {
        return Main.Request.parse(words).steps().stream().map(BenchmarkRun::name).distinct().toList();
    }

    @Test
    void allWithoutNames() {
        Main.Request all = Main.Request.parse();
        assertEquals(BenchmarkRun.ALL.size(), all.steps().size());
        assertNull(all.json());
    }

    @Test
    void namesInAnyCaseAndOrder() {
        assertEquals(List.of("MatVec"), names("matvec"));
        assertEquals(List.of("Limits", "Prefill"), names("PREFILL", "limits"));
    }

    @Test
    void optionsReachTheBenchmarksThatKnowThem() {
        Main.Request request = Main.Request.parse("--types", "q8_0,q4_k", "--kernels", "scalar,vector", "--json", "x");
        assertEquals(Path.of("x"), request.json());
        for (BenchmarkRun step : request.steps()) {
            boolean typed = List.of("MatVec", "Prefill", "BatchedDecode").contains(step.name());
            assertEquals(typed ? List.of("Q8_0", "Q4_K") : null, step.parameters().get("type"));
            assertEquals(step.name().equals("Limits") ? null : List.of("scalar", "vector"),
                    step.parameters().get("kernels"));
        }
    }

    @Test
    void whatIsUnknownIsNamed() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> names("MatVec", "cooking")).getMessage()
                .startsWith("no benchmark named cooking; there are Limits, MatMul, "));
        assertThrows(IllegalArgumentException.class, () -> names("--speed", "high"));
        assertThrows(IllegalArgumentException.class, () -> names("--json"));
        assertThrows(IllegalArgumentException.class, () -> Rows.Shape.parse("2048"));
    }
}
