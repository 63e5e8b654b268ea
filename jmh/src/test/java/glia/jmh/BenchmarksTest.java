package glia.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/// Every benchmark runs, with every value of its parameters, on sizes too small to measure.
class BenchmarksTest {
    @BeforeAll
    static void besideOthers() {
        // JMH allows one run a machine unless this is set; times do not matter here.
        System.setProperty("jmh.ignoreLock", "true");
    }

    private static ChainedOptionsBuilder once() {
        return new OptionsBuilder().forks(0).warmupIterations(0).measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(1));
    }

    private static List<Measurement> measure(Class<? extends KernelBenchmark> benchmark, String kernels,
            Map<String, List<String>> sizes) throws RunnerException {
        BenchmarkRun step = new BenchmarkRun(benchmark, sizes).with("kernels", List.of(kernels)).with("streamMegabytes",
                List.of("1"))
                .with("limitMillis", List.of("0"));
        List<Measurement> figures = Main.measure(step, once(), new PrintStream(OutputStream.nullOutputStream()));
        for (Measurement figure : figures) {
            assertEquals(benchmark.getSimpleName(), figure.benchmark());
            assertEquals(kernels, figure.kernels());
            assertEquals(Runtime.getRuntime().availableProcessors(), figure.threads());
            assertTrue(figure.rate() > 0 && figure.limit() > 0, figure::toString);
            assertEquals(figure.rate() / figure.limit(), figure.shareOfLimit(), 1e-9);
            assertEquals(benchmark == Prefill.class, figure.shareOfProduct().isPresent());
        }
        return figures;
    }

    @Test
    void limits() throws RunnerException {
        assertEquals(2, measure(Limits.class, "vector", Map.of()).size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "scalar"})
    void products(String kernels) throws RunnerException {
        Map<String, List<String>> small = Map.of("shape", List.of("256x48"), "tokens", List.of("5"));
        assertEquals(1, measure(MatMul.class, kernels,
                Map.of("size", List.of("64"), "tokens", List.of("5"))).size());
        assertEquals(9, measure(MatVec.class, kernels, Map.of("shape", List.of("256x48"))).size());
        assertEquals(9, measure(Prefill.class, kernels, small).size());
        assertEquals(9, measure(BatchedDecode.class, kernels, small).size());
    }

    @Test
    void layers() throws RunnerException {
        Measurement layer = measure(Prefill.class, "vector", Map.of("type", List.of("Q4_0"), "shape",
                List.of(Rows.Shape.LAYER_NAME), "tokens", List.of("2"))).getFirst();
        assertEquals("Q4_0, layer, 2 tokens", layer.description());
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "scalar"})
    void othersThanProducts(String kernels) throws RunnerException {
        assertEquals(3, measure(ExpertLayer.class, kernels,
                Map.of("width", List.of("64"), "expertWidth", List.of("32"))).size());
        assertEquals(2, measure(Attention.class, kernels, Map.of("context", List.of("70"))).size());
        assertEquals(2, measure(LatentDecode.class, kernels, Map.of("context", List.of("70"))).size());
        assertEquals(Rows.Kind.values().length, measure(Rows.class, kernels,
                Map.of("tokens", List.of("3"), "width", List.of("128"))).size());
    }

    @Test
    void saysWhatFailed() {
        RunnerException e = assertThrows(RunnerException.class, () -> measure(MatMul.class, "wrong", Map.of()));
        assertTrue(e.getMessage().contains("no kernels named 'wrong'"), e.getMessage());
    }
}
