package glia.reason.preference;

import glia.engine.LanguageModel;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.tensor.Tensor;
import glia.train.data.StepwiseData;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A trained process reward model: the probability of each step of a solution being right.
///
/// ```java
/// try (var model = LanguageModel.load(Path.of("runs/prm/model")); var steps = new ProcessRewardModel(model, "\n")) {
///     double[] right = steps.probabilities("2 + 3 * 4?", List.of("3 * 4 = 12.", "2 + 12 = 15."));
/// }
/// ```
/// For one thread, the model's.
public final class ProcessRewardModel implements AutoCloseable {
    private static final int NUM_CLASSES = 2;

    private final LanguageModel model;
    private final TrainingPass pass;
    private final String separator;
    private final int[] separatorIds;

    /// @param model with a head of two classes, wrong and right; the caller closes it
    /// @param separator the text after each step in training
    /// @throws IllegalArgumentException if the model has another head, or the separator no token
    public ProcessRewardModel(LanguageModel model, String separator) {
        int classes = model.model().spec().head().classes().map(c -> c.labels().size()).orElse(0);
        if (classes != NUM_CLASSES) {
            throw new IllegalArgumentException("the process reward model: found a head of " + classes
                    + " classes, expected two, wrong and right, as task: prm trains it");
        }
        this.model = model;
        this.separator = separator;
        separatorIds = model.tokenizer().encodePlain(separator, false);
        if (separatorIds.length == 0) {
            throw new IllegalArgumentException("the separator of steps has no token");
        }
        pass = TrainingPass.of(model, TrainingOptions.defaults().withTrainable(w -> false));
    }

    /// The probability of each step being right, given those before it.
    ///
    /// @throws IllegalArgumentException if there is no step, or all have more tokens than the context
    public double[] probabilities(String prompt, List<String> steps) {
        List<int[]> encoded = steps.stream().map(s -> model.tokenizer().encodePlain(s, false)).toList();
        StepLabels labels = StepLabels.of(StepwiseData.prompt(model.tokenizer(), prompt), encoded,
                new boolean[steps.size()], new StepLabels.Options(separatorIds, Integer.MAX_VALUE, Integer.MAX_VALUE,
                false));
        if (labels.ids().length > model.contextLength()) {
            throw new IllegalArgumentException("the solution has " + labels.ids().length + " tokens; the model reads "
                    + model.contextLength());
        }
        float[] weights = new float[labels.labels().length];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = labels.labels()[i] == StepLabels.NONE ? 0 : 1;
        }
        double[] probabilities = new double[steps.size()];
        pass.evaluate(new TokenBatch().addTargets(labels.ids(), new int[weights.length], weights), p -> {
            Tensor scores = p.logits().tensor();
            for (int i = 0; i < probabilities.length; i++) {
                probabilities[i] = ScalarLoss.sigmoid(scores.get(2L * i + 1) - scores.get(2L * i));
            }
            return p.constant(0);
        });
        return probabilities;
    }

    /// The least probability of a solution's steps, which are separated by the separator; the usual score of a whole
    /// solution (https://arxiv.org/abs/2305.20050). 0 if it has no step.
    public double least(String prompt, String solution) {
        List<String> steps = Stream.of(solution.split(Pattern.quote(separator))).filter(s -> !s.isBlank()).toList();
        return steps.isEmpty() ? 0 : Arrays.stream(probabilities(prompt, steps)).min().orElseThrow();
    }

    @Override
    public void close() {
        pass.close();
    }
}
