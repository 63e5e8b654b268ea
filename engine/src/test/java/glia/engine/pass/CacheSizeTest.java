package glia.engine.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.inspect.ModelSummary;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.cost.LayerKind;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What is said of caches is what is allocated.
class CacheSizeTest {
    private static final List<Integer> CHUNKS = List.of(1, 2, 60, 1, 1, 64, 7, 60);

    static Stream<Path> models() {
        try {
            Path all = Path.of(CacheSizeTest.class.getResource("/golden/llama/config.json").toURI()).getParent()
                    .getParent();
            return Files.list(all).sorted();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void stateTakesWhatIsSaid(Path folder) throws CheckpointException {
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT,
                        1 << 30)) {
            List<LayerKind> kinds = LayerKind.of(model.spec());
            if (model.spec().looksAhead()) {
                assertEquals(0, bytes(kinds, 1000), "an encoder has no cache");
                return;
            }
            Sequence sequence = engine.open();
            assertEquals(bytes(kinds, 0), engine.stateBytes());
            int[] source = new int[Math.min(model.spec().contextLength(), CHUNKS.stream().mapToInt(i -> i).sum())];
            for (int chunk : CHUNKS) {
                if (sequence.length() + chunk > model.spec().contextLength()) {
                    break;
                }
                int[] ids = new int[chunk];
                Arrays.fill(ids, 1);
                feed(engine, sequence, source, ids);
                long expected = model.spec().encoder().isEmpty() ? bytes(kinds, sequence.length())
                        : bytes(self(kinds), sequence.length()) + bytes(cross(kinds), source.length);
                assertEquals(expected, engine.stateBytes(), "after " + sequence.length() + " tokens");
            }
            assertTrue(sequence.length() > 0);
        }
    }

    private static void feed(Engine engine, Sequence sequence, int[] source, int[] ids) {
        if (engine.model().spec().encoder().isPresent() && sequence.length() == 0) {
            engine.add(sequence, Input.of(source), ids, 0, ids.length, Outputs.LAST);
        } else {
            engine.add(sequence, ids, 0, ids.length, Outputs.LAST);
        }
        engine.run();
    }

    private static List<LayerKind> cross(List<LayerKind> kinds) {
        return kinds.stream().filter(k -> k.description().startsWith("cross attention")).toList();
    }

    private static List<LayerKind> self(List<LayerKind> kinds) {
        return kinds.stream().filter(k -> !k.description().startsWith("cross attention")).toList();
    }

    private static long bytes(List<LayerKind> kinds, int length) {
        return kinds.stream().mapToLong(kind -> ModelSummary.cacheBytes(kind, length)).sum();
    }
}
