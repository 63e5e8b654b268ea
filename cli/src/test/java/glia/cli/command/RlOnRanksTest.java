package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reinforcement learning on several ranks.
class RlOnRanksTest {
    @TempDir private Path folder;

    private TestConsole train(int exitCode, int ranks, String... more) {
        List<String> words = new ArrayList<>(List.of("train", "rl-demo", "steps=4", "rl.batch_invariant=true",
                "rl.batch_tokens=300", "rl.prompts=7", "rl.group=8", "rl.minibatches=2", "rl.max_tokens=3",
                "evaluate.problems=10", "validate.every=2", "model.new.hidden=32", "model.new.layers=1",
                "rl.show_every=0", "parallel.data=" + ranks, "output=" + folder.resolve("run" + ranks)));
        words.addAll(List.of(more));
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words.toArray(String[]::new)), () -> console.out() + console.err());
        return console;
    }

    /// Losses, rewards and other figures of each step that depend on no time.
    private List<String> figures(int ranks) throws Exception {
        List<String> figures = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("run" + ranks + "/metrics.jsonl"))) {
            JsonNode step = JsonMapper.shared().readTree(line);
            if (step.path("event").asString("").equals("step")) {
                StringBuilder all = new StringBuilder("loss " + step.path("loss") + ", norm "
                        + step.path("gradient_norm") + ", tokens " + step.path("tokens") + "\n");
                step.path("parts").properties().forEach(e -> all.append(e.getKey().matches(".*(second|ranks/).*") ? ""
                        : e.getKey() + " " + e.getValue() + "\n"));
                figures.add(all.toString());
            }
        }
        return figures;
    }

    /// Rollouts, rewards, updates and weights are those of one process, of current weights and of those before.
    @ParameterizedTest
    @ValueSource(strings = {"rl.lag=0", "rl.lag=1"})
    void ranksLearnAsOneProcess(String lag) throws Exception {
        for (int ranks = 1; ranks <= 3; ranks++) {
            train(ExitCode.OK, ranks, lag, "rl.kl=0.01");
            assertEquals(figures(1), figures(ranks));
            assertArrayEquals(Files.readAllBytes(folder.resolve("run1/model/model.safetensors")),
                    Files.readAllBytes(folder.resolve("run" + ranks + "/model/model.safetensors")));
        }
        assertEquals(4, figures(1).size());
        assertTrue(figures(1).getFirst().contains("reward/mean"), figures(1).toString());
    }

    /// Of three ranks, one or two update and the others generate rollouts by the weights that are pushed to them, with
    /// values and the coefficient of the KL penalty of that time.
    @ParameterizedTest
    @CsvSource({"rl.lag=0 rl.resampling=1,1", "rl.lag=2 rl.method=ppo rl.kl_target=0.01,2"})
    void ranksGenerateForOthers(String keys, int generating) throws Exception {
        String[] words = (keys + " rl.kl=0.01 steps=12 validate.every=6").split(" ");
        train(ExitCode.OK, 1, words);
        List<String> more = new ArrayList<>(List.of(words));
        more.addAll(List.of("parallel.rollout=" + generating, "output=" + folder.resolve("run3")));
        train(ExitCode.OK, 3 - generating, more.toArray(String[]::new));
        assertEquals(figures(1), figures(3));
        assertArrayEquals(Files.readAllBytes(folder.resolve("run1/model/model.safetensors")),
                Files.readAllBytes(folder.resolve("run3/model/model.safetensors")));
    }

    @Test
    void otherLayoutsAreErrors() {
        assertTrue(train(ExitCode.USAGE, 1, "parallel.context=2").err().contains("by parallel.data alone"));
    }
}
