package glia.reason.preference.run;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.reason.preference.ProcessRewardLoss;
import glia.reason.preference.Scored;
import glia.reason.preference.StepLabels;
import glia.tensor.autograd.Value;
import glia.train.data.HeldOut;
import glia.train.data.StepwiseData;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.TaskContext;
import glia.train.recipe.TaskRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// Runs of process reward models.
final class ProcessTask {
    private ProcessTask() { }

    static TaskRun open(TaskContext context) throws IOException {
        Recipe recipe = context.recipe();
        requireTwoClasses(context);
        int[] separator = context.tokenizer().encodePlain(recipe.get(PreferenceKeys.SEPARATOR), false);
        if (separator.length == 0) {
            throw recipe.error(PreferenceKeys.SEPARATOR, "has no token; expected a text such as a line break");
        }
        StepLabels.Options options = new StepLabels.Options(separator, context.context(),
                Math.toIntExact(recipe.find(PreferenceKeys.MAX_COMPLETION).orElse((long) Integer.MAX_VALUE)),
                recipe.get(PreferenceKeys.LAST_ONLY));
        int[] dropped = new int[1];
        Map<StepLabels, Object> prompts = new IdentityHashMap<>();
        Split<StepLabels> split = Split.read(context, files -> {
            List<StepLabels> labeled = new ArrayList<>();
            for (StepwiseData.Row row : StepwiseData.read(files, context.tokenizer()).rows()) {
                StepLabels solution = StepLabels.of(row.prompt(), row.steps(), row.isRight(), options);
                if (solution.isLabeled()) {
                    labeled.add(solution);
                    prompts.put(solution, HeldOut.prompt(row.prompt()));
                } else {
                    dropped[0]++;
                }
            }
            return labeled;
        }, prompts::get);
        long tokens = split.training().stream().mapToLong(s -> s.ids().length).sum();
        long right = split.training().stream().flatMapToInt(s -> Arrays.stream(s.labels())).filter(l -> l == 1)
                .count();
        long steps = split.training().stream().flatMapToInt(s -> Arrays.stream(s.labels()))
                .filter(l -> l != StepLabels.NONE).count();
        return new PreferenceTask(context, new StepSource(split.training(), split.trainingOrder(context)).training(),
                new StepSource(split.validation(), split.validationOrder(context)).ordered(),
                split.validationBatches(context), false, split.training().size(), tokens, Optional.empty(), Map.of(),
                List.of(split.training().size() + " solutions for training, " + right + " of " + steps
                        + " steps are right" + (dropped[0] == 0 ? "" : "; " + dropped[0]
                        + " solutions are longer than the context and have no label left"), split.sentence()));
    }

    private static void requireTwoClasses(TaskContext context) throws CheckpointException {
        int classes = context.model().spec().head().classes().orElseThrow().labels().size();
        if (classes != 2) {
            throw context.recipe().error(RecipeKeys.MODEL, "has a head of " + classes
                    + " classes; a process reward model has two, wrong and right");
        }
    }

    /// Micro-batches of solutions with labels of steps, for a process reward model.
    record StepSource(List<StepLabels> solutions, Split.ExampleOrder order) {
        /// Micro-batches of training.
        PreferenceObjective.PreferenceBatch.Source training() {
            return index -> new Batch(order.training(index));
        }

        /// Micro-batches of all solutions in their order.
        PreferenceObjective.PreferenceBatch.Source ordered() {
            return index -> new Batch(order.ordered(index));
        }

        private final class Batch implements PreferenceObjective.PreferenceBatch {
            private final TokenBatch tokens = new TokenBatch();

            /// Rows are the tokens with a label.
            Batch(int[] numbers) {
                IntStream.of(numbers).mapToObj(solutions::get).forEach(s -> {
                    float[] weights = new float[s.labels().length];
                    int[] targets = new int[weights.length];
                    Arrays.fill(targets, TokenBatch.NO_TARGET);
                    for (int i = 0; i < weights.length; i++) {
                        if (s.labels()[i] != StepLabels.NONE) {
                            weights[i] = 1;
                            targets[i] = s.labels()[i];
                        }
                    }
                    tokens.addTargets(s.ids(), targets, weights);
                });
            }

            @Override
            public TokenBatch tokens() {
                return tokens;
            }

            @Override
            public double weight() {
                return tokens.numRows();
            }

            @Override
            public void prepare(TrainingPass policy) { }

            @Override
            public Scored score(Predictions p) {
                Value scores = p.logits();
                int[] labels = p.batch().targets();
                return new Scored(ProcessRewardLoss.of(scores, labels), new double[0], new double[0],
                        Map.of("accuracy", ProcessRewardLoss.accuracy(scores, labels)));
            }
        }
    }
}
