package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.Loss;
import glia.io.yaml.YamlDocument;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.model.spec.ModelSpec;
import glia.train.run.Objective;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Steps, warm-up and learning rate follow the data and the model where the recipe does not say them.
class RunPlanTest {
    /// Rows of data, two of them an update.
    private record Rows(long rowsInEpoch) implements TaskRun {
        @Override
        public Objective objective(UnaryOperator<Loss> change) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long rowsOfUpdate() {
            return 2;
        }

        @Override
        public long tokensInEpoch() {
            return 100 * rowsInEpoch;
        }

        @Override
        public void close() { }
    }

    private static RunPlan plan(String yaml, long rows) throws Exception {
        try (Model model = FreshModel.create(NewModels.config("llama", Map.of("hidden", 32, "layers", 1, "heads", 2,
                "context", 16)).with("vocab_size", 20), 3)) {
            ModelSpec spec = model.spec();
            return RunPlan.of(Recipe.of(YamlDocument.parse(Path.of("r.yaml"), yaml), List.of()), new Rows(rows), spec,
                    1);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "task: sft | 16 | 100 | 5 | 3.95e-4 | 10 | 3",
        "task: sft | 4 | 30 | 1 | 3.95e-4 | 5 | 3",
        "task: sft | 2000 | 3000 | 100 | 2.28e-4 | 250 | 3",
        "{task: sft, adapter: {kind: lora}} | 16 | 100 | 5 | 3.95e-3 | 10 | 3",
        "{task: sft, model: {new: {family: llama}}} | 16 | 100 | 5 | 1e-3 | 10 | 3",
        "task: pretrain | 20 | 200 | 10 | 3.95e-4 | 20 | 3",
        "{task: sft, epochs: 2} | 16 | 16 | 0 | 3.95e-4 | 5 | 0",
        "{steps: 40, schedule: {warmup: 7}, optimizer: {learning_rate: 0.5}} | 16 | 40 | 7 | 0.5 | 5 | 0"})
    void defaultsFollowTheData(String yaml, long rows, long steps, long warmup, double rate, long every,
            long patience) throws Exception {
        RunPlan plan = plan(yaml, rows);
        assertEquals(steps, plan.steps());
        assertEquals(warmup, plan.warmup());
        assertEquals(rate, plan.learningRate(), rate / 100);
        assertEquals(every, plan.validateEvery());
        assertEquals(patience, plan.patience());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{steps: 20, schedule: {warmup: 20}} | all 20 steps are warm-up",
        "{steps: 20, optimizer: {learning_rate: 0}} | optimizer.learning_rate is 0",
        "{steps: 5} | 5 steps are few",
        "{steps: 20} | ''"})
    void runsThatCannotLearnAreWarnedOf(String yaml, String warning) throws Exception {
        List<String> notes = plan(yaml, 16).notes();
        assertTrue(warning.isEmpty() ? notes.isEmpty() : notes.size() == 1 && notes.getFirst().contains(warning),
                notes.toString());
    }
}
