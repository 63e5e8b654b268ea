package glia.reason.preference.run;

import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.reason.preference.CompletionLogProbs;
import glia.reason.preference.CpoLoss;
import glia.reason.preference.DpoLoss;
import glia.reason.preference.FDivergence;
import glia.reason.preference.KtoLoss;
import glia.reason.preference.OrpoLoss;
import glia.reason.preference.PreferenceLoss;
import glia.reason.preference.run.PreferenceObjective.PreferenceBatch;
import glia.reason.preference.run.PreferenceTask.Reference;
import glia.reason.preference.run.Split.ReferenceNumbers;
import glia.train.data.ExampleCounts;
import glia.train.data.HeldOut;
import glia.train.data.MaskedTokens;
import glia.train.data.PreferenceData.Pair;
import glia.train.data.PreferenceData;
import glia.train.recipe.KeyConditions.KeyCondition;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeExtension;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.ShippedRecipes.Shipped;
import glia.train.recipe.TaskContext;
import glia.train.recipe.TaskRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Tasks of recipes that train on preferences.
public final class PreferenceRecipes implements RecipeExtension {
    private static final String PROCESS = "prm";
    private static final String ANSWERS = "answers";

    public PreferenceRecipes() { }

    @Override
    public Map<String, String> tasks() {
        Map<String, String> tasks = new LinkedHashMap<>();
        tasks.put("dpo", "direct preference optimization on pairs");
        tasks.put("kto", "desirable and undesirable answers");
        tasks.put("bco", "binary classifier optimization of such answers");
        tasks.put("cpo", "pairs without a reference model, SimPO included");
        tasks.put("orpo", "fine-tuning and pairs in one");
        tasks.put(PROCESS, "process reward model from steps");
        return tasks;
    }

    @Override
    public List<RecipeKey<?>> keys() {
        return PreferenceKeys.all();
    }

    @Override
    public List<KeyCondition> conditions() {
        return PreferenceKeys.conditions();
    }

    @Override
    public List<Shipped> recipes() {
        return List.of(Shipped.read("dpo", PreferenceRecipes.class.getResourceAsStream(
                "/glia/reason/recipes/dpo.yaml")));
    }

    @Override
    public List<String> head(String task) {
        return task.equals(PROCESS) ? List.of("wrong", "right") : List.of();
    }

    @Override
    public TaskRun open(String task, TaskContext context) throws IOException {
        Recipe recipe = context.recipe();
        try {
            return switch (task) {
                case "dpo" -> pairs(context, dpo(recipe));
                case "cpo" -> pairs(context, cpo(recipe));
                case "orpo" -> pairs(context, new OrpoLoss(recipe.get(PreferenceKeys.BETA)));
                case "kto" -> UnpairedTask.kto(context, kto(recipe));
                case "bco" -> UnpairedTask.bco(context);
                case PROCESS -> ProcessTask.open(context);
                default -> throw new IllegalArgumentException("an unknown task " + task);
            };
        } catch (IllegalArgumentException e) {
            throw recipe.error(PreferenceKeys.LOSS, "does not fit, or a key beside it: found " + e.getMessage());
        }
    }

    // ---- losses --------------------------------------------------------------------------------------------------

    private static DpoLoss dpo(Recipe recipe) throws CheckpointException {
        double beta = recipe.get(PreferenceKeys.BETA);
        double[] weights = recipe.find(PreferenceKeys.LOSS_WEIGHTS).orElse(List.of()).stream()
                .mapToDouble(Double::doubleValue).toArray();
        return new DpoLoss(DpoLoss.named(recipe.find(PreferenceKeys.LOSS).orElse(List.of("sigmoid")), weights, beta,
                recipe.get(PreferenceKeys.SMOOTHING), recipe.get(PreferenceKeys.DISCOPOP)), beta,
                FDivergence.named(recipe.get(PreferenceKeys.DIVERGENCE), recipe.get(PreferenceKeys.DIVERGENCE_ALPHA)),
                recipe.get(PreferenceKeys.TAIL), recipe.get(PreferenceKeys.WEIGHTED));
    }

    private static CpoLoss cpo(Recipe recipe) throws CheckpointException {
        String name = single(recipe, "sigmoid");
        double crossEntropy = recipe.find(PreferenceKeys.CROSS_ENTROPY).orElse(name.equals("simpo") ? 0.0 : 1.0);
        return CpoLoss.named(name, recipe.get(PreferenceKeys.BETA), recipe.get(PreferenceKeys.SMOOTHING),
                recipe.get(PreferenceKeys.MARGIN), recipe.get(PreferenceKeys.ALPHA), crossEntropy);
    }

