package glia.reason.preference.run;

import glia.reason.preference.BcoLoss;
import glia.reason.preference.KtoLoss;
import glia.reason.preference.RunningMoments;
import glia.reason.preference.Scored;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.train.data.ExampleCounts;
import glia.train.data.HeldOut;
import glia.train.data.UnpairedData.Row;
import glia.train.data.UnpairedData;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.TaskContext;
import glia.train.recipe.TaskRun;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs on answers that are desirable or not.
final class UnpairedTask {
    private UnpairedTask() { }

    static TaskRun kto(TaskContext context, KtoLoss loss) throws IOException {
        if (loss.isAnchored() && context.sequences() < 2) {
            throw context.recipe().error(RecipeKeys.SEQUENCES, "is 1, but kto compares prompts with the answers of "
                    + "others in a micro-batch; expected 2 or more");
        }
        return open(context, loss.isAnchored(), (sums, in, isTraining) ->
                loss.of(sums, in.reference(), in.isDesirable(), in.kl()), Map.of());
    }

    static TaskRun bco(TaskContext context) throws IOException {
        Tensor state = Tensor.allocate(Arena.ofAuto(), DType.F32, 3);
        state.zero();
        BcoLoss loss = new BcoLoss(context.recipe().get(PreferenceKeys.BETA));
        RunningMoments moments = new RunningMoments(state);
        return open(context, false, (sums, in, isTraining) -> {
            Value rewards = loss.rewards(sums, in.reference());
            if (isTraining) {
                moments.add(rewards.numbers());
            }
            return loss.of(rewards, in.isDesirable(), in.weights(), moments.mean());
        }, Map.of("reward_moments", state));
    }

    /// @param takesMismatched whether the loss takes the mean log-ratio of mismatched completions, as KTO does
    private static TaskRun open(TaskContext context, boolean takesMismatched, UnpairedRule rule,
            Map<String, Tensor> state) throws IOException {
        Recipe recipe = context.recipe();
        List<ExampleCounts> counts = new ArrayList<>();
        Split<Row> split = Split.read(context, files -> {
            UnpairedData data = UnpairedData.read(files, context.template(), context.tokenizer(),
                    context.chatOptions());
            counts.add(data.counts());
            return data.rows();
        }, row -> HeldOut.prompt(row.answer()));
        if (takesMismatched && split.training().size() < 2) {
            throw recipe.error(RecipeKeys.TRAIN, "has one example for training, but kto compares prompts with the "
                    + "answers of others; expected 2 or more");
        }
        UnpairedData all = new UnpairedData(split.training(), counts.getFirst());
        PreferenceTask.Reference reference = new PreferenceTask.Reference(context.reference());
        float[] weights = ones(split.training().size());
        float[] validationWeights = ones(split.validation().size());
        // BCO alone has a state, and takes weights.
        if (!state.isEmpty() && recipe.get(PreferenceKeys.MATCH_PROMPTS)) {
            PromptClassifier prompts = PromptClassifier.fit(split.training(), reference, context.seed());
            prompts.weigh(split.training(), weights, recipe.get(PreferenceKeys.LEAST_RATIO),
                    recipe.get(PreferenceKeys.MOST_RATIO));
            prompts.weigh(split.validation(), validationWeights, recipe.get(PreferenceKeys.LEAST_RATIO),
                    recipe.get(PreferenceKeys.MOST_RATIO));
        }
        UnpairedSource training = new UnpairedSource(split.training(), takesMismatched, rule, reference,
                weights, context.context());
        UnpairedSource validation = new UnpairedSource(split.validation(), takesMismatched, rule, reference,
                validationWeights, context.context());
        if (recipe.get(PreferenceKeys.PRECOMPUTE)) {
            training.sums.compute(split.trainingOrder(context));
            validation.sums.compute(split.validationOrder(context));
            if (!takesMismatched) {
                reference.close();
            }
        }
        return new PreferenceTask(context,
                split.trainingOrder(context).training(numbers -> training.batch(numbers, true)),
                split.validationOrder(context).ordered(numbers -> validation.batch(numbers, false)),
                split.validationBatches(context), false, split.training().size(), all.numTokens(),
                Optional.of(reference), state,
                List.of(counts.getFirst().sentence("answers") + ", " + all.numDesirable() + " of "
                        + all.numExamples() + " for training are desirable", split.sentence()));
    }

    private static float[] ones(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    /// A loss of completions that are desirable or not.
    @FunctionalInterface
    interface UnpairedRule {
        /// The loss of a batch.
        ///
        /// @param sums log-probabilities of completions
        /// @param inputs what else it takes
        /// @param isTraining whether running means take the batch into account
        Scored score(Value sums, Inputs inputs, boolean isTraining);

        /// @param reference log-probabilities under the reference model
        /// @param weights by completion
        /// @param kl the mean log-ratio of mismatched completions, if the loss takes it
        record Inputs(float[] reference, boolean[] isDesirable, float[] weights, double kl) { }
    }
}
