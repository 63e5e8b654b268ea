package glia.train.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Every group of reference cases; all cases where `GLIA_SHARED` is set, else a few.
class CaseGroupsTest {
    private static final Path FEW = Path.of("src/test/resources/golden-training");
    private static final Path MORE = Path.of("src/test/resources/golden-training-more");
    private static final Path GOLDENS = Path.of("../engine/src/test/resources/golden");

    private static Stream<CaseGroup> groups() {
        return CaseGroups.all().stream();
    }

    @ParameterizedTest
    @MethodSource("groups")
    void agreesWithTheReference(CaseGroup group) throws Exception {
        Path tree = Optional.ofNullable(System.getenv("GLIA_SHARED")).map(Path::of)
                .map(shared -> shared.resolve("golden-training")).filter(Files::isDirectory).orElse(FEW);
        for (String backend : List.of("best", "scalar")) {
            List<CaseResult> results = new ArrayList<>();
            try (Workers workers = new Workers(2)) {
                group.run(tree.resolve(group.name()), GOLDENS,
                        KernelBackends.choose(backend, workers).kernels(), results::add);
            }
            assertTrue(results.stream().allMatch(CaseResult::passes), () -> group.name() + " " + backend + ": "
                    + results.stream().filter(r -> !r.passes()).toList());
            assertTrue(results.size() >= 2, group.name());
        }
    }

    /// Optimizers and schedules of torch and Transformers with parameters that the other cases do not have, first
    /// moments in which gradients cancel, other reductions of MiniLLM.
    @ParameterizedTest
    @CsvSource({"optim, optim, 12", "optim, optim-moments, 2", "minillm, minillm, 3"})
    void agreesForRareParameters(String group, String folder, int count) throws Exception {
        List<CaseResult> results = new ArrayList<>();
        try (Workers workers = new Workers(1)) {
            CaseGroups.find(group).orElseThrow().run(MORE.resolve(folder), GOLDENS,
                    KernelBackends.choose("best", workers).kernels(), results::add);
        }
        assertEquals(count, results.size());
        assertTrue(results.stream().allMatch(CaseResult::passes), results::toString);
    }
}
