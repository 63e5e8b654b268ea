package glia.check.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.CaseTree;
import glia.check.reference.CaseResult;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Cases of TRL and verl that are rare, and changed ones, which fail.
class PolicyCasesTest {
    private static final Path FEW = Path.of("src/test/resources/golden-training");
    private static final Path AWKWARD = Path.of("src/test/resources/awkward-cases");
    private static final Path GOLDENS = Path.of("../engine/src/test/resources/golden");

    @TempDir
    Path temporary;

    private static List<CaseResult> run(String group, Path folder, String backend) throws IOException {
        List<CaseResult> results = new ArrayList<>();
        try (Workers workers = new Workers(2)) {
            CaseTree.find(group).orElseThrow().run(folder, GOLDENS, KernelBackends.choose(backend, workers).kernels(),
                    results::add);
        }
        return results;
    }

    /// Random cases of the same layout: no tokens, one completion, a ratio beyond the largest weight, a policy near its
    /// reference, tokens without a score of the sampler, bounds that meet, totals of several processes.
    @ParameterizedTest
    @CsvSource({"grpo, 6", "gmpo, 1", "verl-losses, 8"})
    void awkwardCasesAgreeWithTheReference(String group, int count) throws IOException {
        List<CaseResult> results = run(group, AWKWARD.resolve(group), "scalar");
        assertEquals(count, results.size());
        assertEquals(List.of(), results.stream().filter(r -> !r.passes()).toList());
    }

    private List<CaseResult> changed(String group, String from, String to) throws IOException {
        try (Stream<Path> files = Files.list(FEW.resolve(group))) {
            for (Path file : files.toList()) {
                Files.copy(file, temporary.resolve(file.getFileName()));
            }
        }
        Path file = temporary.resolve("cases.json");
        String text = Files.readString(file);
        assertTrue(text.contains(from), from);
        Files.writeString(file, text.replace(from, to));
        return run(group, temporary, "scalar").stream().filter(r -> !r.passes()).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpo", "gmpo", "adaptive-entropy", "rloo", "ppo-trl", "verl-advantages", "verl-losses"})
    void unknownParametersAreNamed(String group) throws IOException {
        CaseResult result = changed(group, "\"params\": {", "\"params\": {\"moon_phase\": 1,").getFirst();
        assertTrue(result.error().contains("moon_phase"), result.error());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "grpo | \"beta\": 0.04 | \"beta\": 0.05",
        "grpo | \"sapo_temperature_neg\": 2.0 | \"sapo_temperature_neg\": 2.1",
        "grpo | \"clip_max\": 1.25 | \"clip_max\": 1.2",
        "gmpo | \"epsilon_low\": 0.4 | \"epsilon_low\": 0.3",
        "adaptive-entropy | \"delta\": 0.004 | \"delta\": 0.003",
        "rloo | \"beta\": 0.05 | \"beta\": 0.06",
        "ppo-trl | \"lam\": 0.9 | \"lam\": 0.8",
        "verl-advantages | \"lam\": 0.95 | \"lam\": 0.9",
        "verl-losses | \"clip_ratio_c\": 1.5 | \"clip_ratio_c\": 1.6",
        "verl-losses | \"rollout_is_threshold\": 1.2 | \"rollout_is_threshold\": 1.1"})
    void otherParametersFail(String group, String from, String to) throws IOException {
        List<CaseResult> failed = changed(group, from, to);
        assertFalse(failed.isEmpty());
        assertTrue(failed.stream().allMatch(r -> r.error().isEmpty()), failed.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "grpo | \"loss_type\": \"dapo\" | \"loss_type\": \"tango\"",
        "grpo | \"scale_rewards\": \"group\" | \"scale_rewards\": \"tango\"",
        "grpo | \"mode\": \"sequence_mask\" | \"mode\": \"tango\"",
        "verl-advantages | \"estimator\": \"opo\" | \"estimator\": \"tango\"",
        "verl-losses | \"loss\": \"dro\" | \"loss\": \"tango\"",
        "verl-losses | \"rollout_rs\": \"seq_max_k2\" | \"rollout_rs\": \"tango\""})
    void unknownNamesAreRefused(String group, String from, String to) throws IOException {
        List<CaseResult> failed = changed(group, from, to);
        assertFalse(failed.isEmpty());
        assertTrue(failed.stream().allMatch(r -> r.error().contains("tango")), failed.toString());
    }
}
