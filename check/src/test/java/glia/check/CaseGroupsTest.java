package glia.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.reference.CaseResult;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every group of reference cases; all cases where `GLIA_SHARED` is set, else a few.
class CaseGroupsTest {
    private static final Path FEW = Path.of("src/test/resources/golden-training");
    private static final Path MORE = Path.of("src/test/resources/golden-training-more");
    private static final List<String> TRAINING = List.of("distillation", "lora", "minillm", "optim", "reward-model",
            "steps", "verl-distillation");
    private static final List<String> LONG = List.of("kv", "memory", "positions", "quant", "ring", "rope", "sparse",
            "tasks");
    private static final Path GOLDENS = Path.of("../engine/src/test/resources/golden");

    @ParameterizedTest
    @CsvSource({"adaptive-entropy, 10", "bco, 5", "cpo, 6", "distillation, 2", "dpo, 60", "gmpo, 3", "grpo, 20",
        "kto, 8", "kv, 1", "lora, 2", "math-verify, 40", "memory, 25", "minillm, 2", "optim, 2", "orpo, 3",
        "positions, 1", "ppo-trl, 2", "prm, 13", "quant, 5", "reward-model, 2", "rewards, 80", "ring, 1", "rloo, 4",
        "rope, 5", "sparse, 1", "steps, 5", "tasks, 2", "verl-advantages, 14", "verl-distillation, 2",
        "verl-losses, 24"})
    void agreesWithTheReference(String name, int least) throws Exception {
        Path tree = Optional.ofNullable(System.getenv("GLIA_SHARED")).map(Path::of)
                .map(shared -> shared.resolve(LONG.contains(name) ? "golden-long" : "golden-training"))
                .filter(Files::isDirectory).orElse(FEW);
        // Policies and preferences compute with what the other groups check on both backends.
        for (String backend : TRAINING.contains(name) ? List.of("best", "scalar") : List.of("best")) {
            List<CaseResult> results = new ArrayList<>();
            try (Workers workers = new Workers(2)) {
                CaseTree.find(name).orElseThrow().run(tree.resolve(name), GOLDENS,
                        KernelBackends.choose(backend, workers).kernels(), results::add);
            }
            assertEquals(List.of(), results.stream().filter(r -> !r.passes()).toList(), name + " " + backend);
            assertTrue(results.size() >= least, name + ": " + results.size() + " cases");
        }
    }

    @Test
    void groupsAreKnownByTheirNames() {
        assertEquals(30, CaseTree.groups().size());
        assertTrue(CaseTree.groups().containsAll(TRAINING));
    }

    /// Optimizers and schedules of torch and Transformers with parameters that the other cases do not have, first
    /// moments in which gradients cancel, other reductions of MiniLLM.
    @ParameterizedTest
    @CsvSource({"optim, optim, 12", "optim, optim-moments, 2", "minillm, minillm, 3"})
    void agreesForRareParameters(String group, String folder, int count) throws Exception {
        List<CaseResult> results = new ArrayList<>();
        try (Workers workers = new Workers(1)) {
            CaseTree.find(group).orElseThrow().run(MORE.resolve(folder), GOLDENS,
                    KernelBackends.choose("best", workers).kernels(), results::add);
        }
        assertEquals(count, results.size());
        assertTrue(results.stream().allMatch(CaseResult::passes), results::toString);
    }
}
