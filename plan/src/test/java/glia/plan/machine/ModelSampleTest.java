package glia.plan.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.lab.Bench;
import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.family.Families;
import glia.model.fresh.NewModels;
import glia.model.spec.ModelSpec;
import glia.plan.machine.Machine.Fitting;
import glia.plan.machine.Machine.FormatRate;
import glia.plan.machine.ModelSample.Speeds;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Predictions of speed on this machine.
class ModelSampleTest {
    private static final Map<String, Object> TINY = Map.of("hidden", 256, "layers", 3, "heads", 4, "kv-heads", 2,
            "mlp", 512, "vocab", 1024, "context", 256);

    private static ModelSpec spec(Map<String, Object> sizes) throws CheckpointException {
        return Families.spec(NewModels.config("llama", sizes));
    }

    private static Machine machine(long memory) {
        return machine(memory, 20e9);
    }

    private static Machine machine(long memory, double read) {
        return new Machine(2, memory, List.of(new FormatRate(DType.BF16, read, 100e9, 150e9),
                new FormatRate(DType.Q8_0, 0.9 * read, 200e9, 300e9),
                new FormatRate(DType.Q4_K, 0.75 * read, 180e9, 280e9)));
    }

    /// A layer has 2·256² + 2·256·128 numbers of attention and 3·256·512 of the MLP; the head 1024·256.
    @Test
    void costsAreCounted() throws CheckpointException {
        ModelSpec spec = spec(TINY);
        double layer = 2 * 256 * 256 + 2 * 256 * 128 + 3 * 256 * 512;
        assertEquals(34 / 32.0 * (3 * layer + 1024 * 256), ModelWork.read(spec, 1, ModelSample.sizes(DType.Q8_0)));
        assertEquals(ModelWork.read(spec, 1, ModelSample.sizes(DType.BF16)),
                ModelWork.read(spec, 16, ModelSample.sizes(DType.BF16)));
        assertEquals(3 * ModelWork.prompt(spec.firstLayers(1), 64), ModelWork.prompt(spec, 64));
        ModelSpec experts = disclosed("mixtral-8x7b").validSpec();
        double one = ModelWork.read(experts, 1, ModelSample.sizes(DType.BF16));
        double many = ModelWork.read(experts, 16, ModelSample.sizes(DType.BF16));
        double routed = 32 * 3.0 * 4096 * 14_336 * 8 * 2;
        assertEquals(routed * (1 - Math.pow(0.75, 16) - 0.25), many - one, 1e-6 * many);
    }

    private static Disclosed disclosed(String id) {
        return (Disclosed) Catalogue.load().find(id).getFirst();
    }

    @Test
    void aLargerFormatIsTakenWhereItFits() {
        Disclosed llama = disclosed("llama-3.1-8b");
        Fitting large = machine(64L << 30, 100e9).fitting(llama).orElseThrow();
        Fitting small = machine(8L << 30, 100e9).fitting(llama).orElseThrow();
        assertEquals(DType.BF16, large.type());
        assertEquals(DType.Q4_K, small.type());
        assertEquals(DType.Q4_K, machine(64L << 30, 20e9).fitting(llama).orElseThrow().type(), "too slow in BF16");
        // 8.03 billion parameters, of which the embedding's 0.53 are not read.
        assertEquals(100e9 / (2 * 7.505e9), large.single(), 5e-3);
        assertTrue(machine(2L << 30).fitting(llama).isEmpty());
    }

    @Test
    void moreMemoryNeverFitsFewerModels() {
        int before = 0;
        for (long memory = 1L << 30; memory <= 1L << 42; memory <<= 2) {
            List<Fitting> fitting = machine(memory).fitting(Catalogue.load());
            double most = 0.8 * memory;
            fitting.forEach(f -> assertTrue(f.memory() <= most && f.single() > 0 && f.batched() >= f.single()
                    && f.prompt() > 0, f.model().id()));
            assertTrue(fitting.size() >= before);
            before = fitting.size();
        }
        assertTrue(before > 50);
    }

    @Test
    void encodersAreRefused() throws CheckpointException {
        try (Workers workers = new Workers(1)) {
            ModelSpec bert = Families.spec(NewModels.config("bert", Map.of("layers", 1, "hidden", 64)));
            assertThrows(IllegalArgumentException.class, () -> ModelSample.of(bert, DType.F32, workers, 0));
        }
    }

    @Test
    void aSampleOfASmallModelIsTheModel() throws CheckpointException {
        try (Workers workers = new Workers(1)) {
            Speeds speeds = ModelSample.of(spec(TINY), DType.Q8_0, workers, 0);
            assertEquals(256, speeds.promptTokens());
            assertTrue(speeds.prompt().median() > 0 && speeds.single().median() > 0 && speeds.batched().median() > 0);
        }
    }

    /// Needs a machine without other load, and a minute for each format.
    @Test
    @Tag("slow")
    void predictionsAreNearTheBenchmark() throws CheckpointException {
        Map<String, Object> sizes = new HashMap<>(Map.of("hidden", 2048, "layers", 22, "heads", 32, "kv-heads", 4,
                "mlp", 5632, "vocab", 32_000, "context", 2048));
        for (DType type : List.of(DType.BF16, DType.Q8_0, DType.Q4_K, DType.Q4_0)) {
            compare(sizes, type);
        }
        sizes.putAll(TINY);
        compare(sizes, DType.F32);
    }

    private static void compare(Map<String, Object> sizes, DType type) throws CheckpointException {
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
                Model model = FreshModel.ofType(spec(sizes), type, 1);
                Engine engine = new Engine(model, KernelBackends.choose("best", workers).kernels(), Precision.FAST,
                        4L << 30)) {
            Bench bench = new Bench(engine);
            int tokens = Math.min(512, model.spec().contextLength());
            double[][] ratios = new double[3][3];
            for (int turn = 0; turn < 3; turn++) {
                Speeds predicted = ModelSample.of(model, workers, 10);
                ratios[0][turn] = predicted.prompt().median() / bench.prompt(tokens).median();
                ratios[1][turn] = predicted.single().median() / bench.generate(64, 1).median();
                ratios[2][turn] = predicted.batched().median() / bench.generate(64, 16).median();
            }
            ToDoubleFunction<double[]> median = r -> Arrays.stream(r).sorted().toArray()[1];
            for (double[] ratio : ratios) {
                double middle = median.applyAsDouble(ratio);
                assertTrue(Math.max(middle, 1 / middle) <= 1.15, type + ": " + Arrays.deepToString(ratios));
            }
        }
    }
}
