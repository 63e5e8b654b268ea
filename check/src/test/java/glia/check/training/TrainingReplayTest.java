package glia.check.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.reference.CaseResult;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Training runs of Transformers and torch on the tiny checkpoints.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainingReplayTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden");

    private final Workers workers = new Workers(2);
    @TempDir
    Path temporary;

    @AfterAll
    void close() {
        workers.close();
    }

    static List<Path> folders() throws IOException {
        try (Stream<Path> all = Files.list(GOLDEN)) {
            return all.filter(TrainingReplay::applies).sorted().toList();
        }
    }

    private List<CaseResult> replay(Path folder) throws CheckpointException {
        List<CaseResult> results = new ArrayList<>();
        TrainingReplay.run(folder, folder, KernelBackends.choose("best", workers).kernels(), results::add);
        return results;
    }

    @ParameterizedTest
    @MethodSource("folders")
    void lossesAndNormsAreTheReferences(Path folder) throws CheckpointException {
        List<CaseResult> results = replay(folder);
        assertEquals(20, results.size());
        results.forEach(r -> assertTrue(r.passes(), r::toString));
    }

    @Test
    void thereAreRunsOfEveryKindOfLayer() throws IOException {
        assertTrue(folders().size() >= 9, folders()::toString);
    }

    private Path changed(String from, String to) throws IOException {
        Path folder = Files.createTempDirectory(temporary, "llama");
        for (String name : List.of("config.json", "model.safetensors", "expected.safetensors")) {
            Files.copy(GOLDEN.resolve("llama").resolve(name), folder.resolve(name));
        }
        String json = Files.readString(GOLDEN.resolve("llama").resolve("train.json"));
        assertTrue(json.contains(from), from);
        Files.writeString(folder.resolve("train.json"), json.replace(from, to));
        return folder;
    }

    @Test
    void anotherRunDiffers() throws IOException {
        for (String[] change : new String[][] {{"\"weight_decay\": 0.1", "\"weight_decay\": 0"},
                {"\"clip_grad_norm\": 1.0", "\"clip_grad_norm\": 0.001"}, {"\"lr\": 0.001", "\"lr\": 0.00105"}}) {
            List<CaseResult> results = replay(changed(change[0], change[1]));
            assertTrue(results.stream().anyMatch(r -> !r.passes()), change[1]);
        }
    }

    @Test
    void errorsNameFileAndKey() throws IOException {
        for (String[] change : new String[][] {{"\"AdamW\"", "\"Adam and Eve\""}, {"\"lr\"", "\"lr\": []"},
                {"\"losses\": [", "\"losses\": [1,"}, {"0.95", "1.5"}, {"all parameters", "some"}, {"{", "["}}) {
            Path folder = changed(change[0], change[1]);
            CheckpointException e = assertThrows(CheckpointException.class, () -> replay(folder), change[1]);
            assertTrue(e.getMessage().contains("train.json"), e.getMessage());
        }
        Path folder = changed("{", "{");
        Files.delete(folder.resolve("expected.safetensors"));
        assertThrows(CheckpointException.class, () -> replay(folder));
    }
}
