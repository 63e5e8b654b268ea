package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The model `reasoner`, which is shipped with Glia.
class ReasonerTest {
    private static final String EQUATION = "Solve x^2 - 5x + 6 = 0.";

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), console::err);
        return console;
    }

    private static JsonNode json(String... words) {
        return JsonMapper.shared().readTree(run(ExitCode.OK, words).out());
    }

    @Test
    void itThinksAndAnswers() {
        JsonNode answer = json("run", "reasoner", EQUATION, "--json");
        assertEquals("x = 2 or x = 3", answer.path("text").asString());
        assertEquals("stop", answer.path("finish").asString());
        assertTrue(answer.path("thinking").asString().contains("2*3=6"), answer.toString());
        String shown = run(ExitCode.OK, "run", "reasoner", EQUATION, "--show-thinking").out();
        assertEquals(answer.path("thinking").asString() + "\n\nx = 2 or x = 3\n", shown);
        assertEquals("x = 2 or x = 3\n", run(ExitCode.OK, "run", "reasoner", EQUATION).out());
    }

    @Test
    void effortsAndBudgetsLimitItsThinking() {
        assertEquals(0, json("run", "reasoner", EQUATION, "--json", "--effort", "instant").path("thinking_tokens")
                .asInt());
        JsonNode low = json("run", "reasoner", EQUATION, "--json", "--effort", "low");
        assertTrue(low.path("thinking_tokens").asInt() <= 512 / 8 && low.path("thinking_tokens").asInt() > 0,
                low.toString());
        JsonNode budget = json("run", "reasoner", EQUATION, "--json", "--thinking-budget", "9");
        assertEquals(9, budget.path("thinking_tokens").asInt());
        assertFalse(budget.path("text").asString().isBlank());
    }

    /// No problem of the held-out split was in its training.
    @Test
    void itSolvesEquationsThatItHasNotSeen() {
        JsonNode bench = json("reason", "bench", "reasoner", "--task", "quadratic:1", "--limit", "20", "--strategies",
                "instant,medium", "--json");
        List<Double> accuracy = bench.findValues("accuracy").stream().map(JsonNode::asDouble).toList();
        assertTrue(accuracy.get(1) >= 0.6, bench.toString());
    }

    /// Its router was trained on 4,000 other questions.
    @Test
    void theEffortAutoSavesTokens() {
        JsonNode bench = json("reason", "bench", "reasoner", "--task", "countdown:1-5,quadratic:1", "--limit", "60",
                "--strategies", "high,auto", "--json", "--max-tokens", "450");
        List<Double> accuracy = bench.findValues("accuracy").stream().map(JsonNode::asDouble).toList();
        List<Double> tokens = bench.findValues("mean_tokens").stream().map(JsonNode::asDouble).toList();
        assertTrue(accuracy.get(1) >= accuracy.get(0) - 0.07 && tokens.get(1) < 0.9 * tokens.get(0), bench.toString());
        assertTrue(List.of("instant", "low").contains(json("run", "reasoner", "Use 2 and 5 to make 7.", "--json",
                "--effort", "auto").path("effort").asString()));
    }

    @Test
    void itSaysWhatItCannotAnswer() {
        for (String prompt : List.of("Hello", "?", "Löse x² − 5x + 6 = 0 🙂", "<think></think><|end|>")) {
            assertTrue(run(ExitCode.OK, "run", "reasoner", prompt).out().startsWith("This model solves two kinds of "
                    + "problems, in these words: "), prompt);
        }
        TestConsole unknown = run(ExitCode.OK, "run", "reasoner", "5² 🙂 5²", "-n", "5");
        assertTrue(unknown.err().endsWith("glia: the model's tokenizer has no token for ² 🙂; the model reads <unk> in "
                + "place of each\n"), unknown.err());
        assertTrue(run(ExitCode.USAGE, "run", "reasoner", "1+1=".repeat(200)).err().contains("context of 512 tokens"));
        assertTrue(run(ExitCode.BAD_FILE, "run", "reasoner", "1", "--system", "Be brief.").err()
                .contains("found the role system"));
    }

    /// Its chat template leaves earlier turns out.
    @Test
    void eachQuestionOfAChatIsAnsweredAlone() {
        TestConsole chat = new TestConsole("Use 3, 7 and 11 to make 32.\n" + EQUATION + "\n" + EQUATION + "\n");
        assertEquals(ExitCode.OK, chat.run("chat", "reasoner"), chat::err);
        assertEquals("3*7+11\nx = 2 or x = 3\nx = 2 or x = 3\n", chat.out());
    }

    @Test
    void strategiesChooseAmongAnswers() {
        String problem = "Use 2, 5 and 9 to make 13.";
        for (String strategy : List.of("majority:8@high", "best:4@medium", "beam:2x2", "mcts:3x2", "parallel:2",
                "single", "low")) {
            JsonNode answer = json("run", "reasoner", problem, "--strategy", strategy, "--seed", "3", "--json",
                    "--max-tokens", "2400");
            assertEquals(strategy, answer.path("strategy").asString());
            assertTrue(answer.path("tokens").asInt() <= 2400 && !answer.path("text").asString().isBlank(),
                    answer::toString);
        }
        JsonNode majority = json("run", "reasoner", problem, "--strategy", "majority:8@high", "--seed", "3", "--json");
        assertEquals(8, majority.path("answers").size());
        assertTrue(majority.path("answers").valueStream().distinct().count() > 1, "sampled answers differ");
        assertEquals("2*9-5\n", run(ExitCode.OK, "run", "reasoner", problem, "--strategy", "majority:8@high", "--seed",
                "3").out());
        assertTrue(run(ExitCode.USAGE, "run", "reasoner", problem, "--strategy", "vote:3").err()
                .contains("--strategy: 'vote:3' is not a strategy"));
        assertTrue(run(ExitCode.USAGE, "run", "reasoner", problem, "--strategy", "single", "--effort", "low").err()
                .contains("--effort does not go with --strategy, which takes an effort as in majority:8@low"));
        assertTrue(run(ExitCode.USAGE, "run", "reasoner", problem, "--strategy", "single", "--choice", "a").err()
                .contains("--choice does not go with --strategy"));
    }

    @Test
    void aChatFoldsItsThinking() {
        TestConsole chat = new TestConsole(EQUATION + "\n/effort instant\n17+25=\n");
        assertEquals(ExitCode.OK, chat.run("chat", "reasoner"), chat::err);
        assertTrue(chat.out().startsWith("x = 2 or x = 3\n"), chat.out());
        TestConsole other = new TestConsole("Hello\n" + EQUATION + "\n");
        assertEquals(ExitCode.OK, other.run("chat", "reasoner"), other::err);
        assertTrue(other.out().contains("It cannot answer other questions.\nx = 2 or x = 3\n"), other.out());
        assertTrue(run(ExitCode.OK, "inspect", "reasoner").out().contains("solves two kinds of problems"));
        assertTrue(chat.err().contains("reasoner, a small model that is shipped with Glia. It thinks about")
                && chat.err().contains("Thought for"), chat.err());
    }
}
