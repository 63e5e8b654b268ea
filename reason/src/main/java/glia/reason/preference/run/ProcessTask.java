package glia.reason.preference.run;

import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.reason.preference.ProcessRewardLoss;
import glia.reason.preference.Scored;
import glia.reason.preference.StepLabels;
import glia.reason.preference.run.PreferenceObjective.PreferenceBatch;
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
        return new PreferenceTask(context,
                split.trainingOrder(context).training(numbers -> batch(split.training(), numbers)),
                split.validationOrder(context).ordered(numbers -> batch(split.validation(), numbers)),
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

    /// Solutions with labels of steps, for a process reward model: rows are the tokens with a label.
    private static PreferenceBatch batch(List<StepLabels> solutions, int... numbers) {
        TokenBatch tokens = new TokenBatch();
        for (int number : numbers) {
            int[] labels = solutions.get(number).labels();
            float[] weights = new float[labels.length];
            int[] targets = new int[labels.length];
            for (int i = 0; i < labels.length; i++) {
                weights[i] = labels[i] == StepLabels.NONE ? 0 : 1;
                targets[i] = labels[i] == StepLabels.NONE ? TokenBatch.NO_TARGET : labels[i];
            }
            tokens.addTargets(solutions.get(number).ids(), targets, weights);
        }
        return new PreferenceBatch(tokens, tokens.numRows(), policy -> p -> {
            Value scores = p.logits();
            int[] labels = p.batch().targets();
            return new Scored(ProcessRewardLoss.of(scores, labels), new double[0], new double[0],
                    Map.of("accuracy", ProcessRewardLoss.accuracy(scores, labels)));
        });
    }
}