    private static KtoLoss kto(Recipe recipe) throws CheckpointException {
        return new KtoLoss(recipe.get(PreferenceKeys.BETA), recipe.get(PreferenceKeys.DESIRABLE),
                recipe.get(PreferenceKeys.UNDESIRABLE), KtoLoss.isAnchored(single(recipe, "kto")));
    }

    private static String single(Recipe recipe, String ifAbsent) throws CheckpointException {
        List<String> names = recipe.find(PreferenceKeys.LOSS).orElse(List.of(ifAbsent));
        if (names.size() != 1) {
            throw new IllegalArgumentException("the losses " + names + ", expected one; several are for task: dpo");
        }
        return names.getFirst();
    }

    // ---- pairs ---------------------------------------------------------------------------------------------------

    private static TaskRun pairs(TaskContext context, PreferenceLoss loss) throws IOException {
        List<ExampleCounts> counts = new ArrayList<>();
        Split<PreferenceData.Pair> split = Split.read(context, files -> {
            PreferenceData data = PreferenceData.read(files, context.template(), context.tokenizer(),
                    context.chatOptions());
            counts.add(data.counts());
            return data.pairs();
        }, pair -> HeldOut.prompt(pair.chosen()));
        Optional<Reference> reference = !loss.takesReference() ? Optional.empty()
                : Optional.of(new Reference(context.reference()));
        Pairs training = new Pairs(split.training(), loss, reference);
        Pairs validation = new Pairs(split.validation(), loss, reference);
        if (reference.isPresent() && context.recipe().get(PreferenceKeys.PRECOMPUTE)) {
            training.sums.compute(split.trainingOrder(context));
            validation.sums.compute(split.validationOrder(context));
            reference.get().close();
        }
        return new PreferenceTask(context, split.trainingOrder(context).training(training::batch),
                split.validationOrder(context).ordered(validation::batch), split.validationBatches(context), true,
                split.training().size(), new PreferenceData(split.training(), counts.getFirst()).numTokens(), reference,
                Map.of(), List.of(counts.getFirst().sentence(ANSWERS).replace(ANSWERS, "pairs"), split.sentence()));
    }

    /// Micro-batches of pairs.
    private static final class Pairs {
        private final List<Pair> pairs;
        private final PreferenceLoss loss;
        private final Optional<Reference> reference;
        private final ReferenceNumbers sums = new ReferenceNumbers(this::live);

        /// @param reference for a loss that takes one
        Pairs(List<Pair> pairs, PreferenceLoss loss, Optional<Reference> reference) {
            this.pairs = pairs;
            this.loss = loss;
            this.reference = reference;
        }

        PreferenceBatch batch(int... numbers) {
            Rows rows = Rows.of(IntStream.of(numbers).mapToObj(pairs::get).toList(), loss.trainsPrompts());
            return new PreferenceBatch(rows.tokens, numbers.length, policy -> {
                float[] ofReference = loss.takesReference() ? sums.of(numbers) : new float[0];
                return p -> loss.of(CompletionLogProbs.of(p, rows.completion, loss.weighted()), ofReference);
            });
        }

        /// The log-probabilities of the chosen and then of the rejected completions under the reference model.
        private float[] live(int... numbers) {
            Rows rows = Rows.of(IntStream.of(numbers).mapToObj(pairs::get).toList(), loss.trainsPrompts());
            return reference.orElseThrow().of(rows.tokens,
                    p -> ((DpoLoss) loss).sums(CompletionLogProbs.of(p, rows.completion, false)));
        }
    }

    /// N chosen and then N rejected sequences.
    ///
    /// @param completion 1 for each row of a completion, 0 for others
    private record Rows(TokenBatch tokens, float[] completion) {
        /// @param trainsPrompts whether tokens of chosen prompts are rows
        static Rows of(List<Pair> pairs, boolean trainsPrompts) {
            List<MaskedTokens> sequences = Stream.concat(pairs.stream().map(Pair::chosen),
                    pairs.stream().map(Pair::rejected)).toList();
            TokenBatch tokens = new TokenBatch();
            for (int i = 0; i < sequences.size(); i++) {
                if (trainsPrompts && i < pairs.size()) {
                    tokens.add(sequences.get(i).input());
                } else {
                    tokens.add(sequences.get(i).input(), sequences.get(i).weights());
                }
            }
            float[] completion = new float[tokens.numRows()];
            int row = 0;
            for (int i = 0; i < sequences.size(); i++) {
                float[] weights = sequences.get(i).weights();
                boolean areAllRows = trainsPrompts && i < pairs.size();
                for (int t = 1; t < weights.length; t++) {
                    if (areAllRows || weights[t] != 0) {
                        completion[row++] = weights[t];
                    }
                }
            }
            return new Rows(tokens, completion);
        }
    }
}
